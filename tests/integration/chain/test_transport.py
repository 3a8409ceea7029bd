import asyncio
import contextlib

import pytest

from orbital.chain import rpc, transport
from orbital.devnet import anvil, ports
from orbital.domain import errors
from orbital.domain.types import ChainId


async def test_new_heads_are_followed(local_chain: anvil.Chain, node: rpc.Rpc) -> None:
    async with contextlib.aclosing(transport.follow_heads(local_chain.ws_url, ChainId(local_chain.chain_id))) as heads:
        waiting = asyncio.ensure_future(anext(heads))
        while not waiting.done():  # the subscription may start after any of these blocks
            await node.request("anvil_mine", "0x1")
            await asyncio.wait((waiting,), timeout=0.05)
        first = waiting.result()
        assert await node.header(first.number) == first
        await node.request("anvil_mine", "0x3")
        latest = await node.header("latest")
        async with asyncio.timeout(10):
            async for head in heads:
                if head == latest:
                    break


async def test_stream_ends_as_unavailable() -> None:
    url = f"ws://127.0.0.1:{ports.find_free_port()}"
    with pytest.raises(errors.Unavailable) as caught:
        await anext(transport.follow_heads(url, ChainId(1)))
    assert caught.value.code == "chain_unavailable"


async def test_stream_of_another_chain_is_refused(local_chain: anvil.Chain) -> None:
    with pytest.raises(errors.Corrupt) as caught:
        await anext(transport.follow_heads(local_chain.ws_url, ChainId(1)))
    assert caught.value.code == "wrong_chain"
