"""Every figure that a process serves is in the operators' table with its labels, and nothing else is."""

import importlib
import pathlib
import pkgutil
import re

import prometheus_client

import orbital

DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "operations.md"
OF_ALL = ("chain_id",)


def served() -> dict[str, set[str]]:
    """Names as they are scraped, with the labels that differ within a chain."""
    for module in pkgutil.walk_packages(orbital.__path__, "orbital."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    collectors = set(prometheus_client.REGISTRY._names_to_collectors.values())
    return {
        one._name + "_total" * (one._type == "counter"): {*one._labelnames} - {*OF_ALL}
        for one in collectors
        if getattr(one, "_name", "").startswith("orbital_")
    }


def told() -> dict[str, set[str]]:
    """Rows whose first cell is names and nothing else."""
    rows = re.findall(r"^\| ((?:`orbital_\w+`(?:, )?)+) \| ([^|]*) \|", DOCUMENT.read_text(), re.MULTILINE)
    return {
        name: set(re.findall(r"`(\w+)`", labels)) for names, labels in rows for name in re.findall(r"`(\w+)`", names)
    }


def test_every_figure_is_told_with_its_labels() -> None:
    assert told() == served()
