import asyncio
import collections.abc
import contextlib

import pytest

from orbital.chain import keys, rpc, transactions
from orbital.devnet import anvil, ports
from orbital.domain import errors
from orbital.domain.types import ChainId, Hash32

NOBODY = bytes.fromhex("00000000000000000000000000000000000000ee")
# PUSH4 deadbeef as a right-aligned word, returned as the data of a revert.
REVERT_CODE = bytes.fromhex("63deadbeef60e01b60005260046000fd")
# Deploys a contract that emits LOG1(topic 42, data "00..07") when called.
LOGGING_CODE = bytes.fromhex("600c600c600039600c6000f3" + "6007600052602a60206000a1")


@contextlib.asynccontextmanager
async def _serve(answer: bytes) -> collections.abc.AsyncIterator[str]:
    """Serve the same bytes to every connection, whatever it asks."""

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


async def test_heads_come_typed_and_batched(node: rpc.Rpc) -> None:
    await node.request("anvil_mine", "0x8")
    heads = await node.heads()
    assert heads.safe is not None
    assert heads.finalized is not None
    assert heads.finalized.number < heads.safe.number < heads.latest.number
    assert len(heads.latest.hash) == 32
    assert len(heads.latest.logs_bloom) == 256
    assert heads.latest.base_fee_wei is not None
    numbers = [3, 1, 2, 10**9]
    third, first, second, missing = await node.headers(numbers)
    assert missing is None
    assert first is not None
    assert second is not None
    assert third is not None
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert second.parent_hash == first.hash
    assert await node.header(first.hash) == await node.header(1) == first


async def test_unknown_blocks_are_none(node: rpc.Rpc) -> None:
    assert await node.header(Hash32(b"\x01" * 32)) is None
    assert await node.header(10**9) is None


async def test_large_header_ranges_are_split(node: rpc.Rpc) -> None:
    await node.request("anvil_mine", hex(rpc.BATCH_CALLS + 5))
    found = await node.headers(range(rpc.BATCH_CALLS + 3))
    assert [head.number for head in found if head is not None] == list(range(rpc.BATCH_CALLS + 3))


async def test_revert_data_is_readable(node: rpc.Rpc) -> None:
    with pytest.raises(rpc.RpcError) as caught:
        await node.call(None, REVERT_CODE)
    assert caught.value.data == bytes.fromhex("deadbeef")
    assert caught.value.rpc_code == 3
    with pytest.raises(rpc.RpcError) as caught:
        await node.estimate(NOBODY, None, REVERT_CODE)
    assert caught.value.data == bytes.fromhex("deadbeef")


async def test_unknown_methods_are_errors_of_the_call(node: rpc.Rpc) -> None:
    with pytest.raises(rpc.RpcError) as caught:
        await node.request("eth_noSuchThing")
    assert caught.value.rpc_code == -32601
    assert isinstance(caught.value, errors.OrbitalError)


async def test_one_refused_call_of_many_leaves_the_others(node: rpc.Rpc) -> None:
    await node.request("anvil_setCode", "0x" + "aa" * 20, "0x" + REVERT_CODE.hex())
    answers = await node.call_many([(NOBODY, b""), (b"\xaa" * 20, b""), (NOBODY, b"")])
    assert answers[0] == answers[2] == b""
    assert isinstance(answers[1], rpc.RpcError)
    assert await node.call_many([]) == []


