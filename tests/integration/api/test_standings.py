"""The leaderboard and a solver's performance: pages that fit together, figures as counted, nothing of sealed bids."""

import datetime as dt

import pytest

from orbital.chain import hexes
from orbital.domain import facts
from orbital.domain.standings import Sort, Window
from orbital.storage import pool, standings

BOARD = "/api/v1/solver/leaderboard"
SOLVERS = [bytes([number]) * 20 for number in range(1, 8)]


class Standings:
    """Seven known solvers; number n of them filled n awards of n seconds each, and let one lapse."""

    def __init__(self, api) -> None:
        self.api = api

    async def put(self) -> None:
        for number, solver in enumerate(SOLVERS, start=1):
            await self.api.execute("INSERT INTO solvers VALUES ($1, 0, 0)", solver)
            for index in range(number + 1):
                await self.put_award(solver, index, "filled" if index else "lapsed", number)
            await self.api.execute(
                "INSERT INTO solver_scores VALUES ($1, $2, 1, '2027-01-15', $3)",
                solver,
                10_000 - number,
                {"days_with_bids": number},
            )

    async def put_award(self, solver: bytes, index: int, result: str, seconds: int) -> None:
        await self.api.execute(
            """INSERT INTO concluded_awards VALUES ($1, 1, $2, $2, $3, 0, extract(epoch FROM now())::bigint - 100,
                $4, $4, 250, 31338, $5, 1500000)""",
            solver + index.to_bytes(12),
            solver,
            result,
            seconds,
            self.api.output_token,
        )

    async def count(self, *windows: Window) -> None:
        tokens = [one for chain in self.api.network.chains.values() for one in chain.tokens]
        for window in windows or Window:
            async with pool.transaction(self.api.database) as connection:
                await standings.refresh(connection, window, tokens)

    async def read(self, path: str = BOARD, **asked):
        answer = await self.api.client.get(path, params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def performance(self, solver: bytes, **asked):
        return await self.read(f"/api/v1/solver/{hexes.to_checksum(solver)}/performance", **asked)


@pytest.fixture
async def board(api):
    made = Standings(api)
    await made.put()
    return made


async def test_pages_are_the_whole_leaderboard_in_order(board):
    await board.count()
    for sort in Sort:
        whole = await board.read(sort=sort, window="24h", limit=100)
        assert [one["rank"] for one in whole["data"]] == list(range(1, 8))
        assert whole["next_cursor"] is None
        walked, cursor = [], {}
        while cursor is not None:
            page = await board.read(sort=sort, window="24h", limit=3, **cursor)
            assert page["as_of"] == whole["as_of"]
            walked += page["data"]
            cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
        assert walked == whole["data"]


async def test_an_entry_has_its_figures(board):
    await board.count()
    await board.api.execute(
        """INSERT INTO solver_profiles (address, name, chain_ids, fee_bps, contact, nonce, deadline, signature)
        VALUES ($1, 'Example', '{31337}', 0, '', 0, 0, '\\x')""",
        SOLVERS[2],
    )
    page = await board.read(sort="fills")
    assert [one["fills"] for one in page["data"]] == [7, 6, 5, 4, 3, 2, 1]
    assert page["data"][4] == {
        "rank": 5,
        "solver": hexes.to_checksum(SOLVERS[2]),
        "name": "Example",
        "reputation": 9997,
        "awards": 4,
        "fills": 3,
        "success_bps": 7500,
        "median_fill_seconds": 3,
        "volume_usd_cents": "450",
    }
    assert [one["median_fill_seconds"] for one in (await board.read(sort="speed"))["data"]] == list(range(1, 8))
    assert (await board.read())["data"] == (await board.read(sort="reputation", window="30d"))["data"]


async def test_places_that_are_counted_anew_between_pages_are_of_a_newer_time(board):
    await board.count()
    first = await board.read(sort="fills", limit=3)
    for index in range(100, 110):
        await board.put_award(SOLVERS[0], index, "filled", 1)  # the last one takes the lead
    await board.count()
    second = await board.read(sort="fills", limit=100, cursor=first["next_cursor"])
    assert second["as_of"] > first["as_of"]
    assert [one["rank"] for one in second["data"]] == [4, 5, 6, 7]
    assert second["data"][0]["solver"] == first["data"][-1]["solver"]  # pushed past the cursor: told again


async def test_nothing_is_counted_before_the_first_time(board):
    assert await board.read() == {"data": [], "next_cursor": None, "as_of": None}
    assert (await board.performance(SOLVERS[0]))["as_of"] is None


async def test_a_cursor_is_of_its_own_list(board):
    await board.count()
    cursor = (await board.read(sort="fills", limit=3))["next_cursor"]
    for asked in ({"sort": "speed"}, {"sort": "fills", "window": "1h"}, {}):
        answer = await board.api.client.get(BOARD, params=asked | {"cursor": cursor})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/cursor")


async def test_what_is_not_offered_is_refused(api):
    for asked in ("window=2h", "window=", "sort=luck", "limit=0", "limit=101", "page=1", "window=1H"):
        answer = await api.client.get(f"{BOARD}?{asked}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), asked


async def test_a_solvers_performance_has_its_figures(board):
    await board.count()
    shown = await board.performance(SOLVERS[2], window="1h")
    assert dt.datetime.fromisoformat(shown.pop("as_of")).tzinfo is not None
    assert shown == {
        "solver": hexes.to_checksum(SOLVERS[2]),
        "window": "1h",
        "counts": {"bids": 0, "awards": 4, "fills": 3, "lapses": 1, "excused": 0, "slashes": 0},
        "fill_rate_bps": 7500,
        "median_open_seconds": 3,
        "median_fill_seconds": 3,
        "price_improvement_bps": 2,
        "volume": [
            {
                "chain_id": 31338,
                "token": hexes.to_checksum(board.api.output_token),
                "symbol": "USDC",
                "amount": "4500000",
            }
        ],
        "volume_usd_cents": "450",
        "reputation": {"score": 9997, "version": 1, "as_of": "2027-01-15", "inputs": {"days_with_bids": 3}},
    }
    assert (await board.performance(SOLVERS[2]))["window"] == "30d"
    answer = await board.api.client.get(f"/api/v1/solver/{hexes.to_checksum(SOLVERS[2])}/performance?window=2h")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/window")


async def test_a_profile_that_nobody_scored_yet_has_a_new_solvers_reputation(api):
    newcomer = await api.registered()
    shown = await Standings(api).performance(newcomer.address)
    assert shown["reputation"] == {"score": 5000, "version": 1, "as_of": None, "inputs": None}


async def test_who_is_not_known_is_not_found(api):
    for address in ("0x" + "ff" * 20, "0x1", "leaderboards", "0x" + "Ab" * 20):
        answer = await api.client.get(f"/api/v1/solver/{address}/performance")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), address


async def test_a_sealed_bid_is_not_counted_until_anybody_may_read_it(api):
    """Not while its round takes bids, nor while the award may lapse into another round."""
    board, user, solver = Standings(api), await api.funded_user(), await api.bonded_solver()
    intent = api.intent(user.address)
    sent = await api.client.post("/api/v1/intents", json=api.submission(intent, user))
    assert sent.status_code == 201, sent.text

    async def told() -> int:
        await board.count(Window.DAY)
        shown = await board.performance(solver.address, window="24h")
        is_public = (await api.client.get(api.path(intent, "/auction"))).status_code == 200
        assert (shown["counts"]["bids"] > 0) == is_public
        return shown["counts"]["bids"]

    login = await api.login(solver)
    for output_amount in (995_000, 996_000):
        placed = api.bid(intent, solver, output_amount=output_amount)
        answer = await api.client.post(api.path(intent, "/bids"), json=placed, headers=login)
        assert answer.status_code == 201, answer.text
    assert await told() == 0
    await api.award(intent, solver.address, 996_000)
    assert await told() == 0
    await api.record_on_chain(31337, facts.IntentOpened(intent, solver.address, 996_000), api.intent_id(intent))
    assert await told() == 2
