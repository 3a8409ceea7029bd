"""What the pictures show is what the engine says."""

import math
import xml.etree.ElementTree as ET

import pytest

from orbital.app import plot_curve, plot_sphere, plots
from orbital.cli import pool_plot
from orbital.domain.errors import Rejected
from orbital.domain.orbital import prices, swap
from orbital.domain.orbital.tick import WAD

PRICES = (990_000, 950_000, 850_000, 700_000)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def pool():
    return plots.example(3, PRICES)


def test_both_pictures_are_well_formed_and_inside_their_frame(pool):
    for view in plots.View:
        root = ET.fromstring(plots.draw(pool, view, 0, 1))
        assert root.get("viewBox") == "0 0 800 600"
        for dot in root.iter(f"{SVG}circle"):
            assert 0 < float(dot.get("cx")) < 800
            assert 0 < float(dot.get("cy")) < 600


def test_a_point_of_the_curve_is_a_swap_and_the_price_it_leaves(pool):
    samples = plot_curve._walk(pool, 0, 1)
    for sample in (samples[3], samples[len(samples) // 2], samples[-1]):
        done = swap.quote_exact_in(pool, 0, 1, round(sample.sold * pool.real_reserves[0]))
        assert sample.price == pytest.approx(prices.price(done.after, 0, 1) / WAD, rel=1e-9)
        assert sample.price >= plot_curve.LOWEST


def test_the_price_falls_along_the_curve_and_every_crossing_is_on_it(pool):
    samples = plot_curve._walk(pool, 0, 1)
    assert [one.price for one in samples] == sorted((one.price for one in samples), reverse=True)
    assert [one.beyond for one in samples] == sorted(one.beyond for one in samples)
    assert {one.beyond for one in samples} == {0, 1, 2, 3}


def test_a_bend_is_found_to_a_thousandth_of_a_step(pool):
    samples = plot_curve._walk(pool, 0, 1)
    step = samples[-1].sold / plot_curve.POINTS
    for bend in (one for one, before in zip(samples[1:], samples[:-1], strict=True) if one.beyond > before.beyond):
        earlier = round((bend.sold - step / 500) * pool.real_reserves[0])
        after = swap.quote_exact_in(pool, 0, 1, earlier).after
        assert pool.ladder.count_boundary(after.total) < bend.beyond


def test_places_on_the_sphere_are_unit_vectors_in_the_ratio_of_the_prices(pool):
    state = swap.quote_exact_in(pool, 0, 1, pool.real_reserves[0] // 3).after
    place = plot_sphere._interior(state)
    assert math.hypot(*place) == pytest.approx(1, rel=1e-12)
    assert place[0] / place[1] == pytest.approx(prices.price(state, 0, 1) / WAD, rel=1e-9)
    beyond = dict(plot_sphere._beyond(state))
    assert len(beyond) == state.ladder.count_boundary(state.total) > 0
    for index, on_plane in beyond.items():
        tick = state.ladder.ticks[index]
        assert math.hypot(*on_plane) == pytest.approx(1, rel=1e-12)
        assert sum(on_plane) == pytest.approx(3 - tick.level / tick.radius, rel=1e-12)


def test_the_sphere_is_for_three_tokens():
    with pytest.raises(Rejected) as refused:
        plots.draw(plots.example(4, PRICES), plots.View.SPHERE, 0, 1)
    assert refused.value.code == "invalid_pool"


@pytest.mark.parametrize("tokens", [-3, 1, 10_001, 10**70])
def test_a_pool_of_too_few_or_too_many_tokens_is_refused(tokens, capsys):
    assert pool_plot.main(["--tokens", str(tokens)]) == 2
    assert capsys.readouterr().err == "orbital: invalid_pool: A pool has 2 to 10,000 tokens.\n"


def test_a_picture_says_how_many_of_its_ticks_are_named():
    many = plots.example(3, range(400_000, 950_000, 50_000))
    for view, named in ((plots.View.CURVE, 9), (plots.View.SPHERE, 10)):
        drawn = plots.draw(many, view, 0, 1)
        assert f"11 ticks, of which {named} are named" in drawn
        assert drawn.count("tick that ends at") == named


def test_a_case_of_no_file_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        pool_plot.main(["--case", "1"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("error: --case needs the file of --from\n")


def test_a_pair_that_is_none_is_refused(pool):
    with pytest.raises(Rejected) as refused:
        plots.draw(pool, plots.View.CURVE, 0, 7)
    assert refused.value.code == "invalid_token"


def test_the_kept_pictures_are_what_the_command_draws(tmp_path, pytestconfig):
    kept = pytestconfig.rootpath / "docs/img"
    for name, words in (
        ("price-curve.svg", ["curve", "--sold", "0"]),
        ("sphere.svg", ["sphere", "--ticks", "0.9,0.7,0.4,0.1"]),
    ):
        assert pool_plot.main([*words, "--out", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text() == (kept / name).read_text()