async def test_logs_are_found_by_range_block_address_and_topic(node: rpc.Rpc, funded: tuple[keys.Signer, ...]) -> None:
    emitter = b"\xbb" * 20
    await node.request("anvil_setCode", "0x" + emitter.hex(), "0x" + LOGGING_CODE[12:].hex())
    sent = {"from": "0x" + funded[0].address.hex(), "to": "0x" + emitter.hex()}
    tx_hash = Hash32(bytes.fromhex((await node.request("eth_sendTransaction", sent))[2:]))
    receipt = await transactions.wait_receipt(node, tx_hash)
    assert receipt.succeeded
    (log,) = receipt.logs
    assert (log.address, log.topics, log.data) == (emitter, ((42).to_bytes(32),), (7).to_bytes(32))

    at = receipt.block_number
    (by_range,) = await node.logs(at, at)
    (by_block,) = await node.block_logs(receipt.block_hash, addresses=[emitter], topics=[(42).to_bytes(32)])
    assert by_range == by_block
    assert (by_range.tx_hash, by_range.log_index) == (tx_hash, 0)
    assert await node.logs(at, at, addresses=[NOBODY]) == []
    assert await node.logs(at, at, topics=[(43).to_bytes(32)]) == []


async def test_accounts_are_read(node: rpc.Rpc, funded: tuple[keys.Signer, ...]) -> None:
    assert await node.balance(NOBODY) == 0
    assert await node.balance(funded[1].address) > 10**18
    assert await node.code(NOBODY) == b""
    assert await node.nonce(NOBODY) == 0
    assert await node.gas_price() > 0
    assert await node.estimate(funded[1].address, NOBODY, b"", 1) >= 21_000
    assert await node.chain_id() == node.expected_chain_id
    assert await node.receipt(Hash32(bytes(32))) is None


async def test_reads_at_a_block_stay_at_it(node: rpc.Rpc, funded: tuple[keys.Signer, ...]) -> None:
    before = await node.header("latest")
    assert before is not None
    receiver = b"\x77" * 20
    wallet = transactions.Wallet(node, funded[2])
    receipt = await wallet.transact(receiver, b"", value_wei=5)
    assert await node.balance(receiver) == await node.balance(receiver, block=receipt.block_hash) == 5
    assert await node.balance(receiver, block=before.number) == await node.balance(receiver, block=before.hash) == 0


async def test_node_of_another_chain_is_detected_at_first_use(local_chain: anvil.Chain) -> None:
    async with rpc.Rpc([local_chain.rpc_url], ChainId(1)) as mistaken:
        with pytest.raises(errors.Corrupt) as caught:
            await mistaken.header("latest")
    assert caught.value.code == "wrong_chain"


async def test_nobody_listening_is_chain_unavailable() -> None:
    url = f"http://user:secret@127.0.0.1:{ports.find_free_port()}/v1/api-key"
    async with rpc.Rpc([url], ChainId(1)) as away:
        with pytest.raises(errors.Unavailable) as caught:
            await away.heads()
    assert caught.value.code == "chain_unavailable"
    assert "secret" not in str(caught.value)
    assert "api-key" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        _http("200 OK", b"<html>Sign in</html>"),
        _http("502 Bad Gateway", b"<html>Bad Gateway</html>"),
        _http("429 Too Many Requests", b'{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"slow down"}}'),
        _http("200 OK", b'{"jsonrpc":"2.0","id":999,"result":"0x7a69"}'),
        _http("200 OK", b'{"jsonrpc":"2.0","id":1,"result":'),
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"",
    ],
)
async def test_sick_node_is_left_for_the_next(answer: bytes, local_chain: anvil.Chain) -> None:
    async with _serve(answer) as sick:
        async with rpc.Rpc([sick], ChainId(local_chain.chain_id)) as alone:
            with pytest.raises(errors.Unavailable) as caught:
                await alone.heads()
            assert caught.value.code == "chain_unavailable"
        async with rpc.Rpc([sick, local_chain.rpc_url], ChainId(local_chain.chain_id)) as both:
            assert (await both.heads()).latest.number >= 0


async def test_late_node_is_left_for_the_next(local_chain: anvil.Chain) -> None:
    held = asyncio.Event()

    async def on_connection(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await held.wait()
        finally:
            writer.close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    async with server:
        late = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with rpc.Rpc([late, local_chain.rpc_url], ChainId(local_chain.chain_id), timeout_seconds=2) as both:
            assert (await both.heads()).latest.number >= 0
        held.set()
