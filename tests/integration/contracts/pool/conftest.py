"""Pools on an EVM in this process, and a model of one that searches by brute force.

The model is written from the formulas alone, in fractions of nothing but Python's integers; it shares no code with the
engine or with the contract, and its search knows no hint, no tangent and no stored sum.
"""

import dataclasses
import math
import random
import re
import typing

import pytest

pyrevm = pytest.importorskip("pyrevm", reason="no wheel for this Python")

WAD = 10**18
START = 1_800_000_000
FOREVER = 2**256 - 1
GAS = 30_000_000  # what a block has
ACCOUNTS = {name: "0x" + f"{number:02x}" * 20 for number, name in enumerate(("ann", "bob", "eve", "tom"), 0xA1)}
# Depeg prices in millionths, from the narrowest that is allowed.
PRICES = (999_900, 999_000, 990_000, 950_000, 900_000, 700_000, 500_000, 200_000, 50_000, 0)


class Evm:
    """A chain in this process, as the contract driver wants one."""

    def __init__(self, receipt_class: typing.Any, reverted_class: typing.Any) -> None:
        env = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=31337), block=pyrevm.BlockEnv(timestamp=START))
        self.evm = pyrevm.EVM(env=env, spec_id="CANCUN")
        self.now = START
        self.receipt_class, self.reverted_class = receipt_class, reverted_class

    def deploy(self, sender: str, code: bytes) -> str:
        try:
            return self.evm.deploy(sender, code).lower()
        except RuntimeError as error:
            raise self._refusal(error) from error

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> typing.Any:
        self._run(sender, to, data, value=value)
        logs = [(log.address.lower(), *log.data) for log in self.evm.result.logs]
        return self.receipt_class(logs, self.evm.result.gas_used)

    def call(self, to: str, data: bytes) -> bytes:
        return self._run(ACCOUNTS["tom"], to, data, is_static=True)

    def _run(self, sender: str, to: str, data: bytes, **options: typing.Any) -> bytes:
        try:
            return self.evm.message_call(sender, to, calldata=data, gas=GAS, **options)
        except RuntimeError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: RuntimeError) -> Exception:
        found = re.search(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*) \}", str(error))
        return self.reverted_class(bytes.fromhex(found[1])) if found else error


def ceil_sqrt(value: int) -> int:
    root = math.isqrt(value)
    return root + (root * root < value)


