"""How blocks were cut into steps, in what order two chains and the API came, and by what detours: nothing of it shows.

Histories are small and unkind: few users and nonces, deadlines anywhere, branches that differ, opens after their nonce
was used up. Each is written a block a step, and then by random steps; many intents a step go the way of COPY.
"""

import dataclasses
import random

import pytest

from orbital.domain import facts
from orbital.domain.foreign_facts import ForeignOpened
from orbital.domain.types import Amount, UnixSeconds
from orbital.storage import batches, claims, digest, ledger, pool, rebuild

BLOCKS = 8
CLEAR = "TRUNCATE held_accounts, blocks, checkpoints, deadlines, facts, intents, outbox, raw_ranges, solvers"
ROWS = "SELECT to_jsonb(i) AS row FROM intents i UNION ALL SELECT to_jsonb(d) FROM deadlines d ORDER BY row"


class Story:
    """Two chains' main branches, other branches, and what the API says, all drawn from `chance`."""

    def __init__(self, history, chance) -> None:
        self._history, self._chance = history, chance
        users, nonces, names = chance.choice([1, 2, 5]), chance.choice([1, 2, 60]), range(chance.choice([3, 50]))
        self._known = [
            history.intent(
                name,
                user=history.intent(chance.randrange(users))[1].user,
                nonce=chance.randrange(nonces),
                open_deadline=self._time(),
                fill_deadline=self._time(),
            )
            for name in names
        ]
        self._foreign = [
            (intent_id, dataclasses.replace(intent, fill_deadline=self._time()))
            for intent_id, intent in (history.foreign(f'\t\n\r\\N\\"é{name}') for name in names)
        ]
        self._a_block = chance.choice([1, 4, 12])
        self.chains = {one: self._mine(one, range(1, BLOCKS + 1)) for one in (history.origin, history.destination)}
        self.said = [fact for _, told in sorted(self._say().items()) for fact in told]

    def steps(self, chain_id):
        """(how to write, with what) until all of the main branch is written."""
        main, done, chance = self.chains[chain_id], 0, self._chance
        detours = 4
        while done < BLOCKS:
            if detours and chance.random() < 0.4:
                detours -= 1
                branch = self._mine(chain_id, range(done + 1, done + 1 + chance.randint(1, 3)), f"{detours}", done)
                yield "write_blocks", (branch,)
                done = chance.randint(max(0, done - 3), done)
                yield "roll_back", (done,)
            else:
                last = min(BLOCKS, done + chance.choice([1, 3, BLOCKS]))
                yield "write_blocks", (main[done:last],)
                done = last

    def _mine(self, chain_id, numbers, branch="", forked_at=0):
        return [
            self._history.block(
                chain_id,
                number,
                *(self._event(chain_id) for _ in range(self._chance.randint(0, self._a_block))),
                branch=branch,
                forked_at=forked_at,
            )
            for number in numbers
        ]

    def _event(self, chain_id):
        history, is_origin = self._history, chain_id == self._history.origin
        intent_id, intent = self._chance.choice(self._known)
        foreign_id, foreign = self._chance.choice(self._foreign)
        refund = facts.IntentRefunded(intent.user, intent.input_token, intent.input_amount)
        return self._chance.choice(
            [
                (intent_id, history.open(intent) if is_origin else history.fill(intent)),
                (intent_id, history.open(intent) if is_origin else history.fill(intent, output_amount=Amount(99))),
                (
                    intent_id,
                    self._chance.choice([history.settle(intent), refund]) if is_origin else history.fill(intent),
                ),
                (None, facts.NonceInvalidated(intent.user, self._chance.choice(self._known)[1].nonce)),
                (foreign_id, ForeignOpened(foreign) if is_origin else history.foreign_fill(foreign)),
            ]
        )

    def _say(self):
        """At most one intent is submitted with a nonce; what else is said may be of any."""
        said, nonces = {}, set()
        for intent_id, intent in self._known:
            told = said.setdefault(intent_id, [])
            if self._chance.random() < 0.5 and (intent.user, intent.nonce) not in nonces:
                nonces.add((intent.user, intent.nonce))
                told.append(self._history.off_chain(intent_id, facts.IntentSubmitted(intent), self._time()))
            if self._chance.random() < 0.3:
                award = self._history.award(1, open_by=self._time(), fill_by=self._time())
                told.append(self._history.off_chain(intent_id, award, self._time()))
            if self._chance.random() < 0.1:
                told.append(self._history.off_chain(intent_id, facts.IntentCancelled(intent.user), self._time()))
        return said

    def _time(self):
        return UnixSeconds(self._history.start + self._chance.randrange(10 * BLOCKS + 20))


async def write_in_random_steps(database, history, start_worker, seed):
    """The digest is that of one block a step, and the rows are those of a rebuild."""
    chance = random.Random(seed)
    story = Story(history, chance)
    by_block = {one: [("write_blocks", ([block],)) for block in main] for one, main in story.chains.items()}
    by_steps = {one: list(story.steps(one)) for one in story.chains}
    told = []
    for steps in (by_block, by_steps):
        async with pool.acquire(database) as connection:
            await connection.execute(CLEAR)
        workers = {one: await start_worker(one, story.chains[one]) for one in steps}
        said = list(story.said)
        while any(steps.values()) or said:
            place = chance.choice([one for one in steps if steps[one]] + (["said"] if said else []))
            if place == "said":
                await say(database, said.pop(0), history.rules)
            else:
                way, arguments = steps[place].pop(0)
                await getattr(workers[place], way)(*arguments)
        for worker in workers.values():
            await worker.rest()
        told.append(await fingerprint(database))
    assert told[0].parts == told[1].parts
    before = await rows(database)
    await rebuild.rebuild(database, history.rules)
    assert await rows(database) == before


async def say(database, fact, rules):
    async with pool.transaction(database) as connection:
        if not isinstance(fact.event, facts.IntentSubmitted):
            await ledger.record(connection, [fact], rules)
            return
        intent = fact.event.intent
        await claims.lock_accounts(connection, [claims.Account(intent.user, intent.origin_chain_id)])
        batch = batches.gather([fact])
        held = await claims.claim(connection, [fact.intent_id], batch, rules)
        await ledger.write(connection, batch, rules, held)


async def fingerprint(database):
    async with pool.snapshot(database) as connection:
        return await digest.digest(connection)


async def rows(database):
    async with pool.snapshot(database) as connection:
        return [row["row"] for row in await connection.fetch(ROWS)]


async def test_a_step_knows_the_last_fact_before_it(database, history, start_worker):
    """Numbers of the ledger are without a gap here: the fact before a step's first is the only one of the intent."""
    intent_id, intent = history.intent("one")
    mined = [
        history.block(history.origin, 1, (intent_id, history.open(intent))),
        history.block(history.origin, 2, (intent_id, history.settle(intent))),
    ]
    worker = await start_worker(history.origin, mined)
    await worker.write(1, 1)
    await worker.write(2, 2)
    followed = await rows(database)
    assert followed[-1]["status"] == "settled"
    await rebuild.rebuild(database, history.rules)
    assert await rows(database) == followed


@pytest.mark.parametrize("seed", [5, 7, 16, 164])
async def test_neither_steps_nor_detours_show(database, history, start_worker, seed):
    await write_in_random_steps(database, history, start_worker, seed)


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_neither_steps_nor_detours_show_in_many_histories(database, history, start_worker):
    for seed in range(100, 300):
        await write_in_random_steps(database, history, start_worker, seed)
