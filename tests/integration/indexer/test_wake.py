"""Announcements of heads are taken from the first place that gives any, and nothing depends on them."""

import collections.abc
import contextlib
import json
import typing

import pytest
from websockets.asyncio import server

from orbital.devnet import ports
from orbital.observe import metrics

QUICK = {"poll_seconds": 0.05, "watchdog_seconds": 0.05, "silence_seconds": 0.4}


@contextlib.asynccontextmanager
async def silent(chain_id: int, head: typing.Any) -> collections.abc.AsyncIterator[str]:
    """A node that takes a subscription, and announces `head` at most."""

    async def talk(connection: server.ServerConnection) -> None:
        async for text in connection:
            call = json.loads(text)
            result = hex(chain_id) if call["method"] == "eth_chainId" else "0x5"
            await connection.send(json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}))
            if call["method"] == "eth_subscribe" and head is not None:
                notice = {"subscription": "0x5", "result": head}
                await connection.send(json.dumps({"method": "eth_subscription", "params": notice}))

    async with server.serve(talk, ports.LOOPBACK, 0) as listening:
        yield f"ws://{ports.LOOPBACK}:{listening.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("says_one", [False, True])
async def test_a_subscription_that_is_away_or_silent_is_left_for_the_next(world, wait_until, says_one):
    head = await world.nodes[world.origin].request("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - RPC's own
    dead, real = f"ws://{ports.LOOPBACK}:{ports.find_free_port()}", world.running[world.origin].ws_url
    async with silent(world.origin, head if says_one else None) as mute:
        world.sources[world.origin] = world.nodes[world.origin], [dead, mute, real]
        async with world.indexing(world.origin, **QUICK):

            async def is_real_heard() -> bool:
                await world.mine(world.origin)
                return ended(world, mute, "silent") >= 1 and figure("announced", world) == 1

            await wait_until(is_real_heard)
            await world.caught_up(world.origin)
            assert ended(world, dead, "chain_unavailable") >= 1


async def test_a_chain_that_stands_still_is_not_silent(world, wait_until):
    chain_id = world.origin
    async with silent(chain_id, None) as mute:
        world.sources[chain_id] = world.nodes[chain_id], [mute]
        async with world.indexing(chain_id, **QUICK, verify_seconds=0.05):
            await world.caught_up(chain_id)
            await world.mine(chain_id)  # one that may have fallen between two subscriptions
            await world.caught_up(chain_id)
            seen = asked(world)
            await wait_until(lambda: is_above(asked(world), seen + 20))  # a second and more of looks
        assert ended(world, mute, "silent") == 0


async def is_above(count, number):
    return count > number


def ended(world, url, reason):
    return total("orbital_indexer_streams_ended_total", world, f'node="{url.removeprefix("ws://")}"', f'"{reason}"')


def figure(name, world):
    return total(f"orbital_indexer_{name}", world)


def asked(world):
    return total("orbital_node_requests_total", world)


def total(name, world, *parts: str):
    start = f'{name}{{chain_id="{world.origin}"'
    lines = [line for line in metrics.render().decode().splitlines() if line.startswith(start)]
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(part in line for part in parts))
