"""Scores are those of the formula on all that counts, and nothing else counts."""

import collections
import dataclasses
import hashlib
import random
import statistics

import asyncpg
import pytest

from orbital.domain import reputation
from orbital.domain.reputation import Day, Record
from orbital.storage import migrate, pool, scores, sql
from orbital.storage.settings import StorageSettings

CHAIN = 7
DAY = 86400
FINAL = 1000
SEED_ROWS = 600


def bytes_of(*parts: object, size=32):
    return hashlib.sha256(repr(parts).encode()).digest()[:size]


SOLVERS = [bytes_of("solver", number, size=20) for number in range(5)]
USERS = [bytes_of("user", number, size=20) for number in range(4)]


@dataclasses.dataclass(frozen=True)
class Award:
    """A row of `concluded_awards`, as far as scores read it."""

    solver: bytes
    user: bytes
    result: str
    awarded_at: int
    fill_seconds: int | None = None
    improvement_ppm: int | None = None
    name: object = 0

    @property
    def intent_id(self):
        return bytes_of(self)

    @property
    def row(self):
        return (
            self.intent_id, 1, self.solver, self.user, self.result, self.awarded_at, self.awarded_at + 100, None,
            self.fill_seconds, self.improvement_ppm, CHAIN, bytes(20), 1,
        )  # fmt: skip


@pytest.fixture
async def today(connection):
    await connection.execute(
        "INSERT INTO checkpoints (chain_id, genesis_hash, start_block, number, hash, timestamp, verified_number) "
        "VALUES ($1, $2, 0, $4, $2, 1, $3)",
        CHAIN,
        bytes(32),
        FINAL,
        FINAL + 100,
    )
    return await connection.fetchval("SELECT floor(extract(epoch FROM now()) / 86400)::bigint")


async def put_awards(connection, awards):
    await connection.executemany(
        f"INSERT INTO concluded_awards VALUES ({', '.join(f'${n}' for n in range(1, 14))})",
        [award.row for award in awards],
    )


async def put_bid(connection, solver, at):
    """A bid of its own sealed round."""
    intent_id = bytes_of("bid", solver, at)
    await connection.execute(
        "INSERT INTO auctions (intent_id, round, closes_at) VALUES ($1, 1, now()) ON CONFLICT DO NOTHING", intent_id
    )
    await connection.execute(
        "INSERT INTO bids (bid_id, intent_id, round, solver, output_amount, valid_until, signature, received_at) "
        "VALUES ($1, $1, 1, $2, 1, 1, $1, to_timestamp($3))",
        intent_id,
        solver,
        at,
    )


async def slash(connection, solver, at, number, *, canonical=True):
    block_hash = bytes_of("block", solver, at, number)
    await connection.execute(
        "INSERT INTO blocks VALUES ($1, $2, $3, $3, $4, $5)", CHAIN, number, block_hash, at, canonical
    )
    await connection.execute(
        "INSERT INTO facts (name, actor, chain_id, block_number, block_hash, tx_hash, log_index, timestamp, data) "
        "VALUES ('SolverSlashed', $1, $2, $3, $4, $4, 0, $5, '{}')",
        solver,
        CHAIN,
        number,
        block_hash,
        at,
    )


async def put_solver(connection, solver, registered_at):
    await connection.execute("INSERT INTO solvers VALUES ($1, 1, 0, $2, $2)", solver, registered_at)


async def load(connection, solver, today):
    return (await scores.load_records(connection, [solver], today))[solver]


def expected_days(awards, today):
    """The peer: by user and day the first five that count, whatever came of them."""
    groups = collections.defaultdict(list)
    for award in sorted(awards, key=lambda one: (one.awarded_at, one.intent_id)):
        age = today - award.awarded_at // DAY
        if award.result in {"filled", "lapsed"} and age < 280:
            groups[award.user, age].append(award)
    counted = [(age, award) for (_, age), found in groups.items() for award in found[:5]]
    days = collections.Counter((age, award.result) for age, award in counted)
    ages = sorted({age for age, _ in days}, reverse=True)
    return [Day(age, days[age, "filled"], days[age, "lapsed"]) for age in ages], [
        award for age, award in counted if age < 30 and award.result == "filled"
    ]


