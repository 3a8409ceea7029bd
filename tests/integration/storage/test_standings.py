"""Standings say what a count by hand says, in every column, window and order, of what is final and public alone."""

import dataclasses
import fractions
import random
import statistics

import pytest

from orbital.domain.network import Token
from orbital.domain.standings import Sort, Window
from orbital.storage import standings
from orbital.storage.standings import Entry

SOLVERS = [bytes([40 - number]) * 20 for number in range(14)]
USER = b"\x77" * 20
CHAIN = 7
TOKENS = (
    Token(CHAIN, b"\x01" * 20, "USDC", "", 6, "usdc", 999_801),
    Token(CHAIN, b"\x02" * 20, "DAI", "", 18, "dai", 1_000_000),
    Token(CHAIN, b"\x03" * 20, "WHOLE", "", 0, "whole", 1),
    Token(CHAIN, b"\x04" * 20, "FINE", "", 36, "fine", 123_456_789),
    Token(CHAIN, b"\x05" * 20, "ODD", "", 6, "odd"),
)
LENGTHS = [one.seconds for one in Window if one.seconds is not None]


@dataclasses.dataclass(frozen=True)
class Award:
    intent_id: bytes
    round: int
    solver: bytes
    result: str
    concluded_at: int
    open_seconds: int | None
    fill_seconds: int | None
    improvement_ppm: int | None
    token: Token
    amount: int


@dataclasses.dataclass(frozen=True)
class Bid:
    """A bid in a round, with what its intent and its round are."""

    intent_id: bytes
    solver: bytes
    received_at: int
    status: str
    state: str


@dataclasses.dataclass(frozen=True)
class Slash:
    solver: bytes
    time: int
    number: int
    is_canonical: bool


