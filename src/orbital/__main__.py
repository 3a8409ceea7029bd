"""The command `orbital`: picks the verb and loads only what that verb needs."""

import importlib
import signal
import sys
from collections.abc import Sequence
from typing import Final

from orbital.app import output

EXIT_INTERRUPTED: Final = 128 + signal.SIGINT
VERBS: Final = {
    "up": "the whole stack with local chains, until Ctrl-C",
    "demo": "intents through a fresh temporary stack, checked on chain",
    "serve": "one service: api, indexer, auctioneer, publisher or analytics",
    "solve": "the reference solver",
    "relay": "relayer and validator of the local message bridge",
    "migrate": "bring the database schema to this version",
    "rebuild": "recreate every projection from the ledger",
    "digest": "fingerprints of ledger and projections, for comparing databases",
    "rewind": "take a chain back to a block, so that its indexer reads it anew",
    "reindex": "index a chain again from what another database kept of it",
    "pool": "the Orbital AMM without a chain: quotes and pictures",
    "openapi": "print the HTTP contract",
    "config": "print the effective settings, or check them against the chains",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit status (2: the words were wrong). Ctrl-C ends it without a word."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        try:
            return _run(words)
        finally:
            output.flush()
    except output.Unwritable as failure:
        return output.give_up(failure)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _run(words: list[str]) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        output.write(_usage())
        return 0 if words else 2
    if words[0] in {"-V", "--version", "version"}:
        words[0] = "version"
    elif words[0] not in VERBS:
        sys.stderr.write(f"orbital: there is no verb {words[0]!r}\n\n{_usage()}")
        return 2
    verb = importlib.import_module(f"orbital.cli.{words[0]}")
    return int(verb.main(words[1:]))


def _usage() -> str:
    lines = "\n".join(f"  {verb:<8} {what}" for verb, what in VERBS.items())
    return f"usage: orbital VERB [options]\n\n{lines}\n\n`orbital VERB --help` says more.\n"


if __name__ == "__main__":
    sys.exit(main())
