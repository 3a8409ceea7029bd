"""The picture of the lifecycle in the docs is drawn from the code's own table."""

import pathlib

from orbital.domain import lifecycle

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "lifecycle.md"


def draw_table() -> str:
    rows = "\n".join(f"| {rank} | `{status}` | {words} |" for rank, status, words, _ in lifecycle.LIFECYCLE)
    return f"| rank | status | evidence |\n|---|---|---|\n{rows}\n"


def test_docs_show_the_table_that_the_code_uses():
    assert draw_table() in DOCUMENT.read_text()


def test_every_status_is_explained():
    text = DOCUMENT.read_text()
    assert [status for status in lifecycle.Status if f"`{status}`" not in text] == []