class World:
    """Solvers with awards, bids and slashes, and what standings must say of them, counted without SQL.

    `now` is the database's time in whole seconds; things happen at random, and at the edges of windows.
    """

    verified = 50

    def __init__(self, seed: int, now: int) -> None:
        self.now, self._random = now, random.Random(seed)
        pick = self._random
        self.reputation = {one: pick.choice((0, 5000, 5000, 7001, 10_000)) for one in pick.sample(SOLVERS, 9)}
        self.awards = [self._award(number) for number in range(pick.choice((0, 150, 400)))]
        self.bids = [self._bid(number) for number in range(150)]
        self.slashes = [self._slash(number) for number in range(20)]

    def _time(self) -> int:
        pick = self._random
        length = pick.choice(LENGTHS)
        return self.now - pick.choice((length - 1, length, length + 1, pick.randrange(1, 2 * length)))

    def _award(self, number: int) -> Award:
        pick = self._random
        result = pick.choice(("filled", "filled", "filled", "lapsed", "excused", "superseded"))
        filled = result in {"filled", "superseded"}
        return Award(
            number.to_bytes(32),
            pick.randrange(1, 4),
            pick.choice(SOLVERS[:10]),
            result,
            self._time(),
            pick.randrange(90) if filled and pick.random() < 0.9 else None,
            pick.randrange(300) if filled else None,
            pick.choice((None, 0, pick.randrange(100_000))),
            pick.choice(TOKENS),
            pick.choice((0, 1, pick.randrange(10**20), 2**256 - 1)),
        )

    def _bid(self, number: int) -> Bid:
        pick = self._random
        status = pick.choice(("pending", "matched", "opened", "filled", "settled", "cancelled", "expired"))
        state = pick.choice(("open", "closed", "void"))
        return Bid(number.to_bytes(32), pick.choice(SOLVERS[:12]), self._time(), status, state)

    def _slash(self, number: int) -> Slash:
        pick = self._random
        return Slash(pick.choice(SOLVERS), self._time(), pick.randrange(self.verified + 20), pick.random() < 0.7)

    async def put(self, connection) -> None:
        """All of it as rows; the last solvers are known by a profile alone."""
        await connection.executemany("INSERT INTO solvers VALUES ($1, 0, 0)", [(one,) for one in SOLVERS[:12]])
        await connection.executemany(
            """INSERT INTO solver_profiles (address, name, chain_ids, fee_bps, contact, nonce, deadline, signature)
            VALUES ($1, $2, '{7}', 0, '', 0, 0, '\\x')""",
            [(one, self.name_of(one)) for one in SOLVERS[10:]],
        )
        await connection.executemany(
            "INSERT INTO solver_scores VALUES ($1, $2, 1, '2026-01-01', '{}')", list(self.reputation.items())
        )
        await connection.executemany(
            "INSERT INTO concluded_awards VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $9, $10, $11, $12)",
            [
                (
                    one.intent_id, one.round, one.solver, USER, one.result, one.concluded_at, one.open_seconds,
                    one.fill_seconds, one.improvement_ppm, one.token.chain_id, one.token.address, one.amount,
                )
                for one in self.awards
            ],
        )  # fmt: skip
        await self._put_bids(connection)
        await self._put_slashes(connection)

    async def _put_bids(self, connection) -> None:
        await connection.executemany(
            """INSERT INTO intents (intent_id, user_address, recipient, origin_chain_id, destination_chain_id,
                input_token, input_amount, output_token, min_output_amount, nonce, open_deadline, fill_deadline,
                auctioneer, status, round, submitted, auctionable, created_at, updated_at)
            VALUES ($1, $2, $2, 7, 7, $2, 1, $2, 1, $3, 1, 1, $2, $4, 1, true, true, 1, 1)""",
            [(one.intent_id, USER, number, one.status) for number, one in enumerate(self.bids)],
        )
        await connection.executemany(
            """INSERT INTO auctions (intent_id, round, state, closes_at, closed_at)
            VALUES ($1, 1, $2, now(), CASE WHEN $2 = 'open' THEN NULL ELSE now() END)""",
            [(one.intent_id, one.state) for one in self.bids],
        )
        await connection.executemany(
            """INSERT INTO bids (bid_id, intent_id, round, solver, output_amount, valid_until, signature, received_at)
            VALUES ($1, $1, 1, $2, 1, 1, '\\x', to_timestamp($3))""",
            [(one.intent_id, one.solver, one.received_at) for one in self.bids],
        )

    async def _put_slashes(self, connection) -> None:
        await connection.execute(
            """INSERT INTO checkpoints (chain_id, genesis_hash, start_block, number, hash, timestamp, verified_number)
            VALUES (7, $1, 0, 99, $1, 1, $2)""",
            bytes(32),
            self.verified,
        )
        for number, one in enumerate(self.slashes):
            block_hash = (1000 + number).to_bytes(32)
            await connection.execute(
                "INSERT INTO blocks VALUES (7, $1, $2, $2, $3, $4) ON CONFLICT DO NOTHING",
                100 * one.number + number,
                block_hash,
                one.time,
                one.is_canonical,
            )
            await connection.execute(
                """INSERT INTO facts (name, actor, chain_id, block_number, block_hash, tx_hash, log_index, timestamp,
                    data) VALUES ('SolverSlashed', $1, 7, $2, $3, $3, 0, $4, '{}')""",
                one.solver,
                one.number,
                block_hash,
                one.time,
            )

    @staticmethod
    def name_of(solver: bytes) -> str | None:
        return f"solver {solver[0]}" if solver in SOLVERS[10:] else None

    def count(self, solver: bytes, window: Window) -> dict[str, object]:
        """What standings say of a solver, by column."""
        since = 0 if window.seconds is None else self.now - window.seconds
        mine = [one for one in self.awards if one.solver == solver and one.concluded_at >= since]
        filled = [one for one in mine if one.result == "filled"]
        awards = len(filled) + sum(one.result == "lapsed" for one in mine)
        gains = [one.improvement_ppm for one in filled if one.improvement_ppm is not None]
        volumes: dict[Token, int] = {}
        for one in filled:
            volumes[one.token] = volumes.get(one.token, 0) + one.amount
        dollars = sum(
            fractions.Fraction(amount * token.usd_micro, 10**6 * 10**token.decimals)
            for token, amount in volumes.items()
            if token.usd_micro is not None
        )
        return {
            "bids": sum(
                one.solver == solver
                and one.received_at >= since
                and one.state != "open"
                and one.status not in {"pending", "matched"}
                for one in self.bids
            ),
            "awards": awards,
            "fills": len(filled),
            "excused": sum(one.result == "excused" for one in mine),
            "slashes": sum(
                one.solver == solver and one.time >= since and one.is_canonical and one.number <= self.verified
                for one in self.slashes
            ),
            "success_bps": len(filled) * 10_000 // awards if awards else None,
            "median_open_seconds": median(one.open_seconds for one in filled),
            "median_fill_seconds": median(one.fill_seconds for one in filled),
            "price_improvement_bps": sum(gains) // (100 * len(gains)) if gains else None,
            "volumes": [
                {"chain_id": token.chain_id, "token": "0x" + token.address.hex(), "amount": str(amount)}
                for token, amount in sorted(volumes.items(), key=lambda item: item[0].address)
            ],
            "volume_usd_cents": int(100 * dollars),
            "reputation": self.reputation.get(solver, 5000),
        }

    def rank(self, window: Window, sort: Sort) -> list[Entry]:
        """The leaderboard."""
        counted = {solver: self.count(solver, window) for solver in SOLVERS}
        column, sign = {
            Sort.REPUTATION: ("reputation", -1),
            Sort.VOLUME: ("volume_usd_cents", -1),
            Sort.FILLS: ("fills", -1),
            Sort.SUCCESS_RATE: ("success_bps", -1),
            Sort.SPEED: ("median_fill_seconds", 1),
        }[sort]

        def place(solver: bytes) -> tuple[bool, int, bytes]:
            value = counted[solver][column]
            return value is None, 0 if value is None else sign * value, solver

        shown = ("reputation", "awards", "fills", "success_bps", "median_fill_seconds", "volume_usd_cents")
        return [
            Entry(number, solver, self.name_of(solver), *(counted[solver][one] for one in shown))
            for number, solver in enumerate(sorted(SOLVERS, key=place), start=1)
        ]