@pytest.mark.parametrize("seed", range(4))
async def test_records_are_those_that_plain_counting_finds(connection, today, seed):
    chance = random.Random(seed)
    awards = [
        Award(
            chance.choice(SOLVERS[:4]),
            chance.choice(USERS),
            chance.choice(["filled", "filled", "lapsed", "excused", "superseded"]),
            (today - chance.choice([0, 0, 1, 2, 28, 29, 30, 31, 278, 279, 280, 281])) * DAY + chance.randrange(DAY),
            chance.choice([0, 1, 7, 600, 2**62, 2**62 + 1]),
            chance.choice([None, 0, 1, 5000, 2**63 - 1]),
            number,
        )
        for number in range(SEED_ROWS)
    ]
    await put_awards(connection, awards)
    bid_days = {solver: set(chance.sample(range(33), chance.randrange(12))) for solver in SOLVERS}
    slashes = {solver: [chance.choice([0, 88, 89, 90, 91]) for _ in range(chance.randrange(4))] for solver in SOLVERS}
    number = 0
    for solver in SOLVERS:
        for age in bid_days[solver]:
            for second in (0, DAY - 1):
                await put_bid(connection, solver, (today - age) * DAY + second)
        for age in slashes[solver]:
            number += 1
            await slash(connection, solver, (today - age) * DAY + chance.randrange(DAY), number)
    registered = dict(zip(SOLVERS, [None, today - 29, today - 30, today, 0], strict=True))
    for solver, day in registered.items():
        await put_solver(connection, solver, None if day is None else day * DAY)
    found = await scores.load_records(connection, SOLVERS, today)
    for solver in SOLVERS:
        days, fills = expected_days([one for one in awards if one.solver == solver], today)
        times = sorted(one.fill_seconds for one in fills)
        gains = [one.improvement_ppm for one in fills if one.improvement_ppm is not None]
        middle = statistics.median_low(times) + statistics.median_high(times) if times else None
        day = registered[solver]
        assert found[solver] == Record(
            days=days,
            median_fill_seconds=None if middle is None else middle // 2,
            mean_improvement_ppm=sum(gains) // len(gains) if gains else None,
            days_with_bids=len([age for age in bid_days[solver] if 1 <= age <= 30]),
            is_new=day is None or today - day < 30,
            slashes=len([age for age in slashes[solver] if age < 90]),
        )


async def test_a_stored_score_is_the_formula_of_its_inputs(connection, today):
    award = Award(SOLVERS[0], USERS[0], "filled", today * DAY, 12, 2500)
    await put_awards(connection, [award])
    await put_solver(connection, SOLVERS[0], 1)
    await scores.score(connection, SOLVERS[:1])
    row = await connection.fetchrow("SELECT *, as_of - '1970-01-01'::date AS day FROM solver_scores")
    scored = reputation.score(await load(connection, SOLVERS[0], today))
    parts = {
        "reliability_ppm": 666_666,
        "speed_ppm": 60 * 10**6 // 72,
        "price_ppm": 500_000,
        "activity_ppm": 0,
    }
    assert row["inputs"] == {
        "filled_ppm": 10**6, "awarded_ppm": 10**6, "median_fill_seconds": 12, "mean_improvement_ppm": 2500,
        "days_with_bids": 0, "is_new": False, "slashes": 0, **parts,
    }  # fmt: skip
    weighted = sum(share * part for share, part in zip((55, 20, 15, 10), parts.values(), strict=True))
    assert row["reputation"] == scored.reputation == weighted // 10_000
    assert (row["version"], row["day"], row["is_due"]) == (1, today, False)


async def test_a_solver_that_is_its_own_best_customer_gains_five_fills_a_day(connection, today):
    def awards(user, count):
        return [Award(SOLVERS[0], user, "filled", today * DAY + n, 1, None, n) for n in range(count)]

    await put_awards(connection, awards(USERS[0], 200))
    assert (await load(connection, SOLVERS[0], today)).days == [Day(0, 5, 0)]
    await put_awards(connection, awards(USERS[1], 3))
    assert (await load(connection, SOLVERS[0], today)).days == [Day(0, 8, 0)]


async def test_excused_and_superseded_awards_take_no_place_of_those_that_count(connection, today):
    kinds = ["excused"] * 5 + ["superseded"] * 5 + ["filled"] * 3 + ["lapsed"] * 4
    await put_awards(
        connection,
        [Award(SOLVERS[0], USERS[0], kind, today * DAY + n, 1, None, n) for n, kind in enumerate(kinds)],
    )
    assert (await load(connection, SOLVERS[0], today)).days == [Day(0, 3, 2)]


async def test_only_slashes_in_final_canonical_blocks_cost(connection, today):
    await put_solver(connection, SOLVERS[0], 1)
    await slash(connection, SOLVERS[0], today * DAY, FINAL)
    await slash(connection, SOLVERS[0], today * DAY, FINAL + 1)
    await slash(connection, SOLVERS[0], today * DAY, 5, canonical=False)
    assert (await load(connection, SOLVERS[0], today)).slashes == 1


