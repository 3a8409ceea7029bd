"""Bridge messages and overdue intents on two chains."""

import asyncio
import collections.abc
import contextlib
from typing import Any

from orbital.chain import keys
from orbital.chain.settler import EscrowStatus, OutcomeStatus
from orbital.solver import delivery, relayer
from orbital.solver.executor import Job, Step
from orbital.solver.settings import RelayerSettings

STOP_SECONDS = 10
SETTINGS = RelayerSettings(poll_seconds=0.1, retry_seconds=0.2, retry_max_seconds=1.0, receipt_seconds=5.0)


@contextlib.asynccontextmanager
async def relaying(world: Any, signer: keys.Signer) -> collections.abc.AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(relayer.run(world.network, world.rpcs, signer, world.wallets(signer), SETTINGS))
    try:
        yield task
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=STOP_SECONDS)
        assert task.cancelled()


async def deliver(world: Any, job: Job) -> None:
    executor = world.executor()
    assert [await executor.step(job) for _ in range(2)] == [Step.OPENED, Step.FILLED]


async def is_settled(world: Any, job: Job) -> bool:
    return await world.escrow(job) is EscrowStatus.SETTLED


def refusals() -> float:
    return delivery.DELIVERIES.labels("refused")._value.get()


async def was_refused(before: float) -> bool:
    return refusals() > before


async def test_fill_pays_the_solver_once_its_block_is_final(
    world: Any, until: Any, relayer_signer: keys.Signer, solver_signer: keys.Signer
) -> None:
    final, fresh = await world.make_job(), await world.make_job()
    executor = world.executor()
    assert [await executor.step(job) for job in (final, fresh)] == [Step.OPENED, Step.OPENED]
    assert [await executor.step(job) for job in (final, fresh)] == [Step.FILLED, Step.FILLED]
    before = await world.balance(world.origin, solver_signer.address)
    async with relaying(world, relayer_signer):
        await world.mine(1, chain_ids=(31338,))
        await until(lambda: is_settled(world, final))
        assert await world.escrow(fresh) is EscrowStatus.HELD
        assert await world.balance(world.origin, solver_signer.address) == before + final.intent.input_amount
        await world.mine(1, chain_ids=(31338,))
        await until(lambda: is_settled(world, fresh))


async def test_restarted_relayer_delivers_what_the_old_one_did_not_and_nothing_twice(
    world: Any, until: Any, relayer_signer: keys.Signer
) -> None:
    one, two = await world.make_job(), await world.make_job()
    await deliver(world, one)
    await world.mine(2)
    async with relaying(world, relayer_signer):
        await until(lambda: is_settled(world, one))
    await deliver(world, two)
    await world.mine(2)
    sent = await world.rpcs[31337].nonce(relayer_signer.address)
    async with relaying(world, relayer_signer):
        await until(lambda: is_settled(world, two))
    assert await world.rpcs[31337].nonce(relayer_signer.address) == sent + 1


async def test_fill_that_is_known_before_its_open_settles_after_it(
    world: Any, until: Any, relayer_signer: keys.Signer
) -> None:
    job = await world.make_job()
    await deliver(world, job)
    await world.rpcs[31337].request("anvil_reorg", 1, [])
    assert await world.escrow(job) is EscrowStatus.NONE
    await world.mine(2)
    before = refusals()
    async with relaying(world, relayer_signer):
        await until(lambda: was_refused(before))
        assert await world.executor().step(job) is Step.OPENED
        await until(lambda: is_settled(world, job))


async def test_delivery_that_a_reorg_took_is_done_again(world: Any, until: Any, relayer_signer: keys.Signer) -> None:
    job = await world.make_job()
    await deliver(world, job)
    await world.mine(2)
    async with relaying(world, relayer_signer):
        await until(lambda: is_settled(world, job))
        await world.rpcs[31337].request("anvil_reorg", 1, [])
        await until(lambda: is_settled(world, job))
        await world.mine(3)
        await world.rpcs[31337].request("anvil_reorg", 5, [])  # below what was final
        await world.mine(2)
        if await world.escrow(job) is EscrowStatus.NONE:
            assert await world.executor().step(job) is Step.OPENED
        await until(lambda: is_settled(world, job))


async def test_overdue_intent_is_expired_and_its_user_is_paid_back(
    world: Any, until: Any, relayer_signer: keys.Signer, user_signer: keys.Signer
) -> None:
    job = await world.make_job(fill_seconds=120)
    assert await world.executor().step(job) is Step.OPENED
    assert await world.balance(world.origin, user_signer.address) == 0
    await world.mine(3)
    async with relaying(world, relayer_signer):
        await world.mine(seconds=130)

        async def is_expired() -> bool:
            return await world.outcome(job) is OutcomeStatus.EXPIRED

        async def is_refunded() -> bool:
            return await world.escrow(job) is EscrowStatus.REFUNDED

        await until(is_expired)
        await world.mine(2, chain_ids=(31338,))
        await until(is_refunded)
    assert await world.balance(world.origin, user_signer.address) == job.intent.input_amount


async def test_refund_is_the_fallback_when_the_message_stays_away(
    world: Any, until: Any, relayer_signer: keys.Signer, user_signer: keys.Signer
) -> None:
    job = await world.make_job(fill_seconds=120)
    assert await world.executor().step(job) is Step.OPENED
    await world.mine(3)
    await world.mine(seconds=200)  # nothing of the expiry becomes final: no more blocks on the destination

    async def is_refunded() -> bool:
        return await world.escrow(job) is EscrowStatus.REFUNDED

    async with relaying(world, relayer_signer):
        await until(is_refunded)
    assert await world.balance(world.origin, user_signer.address) == job.intent.input_amount


async def test_filled_intent_is_neither_expired_nor_refunded(
    world: Any, until: Any, relayer_signer: keys.Signer
) -> None:
    overdue, filled = await world.make_job(fill_seconds=120), await world.make_job(fill_seconds=120)
    await deliver(world, filled)
    assert await world.executor().step(overdue) is Step.OPENED
    await world.rpcs[31337].request("anvil_mine", "0x3")
    await world.mine(seconds=200)
    async with relaying(world, relayer_signer):

        async def is_refunded() -> bool:
            return await world.escrow(overdue) is EscrowStatus.REFUNDED

        await until(is_refunded)
        assert await world.outcome(filled) is OutcomeStatus.FILLED
        assert await world.escrow(filled) in {EscrowStatus.HELD, EscrowStatus.SETTLED}
        await world.mine(2)
        await until(lambda: is_settled(world, filled))
