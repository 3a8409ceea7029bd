"""Random calls: nobody takes out more than the formulas allow, every state is good and told, and everybody can leave.

Amounts reach from one unit to more than the pool has, hints are anything, tokens have 6, 8 and 18 decimals. A failure
names its seed; ORBITAL_SEED repeats it.
"""

import collections
import dataclasses
import os
import random
import secrets

import pytest

from orbital.domain import pool_facts
from orbital.domain.orbital import replay

# How often each action is drawn, in parts of the sum.
ACTIONS = {"swap": 40, "round_trip": 10, "add": 14, "remove": 14, "in_and_out": 6, "collect": 8, "donate": 3, "dust": 5}
PROVIDERS = ("ann", "bob", "eve")
CALLS_PER_POOL = 250


class Walk:
    """One pool and what should be in it."""

    def __init__(self, lab, rng) -> None:
        self.lab, self.rng = lab, rng
        self.pool = lab.random_pool(rng, fee_ppm=rng.choice((0, 1, 100, 3000, 100_000)), most_tokens=4)
        self.model = self.pool.model
        self.radii = collections.Counter()
        (tick,) = (t for t, radius in enumerate(self.model.radii) if radius)
        self.radii["ann", tick] = self.model.radii[tick]
        self.given = collections.Counter()
        self.folded = replay.State((), tuple(self.model.decimals), self.model.fee_ppm, (0,) * self.pool.n)
        self.folded = replay.replay(
            dataclasses.replace(self.folded, tokens=(b"",) * self.pool.n),
            [pool_facts.TickCreated(b"", tick, plane) for tick, plane in enumerate(self.model.planes)],
        )
        self.done, self.refused = collections.Counter(), collections.Counter()
        self.calls = 0
        self.shrunk = False  # a withdrawal may leave more than the ticks that stay can describe, until the next trade

    def step(self):
        (action,) = self.rng.choices(list(ACTIONS), list(ACTIONS.values()))
        try:
            getattr(self, f"_{action}")()
        except self.lab.Reverted as refusal:
            self.calls += 1
            self.refused[action, refusal.name] += 1
        else:
            self.done[action] += 1
        self.check()

    def check(self):
        """The books add up: real reserves and fees are covered, and the state is good by the model's predicate."""
        pool, state = self.pool, self.pool.state()
        self.model.radii, self.model.real = list(state.radii), list(pool.contract.call("realReserves"))
        assert list(state.reserves) == self.model.reserves
        self.check_events(state)
        if any(state.radii):
            assert list(state.interior) == self.model.interior
        for tick, radius in enumerate(state.radii):
            assert radius == sum(self.radii[who, tick] for who in PROVIDERS)
        assert not any(state.radii) or self.model.is_good() or (self.shrunk and self.is_covered(list(state.reserves)))
        for token, (balance, real) in enumerate(zip(pool.balances(), self.model.real, strict=True)):
            assert balance >= real + self.given[token]

    def check_events(self, state):
        """The fold of the events is what the contract holds, fees for each unit of radius included."""
        self.folded = replay.replay(self.folded, filter(None, map(told, self.pool.events)))
        self.pool.events.clear()
        assert self.folded.reserves == tuple(self.model.real)
        assert (self.folded.radii, self.folded.interior) == (state.radii, state.interior)
        for tick, growth in enumerate(self.folded.fee_growth):
            assert growth == self.pool.contract.call("feeGrowth", tick)

    def is_covered(self, reserves):
        """Nothing is missing; a unit too much may weigh against the pool where a token's price is 0 or less."""
        spared = [[x - scale * (k == j) for k, x in enumerate(reserves)] for j, scale in enumerate(self.model.scales)]
        return any(map(self.model.is_reached, [reserves, *spared]))

    def check_fees(self):
        """What is neither real reserve nor given is fees: all that is owed, and less than a unit a swap besides."""
        owed = collections.Counter()
        for who, tick in self.radii:
            account = self.lab.accounts[who]
            owed.update(dict(enumerate(self.pool.contract.call("feesOf", account, tick))))
        for token, balance in enumerate(self.pool.balances()):
            rest = balance - self.model.real[token] - self.given[token] - owed[token]
            assert 0 <= rest <= self.calls * 4

    def leave(self):
        """Everybody leaves with everything; none is refused and nothing but dust stays."""
        for (who, tick), radius in sorted(self.radii.items(), key=lambda _: self.rng.random()):
            if radius:
                self._remove_of(who, tick, radius)
                self.check()
        for who, tick in self.radii:
            if any(self.pool.contract.call("feesOf", self.lab.accounts[who], tick)):
                self.pool.collect(tick, by=who)
        assert set(self.pool.state().reserves) == {0}
        for token, balance in enumerate(self.pool.balances()):
            assert balance - self.given[token] <= self.calls * 4

    def _amount(self, token):
        size = max(*self.model.radii, self.lab.wad) * 10 ** self.rng.uniform(-12, 0.5)
        return self.rng.choice((1, 2, 10, max(1, int(size) // self.model.scales[token])))

    def _swap(self):
        i, j = self.rng.sample(range(self.pool.n), 2)
        amount = self._amount(i)
        hint = self.rng.choice((0, 0, 1, amount, self.rng.getrandbits(256), self.rng.getrandbits(90)))
        self._swap_of(i, j, amount, hint)

    def _swap_of(self, i, j, amount, hint=0):
        out = self.pool.out(i, j, amount, hint=hint, by=self.rng.choice(PROVIDERS))
        self.calls += 1
        self.shrunk = False
        return out

    def _round_trip(self):
        """Back and forth gains nothing but what roundings of earlier calls had left lying there."""
        i, j = self.rng.sample(range(self.pool.n), 2)
        amount, free = self._amount(i), self._spare()[i]
        back = self._swap_of(j, i, self._swap_of(i, j, amount))
        assert free is None or back <= amount + free

    def _dust(self):
        """The smallest swaps, many times over, pay no more than one of the sum would."""
        i, j = self.rng.sample(range(self.pool.n), 2)
        amount = self.rng.choice((1, 2, 3))
        whole = self.model.greatest(i, j, 5 * amount) if self.model.is_priced else None
        paid = sum(self._swap_of(i, j, amount) for _ in range(5))
        assert whole is None or paid <= whole

    def _add(self):
        top = max(*self.model.radii, self.lab.wad)
        radius = max(self.model.min_radius, int(top * 10 ** self.rng.uniform(-5, 0.3)))
        self._add_of(self.rng.choice(PROVIDERS), self.rng.randrange(len(self.model.planes)), radius)

    def _add_of(self, who, tick, radius):
        amounts = self.pool.add(tick, radius, by=who)
        self.calls += 1
        assert all(amounts)
        self.radii[who, tick] += radius
        self.shrunk = False
        return amounts

    def _remove(self):
        held = [place for place, radius in self.radii.items() if radius]
        if not held:
            return self._add()
        who, tick = self.rng.choice(held)
        radius = self.radii[who, tick]
        part = self.rng.randint(self.model.min_radius, radius)
        if 0 < radius - part < self.model.min_radius or self.rng.random() < 0.4:
            part = radius
        return self._remove_of(who, tick, part)

    def _remove_of(self, who, tick, radius):
        try:
            amounts = self.pool.remove(tick, radius, by=who)
        except self.lab.Reverted as refusal:
            raise AssertionError((tick, radius, refusal.name, self.model)) from refusal
        self.calls += 1
        self.radii[who, tick] -= radius
        self.shrunk = True
        return amounts

    def _in_and_out(self):
        """Liquidity that comes and goes at once leaves the pool with at least as much of every token to spare."""
        who, tick = self.rng.choice(PROVIDERS), self.rng.randrange(len(self.model.planes))
        if sum(self.model.radii) == 0:
            return
        radius = max(self.model.min_radius, int(max(self.model.radii) * 10 ** self.rng.uniform(-5, 0.3)))
        before = self._spare()
        self._add_of(who, tick, radius)
        self._remove_of(who, tick, radius)
        self.check()
        pairs = zip(self._spare(), before, strict=True)
        assert all(old is None or new is None or new >= old for new, old in pairs), (who, tick, radius)

    def _spare(self):
        """What could be taken of each token alone with the state still good: what roundings left lying there.

        None where a token has a price of 0 or less, which makes the taking of it a gain to the pool.
        """
        is_priced = self.model.is_priced
        return [self.model.greatest(token, token, 0) if is_priced else None for token in range(self.pool.n)]

    def _collect(self):
        who, tick = self.rng.choice(PROVIDERS), self.rng.randrange(len(self.model.planes))
        owed = self.pool.contract.call("feesOf", self.lab.accounts[who], tick)
        assert self.pool.collect(tick, by=who) == owed
        self.calls += 1

    def _donate(self):
        token, amount = self.rng.randrange(self.pool.n), self.rng.getrandbits(60)
        self.pool.tokens[token].send("transfer", self.pool.contract.address, amount, sender=self.lab.accounts["eve"])
        self.given[token] += amount


def told(named):
    """A decoded log as the fold takes it; None for a token's own."""
    name, e = named
    match name:
        case "Swap":
            return pool_facts.Swap(
                b"", e["trader"], e["tokenIn"], e["tokenOut"], e["amountIn"], e["amountOut"], e["fee"], e["to"]
            )
        case "TickCrossed":
            return pool_facts.TickCrossed(b"", e["tickId"], e["interior"])
        case "LiquidityAdded" | "LiquidityRemoved":
            return getattr(pool_facts, name)(b"", e["provider"], e["tickId"], e["radius"], e["amounts"])
        case "FeesCollected":
            return pool_facts.FeesCollected(b"", e["provider"], e["tickId"], e["amounts"])
    return None


def walk_pools(lab, calls, seed):
    done, refused, number, total = collections.Counter(), collections.Counter(), 0, 0
    while total < calls:
        walk = Walk(lab, random.Random(f"{seed}-{number}"))
        while walk.calls < CALLS_PER_POOL:
            walk.step()
        walk.check_fees()
        walk.leave()
        done, refused, number, total = done + walk.done, refused + walk.refused, number + 1, total + walk.calls
    assert set(done) == set(ACTIONS)
    return total, done, refused


def drawn_seed():
    return os.environ.get("ORBITAL_SEED") or secrets.token_hex(4)


def test_no_sequence_of_calls_takes_out_too_much(lab):
    seed = drawn_seed()
    print(f"ORBITAL_SEED={seed}")
    walk_pools(lab, 1_500, seed)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_no_long_sequence_of_calls_takes_out_too_much(lab):
    seed = drawn_seed()
    print(f"ORBITAL_SEED={seed}")
    total, done, refused = walk_pools(lab, 50_000, seed)
    print(f"{total} calls: {dict(done)}, refused {dict(refused)}")
