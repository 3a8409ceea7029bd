"""Facts on their way into the ledger, with all that can be said of them before a transaction begins.

An indexer prepares its next batch while the database writes the last one, so that a transaction finds the lines to copy
and the states of new intents ready. Pure but for `prepare`, which lets others run now and then.
"""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from orbital.domain import evidence, lifecycle
from orbital.domain import facts as f
from orbital.domain.types import Hash32, IntentId
from orbital.storage import canonical, deadlines, projection, rows
from orbital.storage.canonical import Nonce

AT_ONCE: Final = 64
"""Facts that are worked on without a break: a fraction of a millisecond. Of intents it is a quarter."""


@dataclass(slots=True)
class Batch:
    """`told` has what these facts tell of each intent and of others' use of its nonce. `nonces` are claimed by these
    facts, `used` are used up. `kinds` are those of the events, `blocks` those of the facts (None: off chain). When it
    was prepared, `fact_rows` has what is copied; when also as the first, `states` has what each intent is if that is
    all of it, and `intent_lines` and `deadline_lines` have what is copied of that.
    """

    facts: Sequence[f.Fact]
    kinds: set[type] = field(default_factory=set)
    blocks: set[Hash32 | None] = field(default_factory=set)
    told: dict[IntentId, list[f.Fact]] = field(default_factory=dict)
    states: dict[IntentId, lifecycle.State] = field(default_factory=dict)
    nonces: set[Nonce] = field(default_factory=set)
    used: dict[Nonce, list[f.Fact]] = field(default_factory=dict)
    fact_rows: list[bytes] = field(default_factory=list)
    intent_lines: dict[IntentId, str] = field(default_factory=dict)
    deadline_lines: dict[IntentId, list[str]] = field(default_factory=dict)

    def is_sure(self, new_blocks: frozenset[Hash32]) -> bool:
        """Whether the ledger can't have any of these facts yet. Of one off chain that is known when it comes alone."""
        return self.blocks <= new_blocks or (len(self.facts) == 1 and self.facts[0].position is None)

    def split(self, new_blocks: frozenset[Hash32]) -> tuple[Sequence[f.Fact], Sequence[bytes], Sequence[f.Fact]]:
        """Facts of blocks that the ledger did not have, their rows when there are some, and the other facts."""
        if self.blocks <= new_blocks:
            return self.facts, self.fact_rows, ()
        is_new = [fact.position is not None and fact.position.block_hash in new_blocks for fact in self.facts]
        old = [fact for fact, new in zip(self.facts, is_new, strict=True) if not new]
        return [*itertools.compress(self.facts, is_new)], [*itertools.compress(self.fact_rows, is_new)], old


def gather(new: Sequence[f.Fact]) -> Batch:
    """Of a few facts, with nothing prepared."""
    batch = Batch(new)
    for _ in _sort(batch):
        pass
    return batch


async def prepare(new: Sequence[f.Fact], rules: evidence.Rules, *, as_first: bool = True) -> Batch:
    """Of many facts of chains, with what is copied; of the intents `as_first` if nobody told of most of them before."""
    batch = Batch(new)
    for steps in (_sort(batch), _write(batch), _fold(batch, rules) if as_first else ()):
        for _ in steps:
            await asyncio.sleep(0)
    return batch


def _sort(batch: Batch) -> Iterator[None]:
    claimants: dict[Nonce, list[IntentId]] = {}
    for at, fact in enumerate(batch.facts):
        intent_id, event, position, _ = fact
        batch.kinds.add(type(event))
        batch.blocks.add(position and position.block_hash)
        if intent_id is not None:
            batch.told.setdefault(intent_id, []).append(fact)
        if (nonce := canonical.nonce_of(fact)) is not None:
            batch.nonces.add(nonce)
            if position is not None:
                batch.used.setdefault(nonce, []).append(fact)
            if intent_id is not None:
                claimants.setdefault(nonce, []).append(intent_id)
        if at % AT_ONCE == 0:
            yield
    for nonce, takers in batch.used.items():
        for intent_id in claimants.get(nonce, ()):
            batch.told[intent_id] += [one for one in takers if one.intent_id != intent_id]


def _write(batch: Batch) -> Iterator[None]:
    for at, fact in enumerate(batch.facts):
        batch.fact_rows.append(rows.binary_of(fact))
        if at % AT_ONCE == 0:
            yield


def _fold(batch: Batch, rules: evidence.Rules) -> Iterator[None]:
    for at, (intent_id, told) in enumerate(batch.told.items()):
        state = lifecycle.fold(intent_id, told, rules)
        batch.states[intent_id] = state
        batch.intent_lines[intent_id] = projection.line_of(intent_id, state)
        batch.deadline_lines[intent_id] = deadlines.lines_of(intent_id, told, state)
        if at % (AT_ONCE // 4) == 0:
            yield
