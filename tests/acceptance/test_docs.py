"""What the docs tell a reader to type does what they say."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import typing

ROOT = pathlib.Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"^make (\w+)", re.MULTILINE)
TIMEOUT_SECONDS = 120
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def start_example(page: str, devnet: dict[str, typing.Any]) -> subprocess.Popen[str]:
    (example,) = BLOCK.findall((ROOT / "docs" / page).read_text())
    origin, destination = (chain["rpc_url"] for chain in devnet["chains"])
    places = {"API_URL": devnet["api_url"], "ORIGIN_RPC_URL": origin, "DESTINATION_RPC_URL": destination}
    return subprocess.Popen(
        [sys.executable, "-u", "-c", example],
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_examples_of_a_solver_and_a_user_deliver_an_intent(start_up):
    devnet = start_up("--no-demo", environment={"AUCTION_WINDOW_MS": "6000"}).wait_ready()
    with contextlib.ExitStack() as stack:
        solver = stack.enter_context(start_example("solvers.md", devnet))
        stack.callback(solver.kill)
        assert solver.stdout.readline().startswith("bidding as 0x"), solver.communicate(timeout=TIMEOUT_SECONDS)
        user = stack.enter_context(start_example("integrators.md", devnet))
        stack.callback(user.kill)
        shown, _ = user.communicate(timeout=TIMEOUT_SECONDS)
        assert user.returncode == 0, shown
        assert " settled " in shown
        shown, _ = solver.communicate(timeout=TIMEOUT_SECONDS)
        assert solver.returncode == 0, shown
        assert " filled, reputation " in shown


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
