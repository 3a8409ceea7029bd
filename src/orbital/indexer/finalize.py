"""Compares what is stored with what nodes say, once more, when it is final. Only what agrees is called final.

Block hashes are compared, and every fact in every field. A witness is asked first, best a node that told none of it.
When it differs, or confirms its own words, every node is heard: when most say what is stored it is final, and the
others are blamed. When most say that it is wrong, and again at the next looks, it was read from a lie or over a gap:
they are believed, and the follower is told to read it anew. While nodes differ and neither side has a majority the
range waits, and operators are told.

This happens while there is nothing to follow, in ranges, and stores how far it came; a reorg in between is found by
the hash of the block that ends a range. A range is as long as its facts allow, and shorter after a node was too slow.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from orbital.chain.rpc import Rpc, TimedOut
from orbital.domain import facts as f
from orbital.domain.errors import Corrupt, Unavailable
from orbital.domain.types import BlockNumber, Hash32
from orbital.indexer import apply, ballot, fetch, figures, match, wake
from orbital.indexer.ballot import Verdict, Voice
from orbital.indexer.subject import Progress, Subject
from orbital.observe import logging
from orbital.storage import chains, leases, pool

_GROWTH_BLOCKS: Final = 20
"""By how much a range grows again with each that agreed, after one had to be halved."""

_STRIKES: Final = 3
"""Looks in a row at which most nodes say that what is stored is wrong, before it is read anew."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is indexed of a range: canonical hashes and the facts of logs in chain order; and the dispute so far."""

    first: BlockNumber
    last: BlockNumber
    hashes: dict[BlockNumber, Hash32]
    facts: list[f.Fact]
    dispute: chains.Dispute | None


