"""A word of the command line that is no number is told as such."""

import pytest

from orbital.cli import pool_plot, rewind, serve


@pytest.mark.parametrize("text", ["abc", "1.5", "1_000", "", "\u0663", "9" * 5000])
def test_what_is_no_whole_number_is_told_in_a_sentence(text, capsys):
    with pytest.raises(SystemExit) as ended:
        serve.main(["indexer", "--chain", text])
    assert ended.value.code == 2
    assert f"argument --chain: {text!r} is no whole number\n" in capsys.readouterr().err


def test_a_negative_number_is_a_number_and_no_option(capsys):
    with pytest.raises(SystemExit):
        rewind.main(["--chain", "x", "--to", "-3"])
    assert capsys.readouterr().err.endswith("argument --chain: 'x' is no whole number\n")


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [("--ticks", "a", "'a' are no prices: 0.99,0.95"), ("--pair", "0", "'0' is no pair of tokens: 0,1")],
)
def test_what_a_picture_can_not_be_of_is_told_without_the_codes_names(option, text, said, capsys):
    with pytest.raises(SystemExit):
        pool_plot.main([option, text])
    assert capsys.readouterr().err.endswith(f"argument {option}: {said}\n")