def ceil_div(number: int, divisor: int) -> int:
    return -(-number // divisor)


def plane_of(n: int, price_ppm: int) -> int:
    """The plane of a depeg price, x 10^18, rounded up: n - (p + n - 1)/sqrt(p^2 + n - 1)."""
    p, one = price_ppm, 10**6
    return n * WAD - math.isqrt((p + (n - 1) * one) ** 2 * WAD**2 // (p * p + (n - 1) * one**2))


@dataclasses.dataclass
class Model:
    """A pool as the formulas say it is."""

    planes: list[int]
    decimals: list[int]
    fee_ppm: int
    radii: list[int] = dataclasses.field(default_factory=list)
    real: list[int] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.n = len(self.decimals)
        self.scales = [10 ** (18 - d) for d in self.decimals]
        self.radii = self.radii or [0] * len(self.planes)
        self.real = self.real or [0] * self.n

    def level(self, tick: int) -> int:
        return self.planes[tick] * self.radii[tick] // WAD

    def chord(self, tick: int) -> int:
        return math.isqrt(self.n * self.radii[tick] ** 2 - (self.level(tick) - self.n * self.radii[tick]) ** 2)

    def least(self, tick: int) -> int:
        n, r = self.n, self.radii[tick]
        c = n * r - self.level(tick)
        return max(0, r - ceil_div(c + ceil_sqrt((n - 1) * (n * r * r - c * c)), n)) if r else 0

    @property
    def min_radius(self) -> int:
        return max(10**12, 10**6 * max(self.scales))

    @property
    def reserves(self) -> list[int]:
        nobodys = sum(map(self.least, range(len(self.planes))))
        return [real * scale + nobodys for real, scale in zip(self.real, self.scales, strict=True)]

    def boundary(self, x: list[int]) -> list[int]:
        """The one prefix of the ticks that is beyond its planes while the rest is not."""
        live = [t for t, r in enumerate(self.radii) if r]
        for count in range(len(live) + 1):
            radius = sum(self.radii[t] for t in live[count:])
            a = sum(x) - sum(map(self.level, live[:count]))
            sides = [a * self.radii[t] < self.level(t) * radius for t in live]
            if sides == [False] * count + [True] * (len(live) - count):
                return live[:count]
        raise AssertionError

    @property
    def interior(self) -> list[bool]:
        beyond = self.boundary(self.reserves)
        return [t not in beyond for t in range(len(self.planes))]

    def sums(self, x: list[int]) -> tuple[int, int, int, int]:
        """A, r_int, S_b, V of a state."""
        beyond = self.boundary(x)
        radius = sum(self.radii) - sum(self.radii[t] for t in beyond)
        a = sum(x) - sum(map(self.level, beyond))
        return a, radius, sum(map(self.chord, beyond)), self.n * sum(v * v for v in x) - sum(x) ** 2

    def is_good(self, x: list[int] | None = None) -> bool:
        x = x or self.reserves
        (a, radius, chord, spread), n = self.sums(x), self.n
        width = ceil_sqrt(spread)
        nobodys = sum(map(self.least, range(len(self.planes))))
        if radius == 0 or a >= n * radius or width < chord or min(x) < nobodys:
            return False
        return (a - n * radius) ** 2 + (width - chord) ** 2 <= n * radius**2

    def is_deep(self, x: list[int]) -> bool:
        """More than the torus can describe: no interior tick, beyond its middle, or inside its hole."""
        a, radius, chord, spread = self.sums(x)
        return radius == 0 or a >= self.n * radius or ceil_sqrt(spread) < chord

    def is_reached(self, x: list[int]) -> bool:
        """The inequality in real numbers; true where the torus says nothing yet."""
        (a, radius, chord, spread), n = self.sums(x), self.n
        if self.is_deep(x):
            return True
        section = n * radius**2 - (n * radius - a) ** 2
        excess = spread - chord**2 - section
        return section >= 0 and (excess <= 0 or excess**2 <= 4 * chord**2 * section)

    @property
    def is_priced(self) -> bool:
        """No token's price has fallen to 0 or below: then x_j of the interior ticks is less than their radius."""
        x = self.reserves
        (a, radius, chord, spread), total = self.sums(x), sum(x)
        width = ceil_sqrt(spread)
        inside = [width * (self.n * v - (total - a)) - chord * (self.n * v - total) for v in x]
        return width == 0 or max(inside) < self.n * width * radius

    def fee(self, amount: int) -> int:
        return ceil_div(amount * self.fee_ppm, 10**6)

    def after(self, i: int, j: int, net: int, out: int) -> list[int]:
        x = self.reserves
        x[i] += net * self.scales[i]
        x[j] -= out * self.scales[j]
        return x

    def quote(self, i: int, j: int, amount: int) -> int | None:
        """The greatest amount out, None where there is none."""
        net = amount - self.fee(amount)
        return self.greatest(i, j, net) if net > 0 else None

    def greatest(self, i: int, j: int, net: int) -> int | None:
        """The greatest amount of token j whose end state is good once `net` of token i is in."""
        if not self.is_reached(self.after(i, j, net, 0)):
            return None
        low, high = 0, self.real[j] + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.is_reached(self.after(i, j, net, middle)) else (low, middle)
        if self.sums(self.after(i, j, net, low))[1] == 0:
            return None
        return next(
            (out for out in range(low, max(0, low - 5000), -1) if self.is_good(self.after(i, j, net, out))), None
        )

    def swap(self, i: int, j: int, amount: int) -> int | None:
        out = self.quote(i, j, amount)
        if out is not None:
            self.real[i] += amount - self.fee(amount)
            self.real[j] -= out
        return out

    def will_be_beyond(self, tick: int, radius: int) -> bool:
        """On which side of its plane a tick is that grows or shrinks; an empty one in an empty pool is interior."""
        if self.radii[tick] or not any(self.radii):
            return tick in self.boundary(self.reserves)
        a, inside, _, _ = self.sums(self.reserves)
        return a * radius >= self.planes[tick] * radius // WAD * inside

    def shares(self, tick: int, radius: int) -> list[int] | None:
        """What a change of a tick's radius moves, positive in and negative out; None where it is refused."""
        x, old = self.reserves, dataclasses.replace(self, radii=list(self.radii), real=list(self.real))
        new = dataclasses.replace(old, radii=[r + radius * (t == tick) for t, r in enumerate(self.radii)])
        if not any(self.radii):
            par = radius - math.isqrt(radius**2 // self.n) - new.least(tick)
            return [max(1, ceil_div(par, scale)) for scale in self.scales]
        if not any(new.radii):
            return [-real for real in self.real]
        beyond, (a, inside, chord, spread) = self.boundary(x), self.sums(x)
        width, total = ceil_sqrt(spread), sum(x)
        is_beyond = self.will_be_beyond(tick, radius)
        if radius > 0 and not inside:
            return None
        moved = []
        for j, value in enumerate(x):
            if is_beyond:
                number = abs(new.level(tick) - old.level(tick)) * width
                number += abs(new.chord(tick) - old.chord(tick)) * (self.n * value - total)
                divisor = self.n * width
            elif not beyond:
                number, divisor = abs(radius) * value, inside
            else:
                number = width * (self.n * value - (total - a)) - chord * (self.n * value - total)
                number, divisor = number * abs(radius), self.n * width * inside
            grown, number = new.least(tick) - old.least(tick), max(0, number)
            if radius > 0:
                moved.append(max(1, ceil_div(ceil_div(number, divisor) + 1 - grown, self.scales[j])))
            else:
                paid = (max(0, number // divisor - 4) + grown) // self.scales[j]
                moved.append(-min(self.real[j], max(0, paid)))
        return moved

    def change(self, tick: int, radius: int) -> list[int] | None:
        before = set(self.boundary(self.reserves))
        wanted = before | {tick} if self.will_be_beyond(tick, radius) else before
        moved = self.shares(tick, radius)
        if moved is None:
            return None
        self.radii[tick] += radius
        self.real = [real + amount for real, amount in zip(self.real, moved, strict=True)]
        if radius > 0 and not (set(self.boundary(self.reserves)) == wanted and self.is_good()):
            self.radii[tick] -= radius
            self.real = [real - amount for real, amount in zip(self.real, moved, strict=True)]
            return None
        return moved


class Lab:
    """Makes pools with their tokens, rich accounts and models."""

    accounts, forever, wad, prices = ACCOUNTS, FOREVER, WAD, PRICES
    plane_of = staticmethod(plane_of)
    Model = Model

    def __init__(self, world_class: typing.Any) -> None:
        self.world_class = world_class
        self.chain = Evm(world_class.Receipt, world_class.Reverted)
        self.Reverted = world_class.Reverted

    def deploy(self, artifact: str, *args: typing.Any) -> typing.Any:
        return self.world_class.deploy_on(self.chain, artifact, *args, sender=ACCOUNTS["ann"])

    def token(self, decimals: int) -> typing.Any:
        return self.deploy("TestToken", f"Dollar of {decimals}", "USD", decimals)

    def pool(self, decimals: list[int], planes: list[int], fee_ppm: int = 0, tokens: list[typing.Any] | None = None):
        tokens = tokens or [self.token(d) for d in decimals]
        contract = self.deploy("OrbitalPool", [token.address for token in tokens], planes, fee_ppm)
        pool = Pool(self, contract, tokens, Model(planes, decimals, fee_ppm))
        for token in tokens:
            for account in ACCOUNTS.values():
                token.send("mint", account, 10**40)
                token.send("approve", contract.address, FOREVER, sender=account)
        return pool

    def random_pool(self, rng: random.Random, fee_ppm: int = 0, most_tokens: int = 16) -> typing.Any:
        """2 to 16 tokens, one to six ticks, tiny to huge, one of them filled at par.

        A whole unit of a token of 6 decimals is too coarse for a small tick with a narrow plane: it gets more radius.
        """
        n = rng.choice([n for n in (2, 3, 4, 8, 16) if n <= most_tokens])
        planes = sorted({plane_of(n, rng.choice(PRICES)) for _ in range(rng.randint(1, 6))})
        if rng.random() < 0.3 and n > 2:
            planes.append((n - 1) * WAD)
        pool = self.pool([rng.choice((6, 8, 18, 18)) for _ in range(n)], planes, fee_ppm)
        tick, radius = rng.randrange(len(planes)), int(10 ** rng.uniform(18, 30))
        while pool.model.change(tick, radius) is None:
            radius *= 10
        pool.add(tick, radius)
        return pool


@dataclasses.dataclass
class Pool:
    """One pool: calls by name with the bounds left open, and the events of all of them."""

    lab: Lab
    contract: typing.Any
    tokens: list[typing.Any]
    model: Model
    events: list[tuple[str, dict[str, typing.Any]]] = dataclasses.field(default_factory=list)

    @property
    def n(self) -> int:
        return len(self.tokens)

    def state(self) -> typing.Any:
        return self.contract.call("getState")

    def send(self, function: str, *args: typing.Any, by: str) -> typing.Any:
        receipt = self.contract.send(function, *args, sender=ACCOUNTS[by])
        self.events += receipt.events
        return receipt

    def swap(self, i: int, j: int, amount: int, *, hint: int = 0, least: int = 0, by: str = "ann", to: str = ""):
        return self.send("swap", i, j, amount, least, hint, to or ACCOUNTS[by], FOREVER, by=by)

    def out(self, *args: typing.Any, **options: typing.Any) -> int:
        return self.swap(*args, **options).event("Swap")["amountOut"]

    def add(self, tick: int, radius: int, *, by: str = "ann") -> typing.Any:
        receipt = self.send("addLiquidity", tick, radius, [FOREVER] * self.n, FOREVER, by=by)
        return receipt.event("LiquidityAdded")["amounts"]

    def remove(self, tick: int, radius: int, *, by: str = "ann") -> typing.Any:
        receipt = self.send("removeLiquidity", tick, radius, [0] * self.n, ACCOUNTS[by], FOREVER, by=by)
        return receipt.event("LiquidityRemoved")["amounts"]

    def collect(self, tick: int, *, by: str = "ann") -> typing.Any:
        return self.send("collectFees", tick, ACCOUNTS[by], by=by).event("FeesCollected")["amounts"]

    def balances(self, account: str = "") -> list[int]:
        account = ACCOUNTS.get(account, account) or self.contract.address
        return [token.call("balanceOf", account) for token in self.tokens]


@pytest.fixture
def lab(world_class: typing.Any) -> Lab:
    return Lab(world_class)