async def test_who_is_due_is_found_by_what_changed(connection, today):
    for solver in SOLVERS:
        await put_solver(connection, solver, 1)
    assert [one.is_scored for one in await scores.list_known(connection, b"", 10)] == [False] * 5
    await scores.score(connection, SOLVERS)
    assert await scores.list_due(connection, 10) == []
    assert [one.is_scored for one in await scores.list_known(connection, b"", 10)] == [True] * 5
    await connection.execute("UPDATE solver_scores SET is_due = true WHERE address = $1", SOLVERS[0])
    await connection.execute("UPDATE solver_scores SET as_of = as_of - 1 WHERE address = $1", SOLVERS[1])
    await slash(connection, SOLVERS[2], today * DAY, FINAL)
    await slash(connection, SOLVERS[3], today * DAY, FINAL + 1)
    assert set(await scores.list_due(connection, 10)) == set(SOLVERS[:3])
    assert set(await scores.list_due(connection, 10, SOLVERS[:2])) == {SOLVERS[2]}
    await scores.score(connection, SOLVERS[:3])
    assert await scores.list_due(connection, 10) == []
    before = dict(await connection.fetch("SELECT address, reputation FROM solver_scores"))
    assert before[SOLVERS[2]] == before[SOLVERS[4]] - reputation.SLASH_COST


async def test_solvers_are_walked_in_order_whoever_tells_of_them(connection):
    for solver in SOLVERS[:3]:
        await put_solver(connection, solver, 1)
    for solver in SOLVERS[2:]:
        await connection.execute(
            "INSERT INTO solver_profiles (address, name, chain_ids, fee_bps, contact, nonce, deadline, signature) "
            "VALUES ($1, 'a', '{1}', 0, '', 0, 0, $1)",
            solver,
        )
    walked, after = [], b""
    while page := [one.address for one in await scores.list_known(connection, after, 2)]:
        walked += page
        after = page[-1]
    assert walked == sorted(SOLVERS)


MANY = """
INSERT INTO awards (intent_id, round, solver, output_amount, open_by, fill_by, signature, epoch, created_at, concluded)
SELECT sha256(n::text::bytea), 1, substr(sha256((n % 2000)::text::bytea), 1, 20), 1, 1, 1,
       decode(repeat('00', 65), 'hex'), 1, to_timestamp(1000 + n), n % 1000 > 0
FROM generate_series(1, $1::integer) n
""", """
INSERT INTO concluded_awards
SELECT intent_id, round, solver, substr(intent_id, 1, 20), 'filled', floor(extract(epoch FROM now())), 1, 1, 1, 1, 10,
       solver, 1
FROM awards WHERE concluded AND $1::integer > 0
""", """
INSERT INTO solvers SELECT DISTINCT solver, 1, 0, 1, 1 FROM awards WHERE $1::integer > 0
""", """
INSERT INTO solver_scores SELECT address, 5000, 1, now(), '{}', address < '\\x02' FROM solvers WHERE $1::integer > 0
"""  # fmt: skip


@pytest.mark.parametrize("rows", [50_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
async def test_a_turn_reads_no_more_than_it_has_to_do(database_url, plans, rows):
    """Nothing that is done and no solver that is not due is looked at."""
    await migrate.migrate(StorageSettings(database_url))
    connection = await asyncpg.connect(database_url, server_settings=pool.SERVER_SETTINGS)
    try:
        for statement in MANY:
            await connection.execute(statement, rows)
        await connection.execute("VACUUM ANALYZE")
        one = await connection.fetchval("SELECT solver FROM awards WHERE solver >= '\\x02' LIMIT 1")
        today = await connection.fetchval("SELECT floor(extract(epoch FROM now()) / 86400)::bigint")
        ids = await connection.fetchval("SELECT array_agg(intent_id) FROM (SELECT intent_id FROM awards LIMIT 20) a")
        cases = [
            ("conclusions", "list_unconcluded", (None, None, None, 20), {"awards", "concluded_awards"}),
            ("conclusions", "conclude", (ids,), {"awards", "concluded_awards", "solver_scores"}),
            ("scores", "list_due", (today, today - 89, 20, []), {"solver_scores", "concluded_awards"}),
            ("scores", "list_known", (b"\x80", 20), {"solvers", "solver_scores"}),
            ("scores", "load_records", ([one], today, 280, 30, 5, 90), {"awards", "concluded_awards", "solvers"}),
        ]
        for noun, name, arguments, large in cases:
            plan = await plans.explain(connection, sql.load(noun)[name], *arguments)
            assert not plans.scanned(plan) & large, name
            assert plans.buffers(plan) < 20 * max(20, rows // 2000), name
    finally:
        await connection.close()
