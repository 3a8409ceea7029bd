import asyncio
import typing

import pytest

from orbital.chain import hexes, keys, registry, rpc, token, transactions
from orbital.chain.adapters import orbital
from orbital.domain import errors, facts
from orbital.domain.types import Address, ChainId, Hash32, IntentId, UnixSeconds

SINK = Address(b"\x99" * 20)


@pytest.fixture
def wallet(node: rpc.Rpc, funded: tuple[keys.Signer, ...]) -> transactions.Wallet:
    return transactions.Wallet(node, funded[0])


async def test_tokens_are_deployed_and_read(wallet: transactions.Wallet, node: rpc.Rpc) -> None:
    usd = await wallet.deploy(token.load(), "Test Dollar", "tUSD", 6)
    assert await token.fetch_symbol(node, usd) == "tUSD"
    assert await token.fetch_decimals(node, usd) == 6
    await wallet.transact(usd, token.mint(wallet.address, 1_000))
    await wallet.transact(usd, token.approve(SINK, 400))
    await wallet.transact(usd, token.transfer(SINK, 1))
    assert await token.fetch_holding(node, usd, wallet.address, SINK) == token.Holding(999, 400)
    assert await token.fetch_balance(node, usd, SINK) == 1
    assert await token.fetch_allowance(node, usd, wallet.address, SINK) == 400


async def test_reads_where_no_contract_is_are_corrupt(node: rpc.Rpc) -> None:
    with pytest.raises(errors.Corrupt, match="malformed_return"):
        await token.fetch_holding(node, SINK, SINK, SINK)


async def test_bonds_are_registered_and_read(wallet: transactions.Wallet, node: rpc.Rpc) -> None:
    bonds = await wallet.deploy(registry.load(), wallet.address, SINK, 5)
    assert await registry.fetch_withdrawal_delay(node, bonds) == 5
    assert await registry.fetch_bond(node, bonds, wallet.address) == registry.Bond(0, 0, 0, is_registered=False)
    registered = await wallet.transact(bonds, registry.register(), 10)
    assert _events(registered) == [facts.SolverRegistered(wallet.address, 10)]
    await wallet.transact(bonds, registry.deposit(), 7)
    receipt = await wallet.transact(bonds, registry.request_withdrawal(4))
    bond = await registry.fetch_bond(node, bonds, wallet.address, block=receipt.block_hash)
    assert (bond.bond_wei, bond.in_withdrawal_wei, bond.is_registered) == (13, 4, True)
    assert _events(receipt) == [facts.BondChanged(wallet.address, 13, 4)]
    slashed = await wallet.transact(bonds, registry.slash(wallet.address, 13, IntentId(b"\x01" * 32)))
    assert _events(slashed) == [
        facts.SolverSlashed(wallet.address, 13, b"\x01" * 32),
        facts.BondChanged(wallet.address, 0, 4),
    ]
    with pytest.raises(transactions.Reverted) as caught:
        await wallet.send(bonds, registry.withdraw())
    assert caught.value.name == "WithdrawalTooEarly"
    assert caught.value.arguments == (bond.withdrawable_at,)


async def test_a_refusal_is_named_before_anything_is_sent(wallet: transactions.Wallet, node: rpc.Rpc) -> None:
    usd = await wallet.deploy(token.load(), "Test Dollar", "tUSD", 6)
    before = await node.nonce(wallet.address)
    with pytest.raises(transactions.Reverted) as caught:
        await wallet.send(usd, token.transfer(SINK, 5))
    assert caught.value.name == "ERC20InsufficientBalance"
    assert caught.value.arguments == (wallet.address, 0, 5)
    assert caught.value.detail == f"ERC20InsufficientBalance({hexes.to_hex(wallet.address)}, 0, 5)"
    assert caught.value.tx_hash is None
    assert await node.nonce(wallet.address) == before


async def test_a_transaction_mined_in_vain_is_named(wallet: transactions.Wallet) -> None:
    usd = await wallet.deploy(token.load(), "Test Dollar", "tUSD", 6)
    tx_hash = await wallet.send(usd, token.transfer(SINK, 5), gas=200_000)
    with pytest.raises(transactions.Reverted) as caught:
        await wallet.wait_receipt(tx_hash)
    assert caught.value.name == "ERC20InsufficientBalance"
    assert caught.value.tx_hash == tx_hash


async def test_views_name_their_refusal(wallet: transactions.Wallet, node: rpc.Rpc) -> None:
    bonds = await wallet.deploy(registry.load(), wallet.address, SINK, 5)
    with pytest.raises(transactions.Reverted) as caught:
        await transactions.call(node, bonds, registry.withdraw())
    assert caught.value.name == "NotRegistered"


async def test_concurrent_sends_get_consecutive_nonces(wallet: transactions.Wallet, node: rpc.Rpc) -> None:
    start = await node.nonce(wallet.address)
    hashes = await asyncio.gather(*(wallet.send(SINK, b"", value) for value in range(1, 21)))
    receipts = await asyncio.gather(*map(wallet.wait_receipt, hashes))
    assert all(receipt.succeeded for receipt in receipts)
    assert await node.nonce(wallet.address) == start + 20


async def test_nonces_are_found_again_after_an_error(
    wallet: transactions.Wallet, node: rpc.Rpc, funded: tuple[keys.Signer, ...]
) -> None:
    await wallet.transact(SINK, b"", 1)
    await transactions.Wallet(node, funded[0]).transact(SINK, b"", 1)  # moves the account's nonce behind its back
    with pytest.raises(rpc.RpcError, match="nonce"):
        await wallet.send(SINK, b"", 1)
    assert (await wallet.transact(SINK, b"", 1)).succeeded


async def test_nonces_fall_back_with_a_reorg(wallet: transactions.Wallet, node: rpc.Rpc) -> None:
    start = await node.nonce(wallet.address)
    receipts = [await wallet.transact(SINK, b"", 1) for _ in range(3)]
    head = await node.header("latest")
    assert head is not None
    await node.request("anvil_reorg", head.number - receipts[0].block_number + 1, [])
    assert await node.nonce(wallet.address) == start
    wallet.forget_nonce()
    await wallet.transact(SINK, b"", 1)
    assert await node.nonce(wallet.address) == start + 1


async def test_waiting_ends(node: rpc.Rpc, wallet: transactions.Wallet) -> None:
    with pytest.raises(errors.Unavailable) as caught:
        await wallet.wait_receipt(Hash32(b"\x01" * 32), timeout_seconds=0.1)
    assert caught.value.code == "transaction_not_mined"


async def test_fees_cover_a_rising_base_fee(wallet: transactions.Wallet, node: rpc.Rpc) -> None:
    receipt = await wallet.transact(SINK, b"", 1)
    sent: dict[str, typing.Any] = await node.request("eth_getTransactionByHash", "0x" + receipt.tx_hash.hex())
    head = await node.header(receipt.block_number)
    assert head is not None
    assert head.base_fee_wei is not None
    assert int(sent["maxFeePerGas"], 16) >= 2 * head.base_fee_wei
    assert int(sent["gas"], 16) == 21_000 * 120 // 100


def _events(receipt: rpc.Receipt) -> list[facts.Event]:
    found = [orbital.decode(ChainId(1), log, UnixSeconds(0)) for log in receipt.logs]
    return [fact.event for fact in found if fact is not None]
