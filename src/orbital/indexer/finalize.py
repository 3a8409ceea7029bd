"""Compares what is stored with what nodes say, once more, when it is final. Only what agrees is called final.

Block hashes are compared, and every fact in every field. The witness is asked first. Where it differs the follower's
own node is asked too: when that one says what is stored, the two contradict each other, and the range waits, counted,
until they agree. When it differs as well, and again at the next looks, what is stored was read from a lie or over a
gap: the follower is told to read it anew. A differing block hash never leads there, since it is either a reorg, which
the follower sees by itself, or a node of which nothing can be believed.

This happens while there is nothing to follow, in ranges, and stores how far it came; a reorg in between is found by
the hash of the block that ends a range.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from orbital.chain.rpc import Rpc
from orbital.domain import facts as f
from orbital.domain.errors import Corrupt, Unavailable
from orbital.domain.types import BlockNumber, Hash32
from orbital.indexer import apply, fetch, figures, match, wake
from orbital.indexer.subject import Progress, Subject
from orbital.observe import logging
from orbital.storage import chains, leases, pool

_STRIKES: Final = 3
"""Looks in a row at which all nodes say that what is stored is wrong, before it is read anew."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is indexed of a range: canonical hashes and the facts of logs in chain order."""

    first: BlockNumber
    last: BlockNumber
    hashes: dict[BlockNumber, Hash32]
    facts: list[f.Fact]


class Finalizer:
    """One leadership's work on finality; `run` never returns."""

    def __init__(self, subject: Subject, lease: leases.Lease, progress: Progress, signal: wake.Signal) -> None:
        self._subject, self._lease, self._progress, self._signal = subject, lease, progress, signal
        self._sources = subject.sources
        self._log = logging.get_logger("indexer").bind(chain_id=subject.chain_id)
        self._strikes = 0
        self._is_well = True

    async def run(self) -> None:
        """Verify for ever, through outages. Conflict `lease_lost` ends it."""
        while True:
            await asyncio.sleep(self._subject.settings.verify_seconds)
            try:
                while self._progress.is_at_head and await self._verify_next():
                    pass
            except Unavailable as error:  # the follower reports a chain or a database that is away
                self._log.debug("nothing verified", detail=error.detail)
            except Corrupt as error:  # of another chain, or nonsense: nothing is final on such words
                figures.MISMATCHES.labels(self._subject.label).inc()
                self._log.warning("nothing verified", detail=error.detail)

    async def _verify_next(self) -> bool:
        """Compare the next final range; whether there may be another one right away."""
        stored = await self._load()
        if stored is None:
            return False
        if not await self._is_confirmed(stored):
            return False
        self._strikes = 0
        if not self._is_well:
            self._log.info("final blocks agree again", last=stored.last)
        self._is_well = True
        subject, last = self._subject, stored.last
        if not await apply.apply_verified(subject.database, self._lease, subject.chain_id, last, stored.hashes[last]):
            return False
        figures.VERIFIED.labels(subject.label).set(last)
        return True

    async def _load(self) -> Stored | None:
        """What is stored of the next range that is final and not verified; None when there is none."""
        subject = self._subject
        async with pool.acquire(subject.database) as connection:
            checkpoint = await chains.find_checkpoint(connection, subject.chain_id)
            if checkpoint is None or checkpoint.number is None or checkpoint.heads is None:
                return None
            top = min(checkpoint.heads.finalized or 0, checkpoint.number)
            first = checkpoint.start_block if checkpoint.verified is None else BlockNumber(checkpoint.verified + 1)
            last = BlockNumber(min(top, first + subject.settings.batch_blocks - 1))
            if last < first:
                return None
            hashes = await chains.list_block_hashes(connection, subject.chain_id, first, last)
            facts = await chains.list_log_facts(connection, subject.chain_id, first, last)
        return Stored(first, last, hashes, facts) if len(hashes) == last - first + 1 else None

    async def _is_confirmed(self, stored: Stored) -> bool:
        """Whether the witness says what is stored; otherwise see what it means."""
        wrong = await self._first_wrong(self._subject.witness, stored)
        if wrong is None:
            return True
        figures.MISMATCHES.labels(self._subject.label).inc()
        own = await self._first_wrong(self._subject.rpc, stored)
        if self._is_well:
            self._log.warning("final blocks differ", block=wrong, does_our_node_agree=own is None)
        self._is_well = False
        if own is None or not await self._is_ours(stored, own):
            self._strikes = 0
            return False
        self._strikes += 1
        if self._strikes >= _STRIKES:
            self._strikes = 0
            self._progress.doubted = own
            self._signal.set()
        return False

    async def _first_wrong(self, rpc: Rpc, stored: Stored) -> BlockNumber | None:
        """The lowest block of the range of which a node says something else; None when it says all that is stored."""
        heads = await fetch.fetch_heads(rpc)
        if heads.latest.number < stored.last:
            raise Unavailable("chain_unavailable", f"The node is behind block {stored.last}, which is final.")
        fetched = await fetch.fetch_blocks(rpc, stored.first, stored.last, heads.latest, self._sources)
        if fetched is None:
            raise Unavailable("chain_unavailable", f"The node's blocks from {stored.first} on don't fit.")
        differing = [one.number for one in fetched.headers if stored.hashes[one.number] != one.hash]
        told = match.match_logs(self._subject.chain_id, self._sources, fetched.headers, fetched.logs).facts
        if told != stored.facts:
            differing += [
                fact.position.block_number
                for one, others in ((told, stored.facts), (stored.facts, told))
                for fact in one
                if fact not in others and fact.position is not None
            ]
        return min(differing, default=None)

    async def _is_ours(self, stored: Stored, number: BlockNumber) -> bool:
        """Whether our node has the stored block of this height, so that only what is in it differs."""
        (header,) = await fetch.fetch_headers(self._subject.rpc, range(number, number + 1))
        return header is not None and header.hash == stored.hashes[number]