class Finalizer:
    """One leadership's work on finality; `run` never returns."""

    def __init__(self, subject: Subject, lease: leases.Lease, progress: Progress, signal: wake.Signal) -> None:
        self._subject, self._lease, self._progress, self._signal = subject, lease, progress, signal
        self._sources = subject.sources
        self._log = logging.get_logger("indexer").bind(chain_id=subject.chain_id)
        self._blocks = subject.settings.verify_blocks
        self._strikes = 0
        self._odd: set[str] = set()

    async def run(self) -> None:
        """Verify for ever, through outages. Conflict `lease_lost` ends it."""
        while True:
            await asyncio.sleep(self._subject.settings.verify_seconds)
            try:
                while self._progress.is_at_head and await self._verify_next():
                    pass
            except Unavailable as error:  # the follower reports a database that is away
                self._log.debug("nothing verified", detail=error.detail)

    async def _verify_next(self) -> bool:
        """Compare the next final range; whether there may be another one right away."""
        stored = await self._load()
        if stored is None or not await self._is_confirmed(stored):
            return False
        subject, last = self._subject, stored.last
        self._blocks = min(subject.settings.verify_blocks, self._blocks + _GROWTH_BLOCKS)
        self._strikes = 0
        if not await apply.apply_verified(subject.database, self._lease, subject.chain_id, last, stored.hashes[last]):
            return False
        if stored.dispute is not None:
            self._log.info("final blocks agree again", last=last)
        figures.IS_DISPUTED.labels(subject.label).set(0)
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
            last = BlockNumber(min(top, first + self._blocks - 1))
            if last < first:
                return None
            last = await chains.find_full(connection, subject.chain_id, first, last, subject.settings.batch_logs)
            hashes = await chains.list_block_hashes(connection, subject.chain_id, first, last)
            facts = await chains.list_log_facts(connection, subject.chain_id, first, last)
        return Stored(first, last, hashes, facts, checkpoint.dispute) if len(hashes) == last - first + 1 else None

    async def _is_confirmed(self, stored: Stored) -> bool:
        """Whether the witness says what is stored, or else most of all nodes."""
        told_by = {node for node, last in self._progress.told_by.items() if last >= stored.first}
        voice = await self._hear(self._subject.rpc.witness(told_by), stored)
        agrees = voice is not None and voice.wrong is None
        if voice is not None and agrees and (voice.node not in told_by or len(self._subject.rpc.each()) == 1):
            self._odd.discard(voice.node)
            return True
        if voice is not None and not agrees:
            figures.MISMATCHES.labels(self._subject.label).inc()
        result = await self._hear_all(stored)
        if result.verdict is Verdict.RIGHT or (agrees and result.dispute is None):
            return True
        self._strikes = self._strikes + 1 if result.verdict is Verdict.WRONG else 0
        await self._tell(stored, result.dispute)
        if self._strikes >= _STRIKES:
            self._strikes = 0
            self._progress.doubted = result.doubted
            self._signal.set()
        return False

    async def _hear_all(self, stored: Stored) -> ballot.Result:
        doors = self._subject.rpc.each()
        heard = await asyncio.gather(*(self._hear(door, stored) for door in doors))
        result = ballot.count([one for one in heard if one is not None], len(doors))
        for door, one in zip(doors, heard, strict=True):
            if one is not None:
                self._note(door, one, is_odd=one.node in result.outvoted)
        return result

    async def _hear(self, rpc: Rpc, stored: Stored) -> Voice | None:
        """What a node says of the range; None of one that is away, behind, or of another chain."""
        try:
            heads = await fetch.fetch_heads(rpc)
            node = rpc.answered_by or ""
            if heads.latest.number < stored.last:
                return None
            fetched = await fetch.fetch_blocks(rpc, stored.first, stored.last, heads.latest, self._sources)
        except TimedOut:
            self._blocks = max(1, (stored.last - stored.first + 1) // 2)
            return None
        except (Unavailable, Corrupt) as error:  # the follower reports a chain that is away
            self._log.debug("a node was not heard", detail=error.detail)
            return None
        return self._compare(node, fetched, stored)

    def _compare(self, node: str, fetched: fetch.Fetched | None, stored: Stored) -> Voice:
        """Blocks that don't fit together, and logs that mean nothing, are heard as another word about all of them."""
        if fetched is None:
            return Voice(node, stored.first)
        hashes = {one.number: one.hash for one in fetched.headers}
        differing = [number for number, hash_ in hashes.items() if stored.hashes[number] != hash_]
        try:
            told = match.match_logs(self._subject.chain_id, self._sources, fetched.headers, fetched.logs).facts
        except Corrupt:
            return Voice(node, stored.first)
        if told != stored.facts:
            theirs, ours = ({fact.position: fact for fact in facts} for facts in (told, stored.facts))
            places = theirs.keys() | ours.keys()
            differing += [at.block_number for at in places if at is not None and theirs.get(at) != ours.get(at)]
        wrong = min(differing, default=None)
        return Voice(node, wrong, wrong is not None and hashes[wrong] == stored.hashes[wrong])

    def _note(self, door: Rpc, voice: Voice, *, is_odd: bool) -> None:
        """Count and blame a node that contradicts the majority, and say so once."""
        if not is_odd:
            self._odd.discard(voice.node)
            return
        door.blame()
        figures.OUTVOTED.labels(self._subject.label, voice.node).inc()
        if voice.node not in self._odd:
            self._log.warning("a node contradicts most others about final blocks", node=voice.node, block=voice.wrong)
        self._odd.add(voice.node)

    async def _tell(self, stored: Stored, dispute: chains.Dispute | None) -> None:
        """Store what keeps blocks from being final, and say so once."""
        subject = self._subject
        if dispute is None:
            return
        figures.IS_DISPUTED.labels(subject.label).set(1)
        if dispute == stored.dispute:
            return
        if stored.dispute is None or dispute.code != stored.dispute.code:
            self._log.warning("final blocks differ", code=dispute.code, block=dispute.number, detail=dispute.detail)
        await apply.put_dispute(subject.database, self._lease, subject.chain_id, dispute)
