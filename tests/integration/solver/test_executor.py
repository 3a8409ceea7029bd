"""An award carried out on two chains, from whatever state they are in."""

import asyncio
import dataclasses
from typing import Any

import pytest

from orbital.chain import keys, rpc, settler, token
from orbital.chain.settler import EscrowStatus, OutcomeStatus
from orbital.chain.transactions import Wallet
from orbital.domain import errors
from orbital.solver import funding
from orbital.solver.executor import Executor, Step


async def test_award_is_opened_filled_and_then_done(world: Any) -> None:
    job = await world.make_job()
    executor = world.executor()
    assert [await executor.step(job) for _ in range(3)] == [Step.OPENED, Step.FILLED, Step.DONE]
    assert await world.escrow(job) is EscrowStatus.HELD
    outcome = await settler.fetch_outcome(world.rpcs[31338], world.destination.settler, job.intent_id)
    assert (outcome.status, outcome.repay_to) == (OutcomeStatus.FILLED, job.award.solver)
    assert await world.balance(world.destination, job.intent.recipient) == job.award.output_amount


async def test_new_process_goes_on_where_the_old_one_was_killed(world: Any) -> None:
    job = await world.make_job()
    assert await world.executor().step(job) is Step.OPENED
    assert await world.executor().step(job) is Step.FILLED
    assert await world.executor().step(job) is Step.DONE


async def test_process_killed_before_its_open_was_mined_opens_once(world: Any, solver_signer: keys.Signer) -> None:
    job = await world.make_job()
    node = world.rpcs[31337]
    await node.request("evm_setAutomine", False)  # noqa: FBT003
    data = settler.open_for(job.intent, job.user_signature, job.award, job.award_signature)
    await Wallet(node, solver_signer).send(world.origin.settler, data)
    assert await world.executor().step(job) is Step.REFUSED
    await node.request("anvil_mine", "0x1")
    await node.request("evm_setAutomine", True)  # noqa: FBT003
    assert await world.executor().step(job) is Step.FILLED


async def test_open_that_a_reorg_took_is_done_again(world: Any) -> None:
    job = await world.make_job()
    executor = world.executor()
    assert await executor.step(job) is Step.OPENED
    await world.rpcs[31337].request("anvil_reorg", 1, [])
    assert await world.escrow(job) is EscrowStatus.NONE
    assert [await executor.step(job) for _ in range(2)] == [Step.OPENED, Step.FILLED]


async def test_fill_that_a_reorg_took_is_done_again_and_so_is_the_open_of_a_filled_intent(world: Any) -> None:
    job = await world.make_job()
    executor = world.executor()
    assert [await executor.step(job) for _ in range(2)] == [Step.OPENED, Step.FILLED]
    await world.rpcs[31338].request("anvil_reorg", 1, [])
    assert await world.outcome(job) is OutcomeStatus.NONE
    assert await executor.step(job) is Step.FILLED
    await world.rpcs[31337].request("anvil_reorg", 1, [])
    assert [await executor.step(job) for _ in range(2)] == [Step.OPENED, Step.DONE]


@pytest.mark.parametrize(("fill_after", "blocks"), [("safe", 1), ("finalized", 2), ("3", 2)])
async def test_fill_waits_for_the_confirmations_of_the_origin(world: Any, fill_after: str, blocks: int) -> None:
    careful = world.with_fill_after(fill_after)
    job = await careful.make_job()
    executor = careful.executor()
    assert await executor.step(job) is Step.OPENED
    for _ in range(blocks):
        assert await executor.step(job) is Step.WAITING
        await careful.mine(chain_ids=(31337,))
    assert await executor.step(job) is Step.FILLED


async def test_open_that_the_chain_refuses_is_tried_again(world: Any, user_signer: keys.Signer) -> None:
    job = await world.make_job()
    wallet = Wallet(world.rpcs[31337], user_signer)
    await wallet.transact(job.intent.input_token, token.approve(world.origin.settler, 0))
    executor = world.executor()
    assert await executor.step(job) is Step.REFUSED
    await wallet.transact(job.intent.input_token, token.approve(world.origin.settler, job.intent.input_amount))
    assert await executor.step(job) is Step.OPENED


async def test_nothing_is_sent_when_the_award_is_past_its_times(world: Any) -> None:
    late_open, late_fill = await world.make_job(), await world.make_job()
    executor = world.executor()
    assert await executor.step(late_fill) is Step.OPENED
    await world.mine(seconds=200)
    assert await executor.step(late_open) is Step.MISSED
    assert await executor.step(late_fill) is Step.MISSED


async def test_intent_that_its_user_opened_is_filled(world: Any, user_signer: keys.Signer) -> None:
    job = dataclasses.replace(await world.make_job(), user_signature=None)
    executor = world.executor()
    assert await executor.step(job) is Step.WAITING
    await Wallet(world.rpcs[31337], user_signer).transact(world.origin.settler, settler.open_by_user(job.intent))
    assert await executor.step(job) is Step.FILLED


async def test_several_awards_are_carried_out_at_a_time(world: Any) -> None:
    jobs = [await world.make_job() for _ in range(8)]
    executor = world.executor()
    assert set(await asyncio.gather(*map(executor.step, jobs))) == {Step.OPENED}
    assert set(await asyncio.gather(*map(executor.step, jobs))) == {Step.FILLED}


async def test_chain_that_does_not_answer_is_unavailable(world: Any, solver_signer: keys.Signer) -> None:
    job = await world.make_job()
    async with rpc.Rpc(["http://127.0.0.1:9"], 31338, timeout_seconds=1) as nobody:
        executor = Executor(world.network, world.rpcs | {31338: nobody}, world.wallets(solver_signer), 5.0)
        with pytest.raises(errors.Unavailable):
            await executor.step(job)


async def test_missing_bond_is_paid_in_once(world: Any, solver_signer: keys.Signer) -> None:
    node = world.rpcs[31337]
    for _ in range(2):
        await funding.ensure_bond(world.network, node, Wallet(node, solver_signer))
        await world.mine()
    data = funding.registry.load().encode_call("bondOf", solver_signer.address)
    ((bond, *_),) = funding.registry.load().decode_return("bondOf", await node.call(world.network.registry, data))
    assert bond == world.network.min_bond_wei


async def test_bond_above_the_account_is_said(world: Any) -> None:
    poor = Wallet(world.rpcs[31337], keys.generate_signer())
    with pytest.raises(funding.Underfunded):
        await funding.ensure_bond(world.network, world.rpcs[31337], poor)
