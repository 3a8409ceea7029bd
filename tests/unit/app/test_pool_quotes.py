"""`orbital pool quote` and `orbital pool plot --from`: what they print for good and bad files."""

import io
import json
import pathlib
from fractions import Fraction

import pytest

from orbital import __main__ as command

VECTORS = pathlib.Path(__file__).parents[2] / "data/orbital_vectors.json"
GOOD = {
    "n": 3,
    "ticks": [{"radius": 100, "k": "100.5"}],
    "reserves": ["42.3", "42.3", 42.3],
    "token_in": 0,
    "token_out": 1,
    "amount_in": "1.5000000000000000009",
    "a word of its own": None,
}


def answers_of(capsys, monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    status = command.main(["pool", "quote", "-"])
    return status, capsys.readouterr()


def test_every_vector_is_quoted_within_1e_15_and_not_above(capsys):
    assert command.main(["pool", "quote", str(VECTORS)]) == 0
    answers = json.loads(capsys.readouterr().out)
    vectors = json.loads(VECTORS.read_text())
    assert len(answers) == len(vectors) == 24
    for answer, vector in zip(answers, vectors, strict=True):
        exact = Fraction(vector["amount_out"]) * 10**18
        assert 0 <= exact - int(answer) < exact / 10**15


def test_an_input_that_was_never_open_is_told_in_a_line(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    assert command.main(["pool", "quote", "-"]) == 2
    assert capsys.readouterr().err == "orbital: unreadable_file: standard input: It is closed\n"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reserves": None}, "malformed"),
        ({"reserves": ["42", "NaN", "42"]}, "malformed"),
        ({"reserves": ["42", True, "42"]}, "malformed"),
        ({"reserves": ["42", "1e400", "42"]}, "malformed"),
        ({"reserves": ["42", "-1", "42"]}, "invalid_reserves"),
        ({"reserves": ["42", "1e20", "42"]}, "invalid_reserves"),
        ({"n": 4}, "invalid_pool"),
        ({"ticks": []}, "invalid_pool"),
        ({"ticks": [7]}, "malformed"),
        ({"ticks": [{"radius": 100, "k": "200"}]}, "invalid_plane"),
        ({"ticks": [{"radius": 100, "k": "0"}]}, "invalid_radius"),
        ({"token_in": 1}, "invalid_token"),
        ({"token_in": "0"}, "invalid_token"),
        ({"token_out": 3}, "invalid_token"),
        ({"amount_in": "0"}, "invalid_amount"),
        ({"amount_in": "-1"}, "invalid_amount"),
        ({"amount_in": None}, "malformed"),
        ({"amount_in": "\uff11\uff12"}, "malformed"),
        ({"amount_in": " 1 "}, "malformed"),
        ({"amount_in": "1_0"}, "malformed"),
        ({"amount_in": "1e15"}, "insufficient_liquidity"),
    ],
)
def test_a_bad_case_has_its_code_and_stops_no_other(capsys, monkeypatch, change, code):
    status, printed = answers_of(capsys, monkeypatch, json.dumps([GOOD | change, GOOD, 5]))
    bad, good, none = json.loads(printed.out)
    assert (status, bad, none) == (0, {"error": code}, {"error": "malformed"})
    assert int(good) > 10**18


@pytest.mark.parametrize("text", ["", "{}", "[", "7", '"x"', "[" * 100_000])
def test_a_file_that_is_no_list_is_refused(capsys, monkeypatch, text):
    status, printed = answers_of(capsys, monkeypatch, text)
    assert (status, printed.out) == (2, "")
    assert "malformed" in printed.err


def test_a_file_that_is_not_there_is_refused(capsys, tmp_path):
    path = tmp_path / "none.json"
    assert command.main(["pool", "quote", str(path)]) == 2
    assert capsys.readouterr().err == f"orbital: unreadable_file: {path}: No such file or directory\n"


def test_the_pool_of_a_case_can_be_drawn(capsys):
    assert command.main(["pool", "plot", "--from", str(VECTORS), "--case", "3"]) == 0
    assert capsys.readouterr().out.startswith("<svg")
    assert command.main(["pool", "plot", "--from", str(VECTORS), "--case", "24"]) == 2
    assert "malformed" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "status"), [([], 2), (["sell"], 2), (["--help"], 0)])
def test_pool_says_how_it_is_used(capsys, words, status):
    assert command.main(["pool", *words]) == status
    assert "orbital pool VERB" in "".join(capsys.readouterr())


@pytest.mark.parametrize("end", ["", "\\"])
def test_a_string_without_an_end_costs_one_look(capsys, monkeypatch, end):
    status, printed = answers_of(capsys, monkeypatch, '["' + '\\"' * 500_000 + end)
    assert status == 2
    assert "malformed" in printed.err


def test_a_picture_that_cannot_be_written_is_said(capsys, tmp_path):
    assert command.main(["pool", "plot", "--out", str(tmp_path / "none" / "x.svg")]) == 2
    assert "unwritable_file" in capsys.readouterr().err


@pytest.mark.parametrize("price", ["inf", "nan", "much"])
def test_a_tick_at_no_price_is_refused(price):
    with pytest.raises(SystemExit, match="2"):
        command.main(["pool", "plot", "--ticks", price])


def test_an_integer_of_too_many_digits_is_a_fault_of_its_case_alone(capsys, monkeypatch):
    text = json.dumps([GOOD]).replace("42.3]", "1" + "0" * 5_000 + "]")
    status, printed = answers_of(capsys, monkeypatch, text[:-1] + "," + json.dumps(GOOD) + "]")
    bad, good = json.loads(printed.out)
    assert (status, bad) == (0, {"error": "malformed"})
    assert int(good) > 10**18
