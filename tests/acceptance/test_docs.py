"""What the docs tell a reader to type does what they say."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"^make (\w+)", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def test_the_integrators_example_settles_an_intent(start_up, tmp_path):
    (example,) = BLOCK.findall((ROOT / "docs" / "integrators.md").read_text())
    (tmp_path / "example.py").write_text(example)
    devnet = start_up("--no-demo").wait_ready()
    places = {"API_URL": devnet["api_url"], "ORIGIN_RPC_URL": devnet["chains"][0]["rpc_url"]}
    done = subprocess.run(
        [sys.executable, tmp_path / "example.py"],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert " settled " in done.stdout


def test_every_make_target_that_the_readme_names_exists():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = MAKE.findall((ROOT / "README.md").read_text())
    assert {"up", "test"} <= set(named) <= set(targets)


def test_links_between_documents_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    lost = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in LINK.findall(page.read_text())
        if not (page.parent / link).exists()
    ]
    assert lost == []
