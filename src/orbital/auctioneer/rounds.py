"""Acts on rounds: opens, closes, voids, each in one transaction that belongs to the lease's holder.

Whatever a decision rests on is read anew once the intent's row is held, so intake, cancel and the indexers can't slip
in between. An award, its fact, the round's outcome and their announcements are committed together: the signature can be
seen by nobody before. A round whose window was started again by a late bid is left alone.
"""

from dataclasses import dataclass

from orbital.auctioneer import outcomes, plan
from orbital.auctioneer.settings import AuctioneerSettings
from orbital.chain import eip712, keys
from orbital.domain import auction, errors, facts, intake
from orbital.domain.intent import Award
from orbital.domain.lifecycle import Leg, Status
from orbital.domain.network import Network
from orbital.domain.types import IntentId, UnixSeconds
from orbital.observe import logging, metrics
from orbital.storage import auctions, chains, claims, intents, leases, ledger, outbox, solvers
from orbital.storage.pool import Connection, Pool, transaction

log = logging.get_logger("auctioneer")
ROUNDS = metrics.counter("orbital_auction_rounds_total", "Rounds by what became of them.", ("result",))


@dataclass(frozen=True, slots=True)
class Desk:
    """What acting takes: the lease it is done under, the deployment, the key."""

    pool: Pool
    lease: leases.Lease
    network: Network
    signer: keys.Signer
    settings: AuctioneerSettings


async def void(desk: Desk, intent_id: IntentId, round_: int) -> None:
    """End a round whose intent needs no award any more."""
    async with transaction(desk.pool) as connection:
        view = await _hold(connection, desk, intent_id)
        locked = await auctions.lock_round(connection, intent_id, round_)
        if locked is not None and (view is None or not _wants_award(view)):
            await _void(connection, intent_id, locked)


async def open_next(desk: Desk, intent_id: IntentId) -> None:
    """Start the next sealed round of an intent that may have one."""
    async with transaction(desk.pool) as connection:
        view = await _hold(connection, desk, intent_id)
        if view is None or not _wants_award(view) or await auctions.find_open_round(connection, intent_id):
            return
        round_ = await auctions.last_round(connection, intent_id) + 1
        await auctions.open_round(connection, intent_id, round_, desk.settings.window_ms)
        if (refusal := await _refusal(connection, desk, view)) is not None:
            await auctions.close_round(connection, intent_id, round_, "void", {"refused": refusal})
            log.info("not_auctioned", intent_id=intent_id.hex(), code=refusal)
            ROUNDS.labels("refused").inc()
            return
        opened = await auctions.find_open_round(connection, intent_id)
        if opened is None:
            raise errors.Corrupt("round_missing", f"Round {round_} of {intent_id.hex()} is not there once opened.")
        await _announce(connection, "opened", intent_id, round_, opened.closes_at.isoformat())


async def close(desk: Desk, intent_id: IntentId, round_: int) -> None:
    """Decide a round whose window passed: an award, or wait idle for a valid bid."""
    async with transaction(desk.pool) as connection:
        view = await _hold(connection, desk, intent_id)
        locked = await auctions.lock_round(connection, intent_id, round_)
        if locked is None or not locked.is_due:
            return
        if view is None or not _wants_award(view):
            await _void(connection, intent_id, locked)
            return
        bids = await auctions.list_bids(connection, intent_id, round_)
        standings = await _load_standings(connection, desk, view, bids, locked.now)
        decided = plan.plan_close(
            view, bids, standings, await _load_times(connection, desk, view), _fill_window(desk, view), locked.now
        )
        closes_at = locked.closes_at.isoformat()
        if isinstance(decided, plan.Wait):
            await auctions.idle_round(connection, intent_id, round_, decided.outcome)
            await _announce(connection, "idle", intent_id, round_, closes_at)
        else:
            await _award(connection, desk, view, round_, decided.award, locked.now)
            await auctions.close_round(connection, intent_id, round_, "closed", decided.outcome)
            await _announce(connection, "closed", intent_id, round_, closes_at)
    ROUNDS.labels("idle" if isinstance(decided, plan.Wait) else "awarded").inc()
    _log_close(intent_id, round_, decided)


