"""`orbital openapi`: print the HTTP contract, which needs no service to run."""

import argparse
import json
from collections.abc import Sequence

from orbital.api import asgi
from orbital.app import output


def main(arguments: Sequence[str]) -> int:
    """Print the document; returns the exit status."""
    parser = argparse.ArgumentParser(prog="orbital openapi", description="Print the HTTP contract (OpenAPI 3.1).")
    parser.parse_args(arguments)
    output.write(render())
    return 0


def render() -> str:
    """The document as it is kept in `docs/openapi.json`."""
    return json.dumps(asgi.build_contract(), indent=2, ensure_ascii=False) + "\n"