def median(values) -> int | None:
    known = [fractions.Fraction(one) for one in values if one is not None]
    return int(statistics.median(known)) if known else None


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_figure_and_place_is_what_a_count_by_hand_gives(connection, seed):
    now = await connection.fetchval("SELECT floor(extract(epoch FROM now()))::bigint")
    world = World(seed, now)
    await world.put(connection)
    for window in Window:
        await standings.refresh(connection, window, TOKENS)
        found = await connection.fetch("SELECT * FROM solver_standings WHERE period = $1", window.value)
        for row in found:
            expected = world.count(row["address"], window)
            assert {name: row[name] for name in expected} == expected
        assert {row["address"] for row in found} == set(SOLVERS)
        for sort in Sort:
            page = await standings.list_page(connection, window, sort, 0, 100)
            assert page.entries == world.rank(window, sort)
            later = await standings.list_page(connection, window, sort, 5, 3)
            assert later.entries == page.entries[5:8]


async def test_counting_again_replaces_what_was_counted(connection):
    now = await connection.fetchval("SELECT floor(extract(epoch FROM now()))::bigint")
    await World(1, now).put(connection)
    await standings.refresh(connection, Window.ALL, TOKENS)
    await connection.execute("DELETE FROM concluded_awards")
    await connection.execute("DELETE FROM solver_profiles WHERE address <> ALL ($1)", SOLVERS[12:13])
    await connection.execute("UPDATE solver_scores SET reputation = 1")
    await standings.refresh(connection, Window.ALL, TOKENS)
    page = await standings.list_page(connection, Window.ALL, Sort.REPUTATION, 0, 100)
    assert {(one.awards, one.fills, one.volume_usd_cents) for one in page.entries} == {(0, 0, 0)}
    assert [one.place for one in page.entries] == list(range(1, len(SOLVERS)))
    assert SOLVERS[13] not in {one.solver for one in page.entries}
    rows = "SELECT ctid::text, xmax::text FROM solver_standings ORDER BY address"
    before = await connection.fetch(rows)
    await standings.refresh(connection, Window.ALL, TOKENS)
    assert await connection.fetch(rows) == before  # what is the same is not written


async def test_a_window_says_when_its_first_leaves_it(connection):
    now = await connection.fetchval("SELECT floor(extract(epoch FROM now()))::bigint")
    assert await standings.refresh(connection, Window.HOUR, ()) is None
    await connection.execute("INSERT INTO solvers VALUES ($1, 0, 0)", SOLVERS[0])
    put = """INSERT INTO concluded_awards
        VALUES ($1, 1, $2, $2, 'filled', 0, $3, 1, 1, NULL, 7, $2, 1)"""
    for back in (10, 3500, 3600, 3601):
        await connection.execute(put, back.to_bytes(32), SOLVERS[0], now - back)
    assert await standings.refresh(connection, Window.HOUR, ()) == now + 1
    (entry,) = (await standings.list_page(connection, Window.HOUR, Sort.FILLS, 0, 10)).entries
    assert entry.fills == 3
    assert await standings.refresh(connection, Window.ALL, ()) is None


async def test_nothing_is_told_of_a_window_before_it_is_counted_nor_of_who_is_not_known(connection):
    await connection.execute("INSERT INTO solvers VALUES ($1, 0, 0)", SOLVERS[0])
    assert await standings.list_page(connection, Window.DAY, Sort.SPEED, 0, 10) == standings.Page(None, [])
    assert await standings.find_performance(connection, SOLVERS[1], Window.DAY) is None
    early = await standings.find_performance(connection, SOLVERS[0], Window.DAY)
    assert (early.counted_at, early.bids, early.volumes, early.success_bps) == (None, 0, [], None)
    assert early.score == standings.Score(5000, 1, None, None)
