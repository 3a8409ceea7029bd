"""An old database never meets a new chain, nor a new database an old one: they go on together or start over together.

Each embedded cluster and each chain carries the same generation, a random id made when they begin together; the cluster
also lists the chains that it has met. A chain goes on only from a whole saved state of its own generation. A chain that
the database has never met may join. Whatever else is found (a chain killed before it saved, a torn state, a cluster of
another PostgreSQL version, a folder copied from elsewhere) means starting over, with the reason to tell.

When the starter is killed, all end in the same moment and the database may have seen one block that the chain did not
save: at the next start that is a reorg of one block, which the indexer knows how to follow.

With a database from outside (`home=None`) only the chains are judged; that database's own checkpoints, bound to chain
id and genesis hash, refuse a chain they don't know, and a chain that starts over has a new genesis.
"""

import collections.abc
import dataclasses
import json
import pathlib
import uuid

from orbital.devnet import anvil, postgres, secret, settings
from orbital.domain import errors

RECORD = "generation.json"


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is None when chains and database may go on (or begin), else a sentence for the person who starts."""

    generation: str | None
    reason: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class _Record:
    generation: str
    chain_ids: tuple[int, ...]


def judge(chains: collections.abc.Sequence[settings.AnvilSettings], home: pathlib.Path | None) -> Verdict:
    """Decide, from files only and inside `datadir.hold`, whether the saved parts belong together.

    `home` is `postgres.find_home(...)`. A verdict without generation and without reason: there is nothing yet.
    """
    saved = {chain.chain_id: anvil.inspect(chain) for chain in chains}
    records = {chain.chain_id: _read(_chain_record(chain)) for chain in chains}
    owner = _read(home / RECORD) if home is not None else _first(records.values())
    if owner is None:
        started = [chain_id for chain_id, state in saved.items() if state is not anvil.Saved.NOTHING]
        reason = f"the database has never met the saved chains {started}" if started else None
        return Verdict(None, reason)
    for chain_id, state in saved.items():
        fault = _find_fault(owner, chain_id, state, records[chain_id])
        if fault is not None:
            return Verdict(owner.generation, fault)
    return Verdict(owner.generation, None)


def start_over(
    chains: collections.abc.Sequence[settings.AnvilSettings], database: settings.PostgresSettings | None
) -> None:
    """Forget all chains below the chains' folders and, if it is embedded, the database of every version.

    Nothing of this data directory may be running; leftovers are ended.
    """
    for data_dir in {chain.data_dir for chain in chains}:
        anvil.remove(data_dir)
    if database is not None:
        postgres.remove(database.data_dir)


def mark(chains: collections.abc.Sequence[settings.AnvilSettings], home: pathlib.Path | None, verdict: Verdict) -> str:
    """Write one generation to the database's home and all chains, a new one where there was none; returns it.

    Call it after `judge` (and `start_over`, then `judge` again), before anything is started.
    """
    if verdict.reason is not None:
        raise errors.Conflict("start_over_first", verdict.reason)
    generation = verdict.generation or uuid.uuid4().hex
    chain_ids = {chain.chain_id for chain in chains}
    if home is not None:
        before = _read(home / RECORD)
        _write(home / RECORD, _Record(generation, tuple(sorted(chain_ids.union(before.chain_ids if before else ())))))
    for chain in chains:
        _write(_chain_record(chain), _Record(generation, (chain.chain_id,)))
    return generation


def _find_fault(owner: _Record, chain_id: int, state: anvil.Saved, record: _Record | None) -> str | None:
    if state in {anvil.Saved.LOST, anvil.Saved.TORN}:
        return f"chain {chain_id} {state.value}"
    if record is not None and record.generation != owner.generation:
        return f"chain {chain_id} belongs to another database"
    if record is None and (chain_id in owner.chain_ids or state is not anvil.Saved.NOTHING):
        return f"chain {chain_id} is not the one that the database knows"
    return None


def _first(records: collections.abc.Iterable[_Record | None]) -> _Record | None:
    return next((record for record in records if record is not None), None)


def _chain_record(chain: settings.AnvilSettings) -> pathlib.Path:
    return chain.data_dir.resolve() / str(chain.chain_id) / RECORD


def _read(path: pathlib.Path) -> _Record | None:
    if not path.exists():
        return None
    fields = json.loads(path.read_text(encoding="utf-8"))
    return _Record(str(fields["generation"]), tuple(int(chain_id) for chain_id in fields["chain_ids"]))


def _write(path: pathlib.Path, record: _Record) -> None:
    secret.write_private(path, json.dumps(dataclasses.asdict(record)) + "\n")
