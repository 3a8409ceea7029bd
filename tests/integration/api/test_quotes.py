"""A quote's hops are what the pools pay at the block that is named; pools are shown as the chains have them."""

import asyncio
import contextlib
import itertools
import random

import pytest

from orbital.api.schemas import pools as schemas
from orbital.chain import hexes, keys, pool, token, transactions
from orbital.domain.types import UINT256_MAX, ChainId
from orbital.indexer import loop
from orbital.indexer.settings import IndexerSettings
from orbital.storage import chains
from orbital.storage import pool as connections

FOREVER = 2**63
TRADER = keys.generate_signer()
WAIT_SECONDS = 30


class Place:
    """The API with both chains indexed by real workers, and a trader who has every coin."""

    def __init__(self, api) -> None:
        self.api, self.network = api, api.network

    def coin(self, chain_id, symbol):
        return next(one for one in self.network.chains[chain_id].tokens if one.symbol == symbol)

    async def fund(self) -> None:
        for chain in self.network.chains.values():
            node = self.api.rpcs[chain.chain_id]
            await node.request("anvil_setBalance", hexes.to_hex(TRADER.address), hex(10**20))
            wallet = transactions.Wallet(node, TRADER)
            sent = [
                await wallet.send(one.address, data, gas=100_000)
                for one in chain.tokens
                for data in (
                    token.mint(TRADER.address, 10**9 * 10**one.decimals),
                    token.approve(chain.pools[0], UINT256_MAX),
                )
            ]
            await wallet.wait_receipt(sent[-1])

    async def swap(self, given, wanted, coins: int) -> None:
        data = self.calldata(given, wanted, coins * 10**given.decimals)
        wallet = transactions.Wallet(self.api.rpcs[given.chain_id], TRADER)
        await wallet.transact(self.network.chains[given.chain_id].pools[0], data)

    def calldata(self, given, wanted, amount: int) -> bytes:
        tokens = self.network.chains[given.chain_id].tokens
        places = tokens.index(given), tokens.index(wanted)
        return pool.swap(*places, amount, min_amount_out=0, to=TRADER.address, deadline=FOREVER)

    async def paid(self, hop) -> int:
        """What the contract pays for a hop's trade at the block of the quote, by simulation."""
        tokens = {hexes.to_checksum(one.address): one for one in self.network.chains[hop["chain_id"]].tokens}
        given, wanted = tokens[hop["token_in"]], tokens[hop["token_out"]]
        call = {
            "from": hexes.to_hex(TRADER.address),
            "to": hop["pool"],
            "data": hexes.to_hex(self.calldata(given, wanted, int(hop["amount_in"]))),
        }
        answer = await self.api.rpcs[given.chain_id].request("eth_call", call, {"blockHash": hop["block_hash"]})
        return pool.decode_amount_out(hexes.parse_bytes(answer))

    async def quote(self, given, wanted, amount: int):
        asked = {
            "origin_chain_id": given.chain_id,
            "destination_chain_id": wanted.chain_id,
            "input_token": hexes.to_checksum(given.address),
            "output_token": hexes.to_checksum(wanted.address),
            "input_amount": str(amount),
        }
        return await self.api.client.post("/api/v1/quotes", json=asked)

    @contextlib.asynccontextmanager
    async def indexing(self):
        settings = IndexerSettings(poll_seconds=0.05)
        tasks = [
            asyncio.create_task(loop.run(self.api.database, node, None, self.network, chain_id, settings))
            for chain_id, node in self.api.rpcs.items()
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def caught_up(self) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            for chain_id, node in self.api.rpcs.items():
                head = await node.header("latest")
                while await self.checkpoint(chain_id) != head.hash:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

    async def checkpoint(self, chain_id: ChainId):
        async with connections.acquire(self.api.database) as connection:
            found = await chains.find_checkpoint(connection, chain_id)
        return found and found.hash


@pytest.fixture
async def place(api):
    made = Place(api)
    await made.fund()
    async with made.indexing():
        await made.caught_up()
        yield made


async def test_hops_are_what_the_pools_pay_at_that_block(place):
    rng = random.Random(3)
    coins = [one for chain in place.network.chains.values() for one in chain.tokens]
    pairs = [(given, wanted) for given, wanted in itertools.permutations(coins, 2) if given.asset != wanted.asset]
    for shift in (0, 900_000, 1_500_000):
        if shift:
            await place.swap(place.coin(31337, "USDC"), place.coin(31337, "DAI"), shift)
            await place.swap(place.coin(31338, "FRAX"), place.coin(31338, "USDT"), shift)
            await place.caught_up()
        for given, wanted in rng.sample(pairs, 8):
            amount = int(10 ** rng.uniform(-3, 5.5) * 10**given.decimals)
            answer = await place.quote(given, wanted, amount)
            assert answer.status_code == 200, answer.text
            told = answer.json()
            schemas.ShownQuote.model_validate(told)
            (hop,) = told["route"]
            assert int(hop["amount_out"]) == await place.paid(hop)
            assert told["output_amount"] == hop["amount_out"]  # a coin has the same decimals on both chains


async def test_the_same_asset_goes_across_at_par(place):
    answer = await place.quote(place.coin(31337, "DAI"), place.coin(31338, "DAI"), 123)
    told = answer.json()
    assert (told["output_amount"], told["route"], told["fee"], told["price_impact_bps"]) == ("123", [], "0", 0)


async def test_the_better_of_both_chains_pools_is_taken(place):
    usdc, dai = ([place.coin(chain_id, symbol) for chain_id in (31337, 31338)] for symbol in ("USDC", "DAI"))
    await place.swap(usdc[0], dai[0], 100_000)
    await place.swap(dai[1], usdc[1], 3_000_000)
    await place.caught_up()
    for given, wanted in ((usdc, dai), (dai, usdc)):
        amount = 1000 * 10 ** given[0].decimals
        across = (await place.quote(given[0], wanted[1], amount)).json()
        swaps = [(await place.quote(*pair, amount)).json() for pair in zip(given, wanted, strict=True)]
        outputs = [int(one["output_amount"]) for one in swaps]
        better = outputs.index(max(outputs))
        assert outputs[0] != outputs[1]
        assert int(across["output_amount"]) == outputs[better]
        assert across["route"] == swaps[better]["route"]
        assert [hop["chain_id"] for hop in across["route"]] == [(31337, 31338)[better]]


REFUSALS = (
    ({"origin_chain_id": 1}, "unsupported_chain"),
    ({"destination_chain_id": 1}, "unsupported_chain"),
    ({"input_token": "0x" + "01" * 20}, "unsupported_token"),
    ({"output_token": "0x" + "01" * 20}, "unsupported_token"),
    ({"input_amount": "0"}, "invalid_amount"),
    ({"input_amount": "1"}, "invalid_amount"),
    ({"input_amount": str(2**256 - 1)}, "invalid_amount"),
    ({"input_amount": "1" + "0" * 15}, "insufficient_liquidity"),
    ({"extra": 1}, "invalid_request"),
)


async def test_what_has_no_quote_is_refused_by_its_code(place):
    usdc, dai = place.coin(31337, "USDC"), place.coin(31338, "DAI")
    asked = {
        "origin_chain_id": 31337,
        "destination_chain_id": 31338,
        "input_token": hexes.to_checksum(usdc.address),
        "output_token": hexes.to_checksum(dai.address),
        "input_amount": "1000000",
    }
    for change, code in REFUSALS:
        answer = await place.api.client.post("/api/v1/quotes", json=asked | change)
        assert (answer.status_code, answer.json()["code"]) == (422, code), change
    same = await place.quote(usdc, usdc, 10**6)
    assert (same.status_code, same.json()["code"]) == (422, "unsupported_token")


async def test_a_chain_that_nobody_follows_gives_no_quotes(api):
    place = Place(api)
    answer = await place.quote(place.coin(31337, "USDC"), place.coin(31338, "DAI"), 10**6)
    assert (answer.status_code, answer.json()["code"]) == (503, "chain_unavailable")
    assert answer.headers["retry-after"]


async def test_pools_are_shown_as_the_chains_have_them(place):
    first = (await place.api.client.get("/api/v1/pools", params={"limit": 1})).json()
    rest = (await place.api.client.get("/api/v1/pools", params={"cursor": first["next_cursor"]})).json()
    assert rest["next_cursor"] is None
    listed = first["data"] + rest["data"]
    assert [one["chain_id"] for one in listed] == [31337, 31338]
    for one in listed:
        answer = await place.api.client.get(f"/api/v1/pools/{one['chain_id']}/{one['address']}")
        told = answer.json()
        schemas.ShownPoolDetail.model_validate(told)
        assert one.items() <= told.items()
        node, at = place.api.rpcs[ChainId(one["chain_id"])], hexes.parse_address(one["address"])
        state = await pool.fetch_state(node, at, block=hexes.parse_hash(told["block_hash"]))
        assert [int(token["virtual_reserve"]) for token in told["tokens"]] == list(state.reserves)
        assert [int(tick["radius"]) for tick in told["ticks"]] == list(state.radii)
        assert [tick["interior"] for tick in told["ticks"]] == list(state.interior)
        assert all(told["prices"][place][place] == str(10**18) for place in range(4))
        depths = [int(one["amount_in"]) for one in told["depth"][:3]]
        assert 0 < depths[0] < depths[1] < depths[2]
        twin = await place.api.client.get(f"/api/v1/pools/0{one['chain_id']}/{one['address']}")
        assert twin.status_code == 404  # one pool has one path


@pytest.mark.parametrize("path", ["1/0x" + "00" * 20, "31337/0x" + "00" * 20, "31337/x", "x/0x", "9" * 40 + "/0x"])
async def test_there_is_no_other_pool(api, path):
    answer = await api.client.get(f"/api/v1/pools/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
