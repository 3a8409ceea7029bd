"""`orbital up` with a database, a Redis and chains from outside uses those, and deploys nothing to them."""

import asyncio
import contextlib

import pytest

from orbital.chain.rpc import Rpc
from orbital.client.client import Client
from orbital.devnet import deploy, files, trader


@pytest.fixture
async def outside(anvil_chain, tmp_path):
    """Two chains that the stack did not start, with contracts, and the settings file that tells of them."""
    chains = [anvil_chain(chain_id, block_seconds=1) for chain_id in (31337, 31338)]
    endpoints = {chain.chain_id: files.Endpoint(chain.rpc_url, chain.ws_url) for chain in chains}
    async with contextlib.AsyncExitStack() as stack:
        rpcs = {
            chain_id: await stack.enter_async_context(Rpc([endpoint.rpc_url], chain_id))
            for chain_id, endpoint in endpoints.items()
        }
        network = await deploy.deploy(rpcs)
        await trader.fund(network, rpcs, trader.list_users())
        yield files.write_config(tmp_path, network, endpoints), network


async def test_an_intent_settles_on_parts_from_outside_of_which_the_database_comes_late(
    outside, start_up, late_database, redis_url
):
    (config, network), (database_url, late) = outside, late_database
    places = {
        "ORBITAL_CONFIG": str(config),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "ORBITAL_BUNDLED": "",
    }
    up = start_up("--no-demo", environment=places)
    async with asyncio.timeout(120):
        while "waiting_for_database" not in up.output:  # noqa: ASYNC110 - another process says it
            await asyncio.sleep(0.05)
    late.opened.set()
    devnet = await asyncio.to_thread(up.wait_ready)
    assert not {name for name in devnet["processes"] if name in {"postgres", "redis"} or name.startswith("anvil")}
    assert devnet["database_url"] == database_url
    settlers = {chain.settler.hex() for chain in network.chains.values()}
    assert {chain["settler"].lower()[2:] for chain in devnet["chains"]} == settlers

    user = trader.list_users()[0]
    async with Client(devnet["api_url"], user) as client:
        route = next(trader.walk_routes(network))
        view = await client.submit(trader.make_intent(network, route, user.address, 100))
        async with asyncio.timeout(120):
            while view.status != "settled":
                await asyncio.sleep(0.2)
                view = await client.fetch_intent(view.intent_id)