async def reopen(desk: Desk, intent_id: IntentId) -> None:
    """Award a delivered intent once more to who delivered it, after a reorg took its open. There is no auction."""
    async with transaction(desk.pool) as connection:
        view = await _hold(connection, desk, intent_id)
        if view is None or view.status is not Status.PENDING or view.open_by is not None or Leg.FILL not in view.legs:
            return
        if view.solver is None or view.output_amount is None:
            raise errors.Corrupt("fill_without_solver", f"The fill of {intent_id.hex()} names no solver.")
        times = await _load_times(connection, desk, view)
        award = plan.plan_award(
            intent_id, view.intent, view.solver, view.output_amount, times, _fill_window(desk, view), is_opened=False
        )
        if award is None:
            return
        round_ = await auctions.last_round(connection, intent_id) + 1
        await auctions.open_round(connection, intent_id, round_, 0)
        locked = await auctions.lock_round(connection, intent_id, round_)
        if locked is None:
            raise errors.Corrupt("round_missing", f"Round {round_} of {intent_id.hex()} is not there once opened.")
        await _award(connection, desk, view, round_, award, locked.now)
        outcome = {"closed_at": locked.now, "reason": "reopen", "award": outcomes.describe_award(award)}
        await auctions.close_round(connection, intent_id, round_, "closed", outcome)
    log.info("awarded_to_reopen", intent_id=intent_id.hex(), round=round_)


def _wants_award(view: intents.IntentView) -> bool:
    return view.auctionable and view.status in {Status.PENDING, Status.OPENED}


async def _hold(connection: Connection, desk: Desk, intent_id: IntentId) -> intents.IntentView | None:
    """Fence, hold the intent, and read it as it is now."""
    await leases.hold(connection, desk.lease)
    await claims.lock_intents(connection, [intent_id])
    return await intents.find(connection, intent_id)


async def _void(connection: Connection, intent_id: IntentId, locked: auctions.LockedRound) -> None:
    await auctions.close_round(connection, intent_id, locked.round, "void", None)
    await _announce(connection, "closed", intent_id, locked.round, locked.closes_at.isoformat())
    ROUNDS.labels("void").inc()


async def _award(
    connection: Connection, desk: Desk, view: intents.IntentView, round_: int, award: Award, now: UnixSeconds
) -> None:
    origin = desk.network.get_chain(view.intent.origin_chain_id)
    signature = desk.signer.sign(eip712.award_digest(award, origin.chain_id, origin.settler))
    await auctions.put_award(connection, award, round_, signature, desk.lease.epoch)
    event = facts.IntentAwarded(round_, award.solver, award.output_amount, award.open_by, award.fill_by)
    await ledger.record(connection, [facts.Fact(view.intent_id, event, None, now)], desk.network.rules)
    data = {"solver": _hex(award.solver), "intent_id": _hex(view.intent_id), "round": round_}
    await outbox.announce(connection, [outbox.Announcement("awards", "awarded", data)])


async def _load_standings(
    connection: Connection,
    desk: Desk,
    view: intents.IntentView,
    bids: list[auction.Unscored],
    now: UnixSeconds,
) -> list[auction.Standing]:
    bidders = sorted({entry.bid.solver for entry in bids})
    known = await solvers.find_many(connection, bidders)
    lapses = await ledger.list_lapses(connection, bidders, now - auction.LAPSES_SEEN_SECONDS)
    return [
        plan.standing_of(
            bidder,
            known.get(bidder),
            lapses[bidder],
            view,
            desk.network.min_bond_wei,
            now,
        )
        for bidder in bidders
    ]


async def _load_times(connection: Connection, desk: Desk, view: intents.IntentView) -> plan.Times:
    """Both chains' times; a chain that is not served any more has none, whatever is still stored of it."""
    checkpoints = {
        one.chain_id: one for one in await chains.list_checkpoints(connection) if one.chain_id in desk.network.chains
    }
    return plan.times_of(view.intent, checkpoints)


async def _refusal(connection: Connection, desk: Desk, view: intents.IntentView) -> str | None:
    """What intake would have said to an intent that its user opened unasked; None for one that intake took."""
    if view.submitted:
        return None
    load = await intents.sum_live(connection, view.intent.user, view.intent.input_token, view.intent.origin_chain_id)
    try:
        plan.validate_opened(view, desk.network, desk.settings.denied)
        intake.validate_load(load.live)
    except (errors.Rejected, errors.Forbidden, errors.Conflict) as refusal:
        return refusal.code
    return None


def _fill_window(desk: Desk, view: intents.IntentView) -> int:
    chain = desk.network.chains.get(view.intent.origin_chain_id)
    return 0 if chain is None else chain.fill_window_seconds


async def _announce(connection: Connection, event: str, intent_id: IntentId, round_: int, closes_at: str) -> None:
    data = {"intent_id": _hex(intent_id), "round": round_, "closes_at": closes_at.replace("+00:00", "Z")}
    await outbox.announce(connection, [outbox.Announcement("auctions", event, data)])


def _log_close(intent_id: IntentId, round_: int, decided: plan.Grant | plan.Wait) -> None:
    outcome = decided.outcome
    log.info(
        "round_decided",
        intent_id=intent_id.hex(),
        round=round_,
        bids=len(outcome["bids"]),
        reason=outcome["reason"],
        solver=outcome["award"] and outcome["award"]["solver"],
    )


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
