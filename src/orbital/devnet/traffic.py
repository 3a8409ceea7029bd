"""Demo traffic: a few users who keep sending intents, so that a fresh devnet has something to show."""

import asyncio
import contextlib
import itertools
from collections.abc import Mapping
from typing import Final

from orbital.chain.rpc import Rpc
from orbital.client.client import Client
from orbital.client.errors import ApiError
from orbital.devnet import files, trader
from orbital.domain.errors import OrbitalError
from orbital.domain.types import Amount, ChainId
from orbital.observe import logging

PAUSE_SECONDS: Final = 4.0
RETRY_SECONDS: Final = 2.0
COINS: Final = (25, 100, 400, 1_000)


async def run(devnet: files.Devnet) -> None:
    """Send an intent every few seconds until cancelled; the devnet's outages are waited out."""
    log = logging.get_logger("traffic")
    async with contextlib.AsyncExitStack() as stack:
        rpcs = {
            chain_id: await stack.enter_async_context(Rpc([endpoint.rpc_url], chain_id))
            for chain_id, endpoint in devnet.endpoints.items()
        }
        clients = [await stack.enter_async_context(Client(devnet.api_url, user)) for user in trader.list_users()]
        turns = zip(itertools.cycle(clients), itertools.cycle(COINS), trader.walk_routes(devnet.network), strict=False)
        is_funded = False
        for client, coins, route in turns:
            try:
                if not is_funded:
                    await _fund(devnet, rpcs)
                    is_funded = True
                await client.submit(
                    trader.make_intent(
                        devnet.network, route, client.address, coins, await _fetch_expected(client, route, coins)
                    )
                )
            except ApiError as error:
                log.warning("an intent was refused", code=error.code, detail=error.detail)
                is_funded = error.code != "insufficient_balance"
            except OrbitalError as error:
                log.warning("no intent now", code=error.code, detail=error.detail)
                await asyncio.sleep(RETRY_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)


async def _fetch_expected(client: Client, route: trader.Route, coins: int) -> Amount:
    """What the market gives now."""
    given, wanted = route.input_token, route.output_token
    amount = coins * 10**given.decimals
    quote = await client.fetch_quote((given.chain_id, given.address), (wanted.chain_id, wanted.address), amount)
    return Amount(int(quote.output_amount))


async def _fund(devnet: files.Devnet, rpcs: Mapping[ChainId, Rpc]) -> None:
    await trader.fund(devnet.network, rpcs, trader.list_users())
