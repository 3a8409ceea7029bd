"""Follows one chain as the holder of its lease: backfill in batches, then block by block as they come.

A reorg is another hash at a height that is indexed; a lower head alone is a node that lags. The last block that both
histories share is looked up, everything above it is rolled back, and following goes on from there. A reorg below what
is final is not followed: the chain is `stopped`, its rows stay, and a person must look (or the node must
return to the history that is stored). A node that does not answer, or whose blocks again and again don't fit together,
makes the chain `unreachable` until it is well.
"""

import asyncio
import time
from typing import Final

from orbital.chain.rpc import Heads
from orbital.domain.errors import Corrupt, Unavailable
from orbital.indexer import apply, backfill, doubt, fetch, figures, pace, reconcile, rhythm, wake
from orbital.indexer import heads as read_heads
from orbital.indexer.prepare import Prepared
from orbital.indexer.subject import Progress, Subject
from orbital.observe import logging
from orbital.storage import chains, leases

_FRUITLESS_MAX: Final = 10
"""Looks in a row that may come to nothing because the chain moved meanwhile; more is a node that contradicts itself."""


class Follower:
    """One leadership's work on one chain; `run` never returns."""

    def __init__(self, subject: Subject, lease: leases.Lease, progress: Progress, signal: wake.Signal) -> None:
        self._subject = subject
        self._lease = lease
        self._progress = progress
        self._signal = signal
        self._rules = subject.rules
        self._sources = subject.sources
        self._log = logging.get_logger("indexer").bind(chain_id=subject.chain_id)
        self._label = subject.label
        self._ahead = backfill.Ahead(subject)
        self._pace = pace.Pace(self._log, f"chain {subject.chain_id}")
        self._rhythm = rhythm.Rhythm(subject.settings.poll_min_seconds, subject.settings.poll_seconds)
        self._status: str | None = None
        self._stored_heads: chains.Heads | None = None
        self._deadlines_seen_at = 0.0

    async def run(self) -> None:
        """Follow for ever, through outages. Conflict `lease_lost` ends it."""
        try:
            await self._follow_on()
        finally:
            figures.forget(self._label)

    async def _follow_on(self) -> None:
        settings = self._subject.settings
        while True:
            pause = settings.retry_seconds
            self._progress.is_at_head = False
            try:
                await self._follow()
            except Unavailable as error:
                figures.RETRIES.labels(self._label).inc()
                status = "unreachable" if error.code == "chain_unavailable" else None
                await self._report(status, error.detail)
            except Corrupt as error:
                pause = settings.stopped_retry_seconds
                await self._report("stopped", error.detail)
            finally:
                await self._ahead.aclose()
            await asyncio.sleep(pause)

    async def _follow(self) -> None:
        subject = self._subject
        genesis = await fetch.fetch_genesis(subject.rpc)
        checkpoint = await apply.bind(subject.database, self._lease, subject.chain_id, genesis, subject.start_block)
        self._stored_heads = None
        fruitless = 0
        while True:
            self._signal.clear()
            heads = await fetch.fetch_heads(subject.rpc)
            self._signal.see(heads.latest.number)
            moved = await self._step(checkpoint, heads)
            fruitless = fruitless + 1 if moved is checkpoint else 0
            if fruitless > _FRUITLESS_MAX:
                raise Unavailable("chain_unavailable", f"The node's blocks from {checkpoint.next_block} on don't fit.")
            if moved is not checkpoint and self._status != "ok":
                await self._report("ok", None)
            self._show(moved or checkpoint, heads)
            self._progress.is_at_head = moved is None
            if moved is None:
                await self._rest(checkpoint)
            else:
                checkpoint = moved

    async def _step(self, checkpoint: chains.Checkpoint, heads: Heads) -> chains.Checkpoint | None:
        """Do what these heads ask for; returns the new checkpoint, or None when there is nothing new.

        The very same checkpoint comes back when there is something new that could not be taken.
        """
        latest = heads.latest
        if (doubted := self._progress.doubted) is not None:
            self._progress.doubted = None
            return await reconcile.read_anew(self._subject, self._lease, checkpoint, doubted)
        if latest.number < checkpoint.next_block:
            return await self._compare(checkpoint, heads)
        started = time.monotonic()
        prepared = await self._ahead.take(checkpoint.next_block, latest)
        if prepared is None:
            return checkpoint
        if checkpoint.hash is not None and prepared.parent != checkpoint.hash:
            return await reconcile.heal(self._subject, self._lease, checkpoint)
        return await self._write(checkpoint, prepared, heads, started)

    async def _compare(self, checkpoint: chains.Checkpoint, heads: Heads) -> chains.Checkpoint | None:
        """Look at a head that is not above what is indexed: ours, a lagging node's, or a reorg's."""
        latest = heads.latest
        if checkpoint.number is None:
            return None
        if latest.hash == checkpoint.hash:
            await self._keep_heads(heads)
            return None
        if latest.number < checkpoint.number and await reconcile.is_indexed(self._subject, latest.number, latest.hash):
            fetch.count_doubts(self._subject.rpc, [doubt.Kind.HEAD_WENT_BACK])
            self._subject.rpc.blame()
            return None
        return await reconcile.heal(self._subject, self._lease, checkpoint)

    async def _write(
        self, checkpoint: chains.Checkpoint, prepared: Prepared, heads: Heads, started: float
    ) -> chains.Checkpoint:
        subject = self._subject
        tip, told = prepared.tip, read_heads.read(heads, subject.confirmations)
        speed = self._pace.speed(heads.latest.number - tip.number)
        applied = await apply.apply_blocks(
            subject.database,
            self._lease,
            subject.chain_id,
            prepared,
            told,
            self._rules,
            None if speed is None else speed.blocks_per_second,
        )
        if prepared.node is not None:
            self._progress.told_by[prepared.node] = tip.number
        self._pace.add(len(prepared.blocks), prepared.logs)
        self._pace.say(tip.number, heads.latest.number)
        if tip.number == heads.latest.number:
            self._rhythm.beat(tip.number, started)
        figures.count_odd(self._log, self._label, prepared.odd)
        self._stored_heads = told
        self._deadlines_seen_at = time.monotonic()
        figures.FACTS.labels(self._label).inc(applied.facts)
        figures.BATCH_SECONDS.labels(self._label).observe(time.monotonic() - started)
        figures.BATCH_BLOCKS.labels(self._label).observe(len(prepared.blocks))
        figures.BATCH_LOGS.labels(self._label).observe(prepared.logs)
        figures.BLOCKS_PER_SECOND.labels(self._label).set(speed.blocks_per_second if speed else 0)
        self._ahead.is_first = applied.is_first
        return chains.move(checkpoint, tip)

    async def _keep_heads(self, heads: Heads) -> None:
        told = read_heads.read(heads, self._subject.confirmations)
        if told != self._stored_heads:
            await apply.apply_heads(self._subject.database, self._lease, self._subject.chain_id, told)
            self._stored_heads = told

    async def _rest(self, checkpoint: chains.Checkpoint) -> None:
        """Until a head is announced, or for as long as one may go unannounced."""
        settings = self._subject.settings
        if checkpoint.timestamp is not None and self._are_deadlines_unseen():
            await apply.apply_deadlines(
                self._subject.database, self._lease, self._subject.chain_id, checkpoint.timestamp, self._rules
            )
            self._deadlines_seen_at = time.monotonic()
        await self._signal.wait(
            settings.watchdog_seconds if self._signal.is_live else self._rhythm.pause(time.monotonic())
        )

    def _are_deadlines_unseen(self) -> bool:
        return time.monotonic() - self._deadlines_seen_at >= self._subject.settings.deadline_seconds

    async def _report(self, status: str | None, detail: str | None) -> None:
        """Store a changed status (None: the database is away, nothing can be stored) and say so once."""
        if status == self._status:
            return
        self._status = None
        log = self._log.info if status == "ok" else self._log.warning
        log("status", status=status or "database away", detail=detail)
        figures.IS_OK.labels(self._label).set(status == "ok")
        if status is None:
            return
        try:
            await apply.put_status(self._subject.database, self._lease, self._subject.chain_id, status, detail)
        except Unavailable as error:
            self._log.warning("status not stored", detail=error.detail)
            return
        self._status = status

    def _show(self, checkpoint: chains.Checkpoint, heads: Heads) -> None:
        indexed = checkpoint.next_block - 1
        figures.HEAD.labels(self._label).set(heads.latest.number)
        figures.CHECKPOINT.labels(self._label).set(indexed)
        figures.LAG.labels(self._label).set(max(0, heads.latest.number - indexed))
        lag = heads.latest.timestamp - (checkpoint.timestamp or heads.latest.timestamp)
        figures.LAG_SECONDS.labels(self._label).set(max(0, lag))
        figures.IS_OK.labels(self._label).set(1)
