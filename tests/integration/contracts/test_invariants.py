"""Random calls over two chains: what went into escrow is what was paid out plus what is held, and nothing pays twice.

Two EVMs in this process, messages carried between them by hand in any order, any number of times. Users, solvers,
deadlines, tokens that refuse receivers, strangers and forged messages are drawn from one seed; a failure names it, and
ORBITAL_SEED repeats it.
"""

import collections
import os
import random
import re
import secrets
import typing

import eth_abi
import pytest

pyrevm = pytest.importorskip("pyrevm", reason="no wheel for this Python")

FEE = 10**15
START = 1_800_000_000
COIN = 10**30
READER = "0x" + "ee" * 20
# How often each action is drawn, in parts of the sum.
ACTIONS = {
    "offer": 12, "open": 12, "open_for": 18, "fill": 18, "expire": 12, "refund": 12, "resend": 4, "deliver": 22,
    "invalidate": 1, "warp": 10, "block": 4, "claim": 4, "forge": 3,
}  # fmt: skip
# Drawn often enough that a run of a few thousand calls always does them.
COMMON = ("open", "open_for", "fill", "expire", "refund", "resend", "deliver", "claim")


class NothingThereError(Exception):
    """An action that has nothing to act on yet."""


class Evm:
    """A chain in this process, as `World` wants one."""

    def __init__(self, chain_id: int, world_class: typing.Any) -> None:
        env = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=chain_id), block=pyrevm.BlockEnv(timestamp=START))
        self.evm = pyrevm.EVM(env=env, spec_id="CANCUN")
        self.chain_id, self.now = chain_id, START
        self.receipt_class, self.reverted_class = world_class.Receipt, world_class.Reverted

    def deploy(self, sender: str, code: bytes) -> str:
        return self.evm.deploy(sender, code).lower()

    def transact(self, sender: str, to: str, data: bytes, value: int = 0) -> typing.Any:
        self._run(sender, to, data, value)
        logs = [(log.address.lower(), *log.data) for log in self.evm.result.logs]
        return self.receipt_class(logs, self.evm.result.gas_used)

    def call(self, to: str, data: bytes) -> bytes:
        return self._run(READER, to, data, 0, is_static=True)

    def warp(self, timestamp: int) -> None:
        self.now = timestamp
        self.evm.set_block_env(pyrevm.BlockEnv(timestamp=timestamp))

    def _run(self, sender: str, to: str, data: bytes, value: int, **options: typing.Any) -> bytes:
        try:
            return self.evm.message_call(sender, to, calldata=data, value=value, **options)
        except RuntimeError as error:
            refused = re.fullmatch(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*) \}", str(error))
            if refused is None:
                raise
            raise self.reverted_class(bytes.fromhex(refused[1])) from error


class Ledger:
    """What the events of both chains say, and that it adds up."""

    def __init__(self) -> None:
        self.escrows: dict[bytes, tuple[typing.Any, str, int]] = {}
        self.paid: dict[bytes, str] = {}
        self.outcomes: dict[bytes, str] = {}
        self.credits: collections.Counter[tuple[int, str, str]] = collections.Counter()
        self.held: collections.Counter[tuple[int, str]] = collections.Counter()

    def apply(self, side: typing.Any, receipt: typing.Any) -> None:
        chain_id, settler = side.chain.chain_id, side.settler.address
        moved, owed = 0, 0
        for (address, _, _), (name, event) in zip(receipt.logs, receipt.events, strict=True):
            if name == "IntentOpened":
                intent = event["intent"]
                assert event["intentId"] not in self.escrows
                self.escrows[event["intentId"]] = (side, intent[4], intent[5])
                self.held[chain_id, intent[4]] += intent[5]
                owed -= intent[5]
            elif name in ("IntentSettled", "IntentRefunded"):
                assert event["intentId"] not in self.paid
                assert self.escrows[event["intentId"]] == (side, event["inputToken"], event["inputAmount"])
                self.paid[event["intentId"]] = name
                owed += event["inputAmount"]
                self.held[chain_id, event["inputToken"]] -= event["inputAmount"]
            elif name == "PayoutCredited":
                self.credits[chain_id, event["account"], event["token"]] += event["amount"]
                self.held[chain_id, event["token"]] += event["amount"]
                owed -= event["amount"]
            elif name == "PayoutClaimed":
                assert self.credits.pop((chain_id, event["account"], event["token"])) == event["amount"]
                self.held[chain_id, event["token"]] -= event["amount"]
                owed += event["amount"]
            elif name in ("IntentFilled", "IntentExpired"):
                assert event["intentId"] not in self.outcomes
                self.outcomes[event["intentId"]] = name
            elif name == "Transfer":
                moved += event["value"] * ((event["from"] == settler) - (event["to"] == settler))
                assert address != settler
        assert moved == owed

    def check_balances(self, side: typing.Any, tokens: typing.Iterable[typing.Any]) -> None:
        for token in tokens:
            balance = token.call("balanceOf", side.settler.address)
            assert balance == self.held[side.chain.chain_id, token.address]


class Walk:
    """One random walk: `step` does one drawn action, refused or not, and checks both chains after it."""

    def __init__(self, world: typing.Any, rng: random.Random) -> None:
        self.world, self.rng, self.ledger = world, rng, Ledger()
        self.sides = (world.origin, world.destination)
        self.users = (world.user, world.recipient, world.stranger)
        self.solvers = (world.solver, world.rival)
        self.payees = (*self.solvers, world.payee)
        self.offers: list[typing.Any] = []
        self.messages: list[tuple[typing.Any, typing.Any]] = []
        self.done: collections.Counter[str] = collections.Counter()
        self.refused: collections.Counter[str] = collections.Counter()
        self.tokens = {side.domain: (side.token, world.deploy(side, "BlocklistToken")) for side in self.sides}
        for side in self.sides:
            for account in {*self.users, *self.payees}:
                side.chain.evm.set_balance(account, COIN)
                for token in self.tokens[side.domain]:
                    world.fund(side, account, COIN, token)

    def step(self) -> None:
        (action,) = self.rng.choices(list(ACTIONS), list(ACTIONS.values()))
        try:
            getattr(self, f"_{action}")()
        except NothingThereError:
            return
        except self.world.Reverted as refusal:
            self.refused[refusal.name] += 1
        else:
            self.done[action] += 1
        for side in self.sides:
            self.ledger.check_balances(side, self.tokens[side.domain])

    def finish(self) -> None:
        """Everything that is held can leave: refund and claim all, then nothing is left."""
        for side in self.sides:
            side.chain.warp(max(one.chain.now for one in self.sides) + 40 * 86_400)
            for account in {*self.users, *self.payees}:
                self.tokens[side.domain][1].send("setBlocked", account, False)  # noqa: FBT003
        for intent_id, origin, _, intent in self.offers:
            status = origin.settler.call("escrowOf", intent_id).status
            expected = {"IntentSettled": 2, "IntentRefunded": 3}.get(self.ledger.paid.get(intent_id, ""), 1)
            assert status == (expected if intent_id in self.ledger.escrows else 0)
            if status == 1:
                self._send(origin, "refund", intent)
        for side in self.sides:
            for chain_id, account, token in [*self.ledger.credits]:
                if chain_id == side.chain.chain_id:
                    self._send(side, "claim", account, token)
            assert all(token.call("balanceOf", side.settler.address) == 0 for token in self.tokens[side.domain])

    def _send(self, side: typing.Any, function: str, *args: typing.Any, **options: typing.Any) -> None:
        receipt = side.settler.send(function, *args, **options)
        self.ledger.apply(side, receipt)
        if receipt.has("Dispatch"):
            (other,) = (one for one in self.sides if one is not side)
            self.messages.append((other, receipt))

    def _pick(self, pool: typing.Sequence[typing.Any]) -> typing.Any:
        """Mostly something recent: old intents have nothing left to happen."""
        if not pool:
            raise NothingThereError
        return self.rng.choice(pool[-25:] if self.rng.random() < 0.9 else pool)

    def _fee(self) -> int:
        return self.rng.choice((FEE, FEE, FEE, FEE + 1, FEE - 1))

    def _offer(self) -> None:
        origin, destination = self.rng.sample(self.sides, 2)
        open_deadline = origin.chain.now + self.rng.randrange(-5, 300)
        intent = self.world.Intent(
            self.rng.choice(self.users),
            self.rng.choice(self.users),
            origin.chain.chain_id,
            destination.chain.chain_id,
            self.rng.choice(self.tokens[origin.domain]).address,
            self.rng.randrange(10**6),
            self.rng.choice(self.tokens[destination.domain]).address,
            self.rng.randrange(10**6),
            self.rng.randrange(10**6),
            max(open_deadline, 0),
            open_deadline + self.rng.randrange(-2, 120),
            self.rng.choice((self.world.auctioneer, self.world.zero)),
        )
        self.offers.append((origin.settler.call("intentId", intent), origin, destination, intent))

    def _award(self, offer: typing.Any) -> tuple[typing.Any, bytes]:
        intent_id, origin, _, intent = offer
        late = intent.fillDeadline + self.rng.randrange(-10, 20)
        amount = max(0, intent.minOutputAmount + self.rng.randrange(-1, 20))
        award = self.world.Award(intent_id, self.rng.choice(self.solvers), amount, late, late)
        if intent.auctioneer == self.world.zero:
            return award, b""
        signer = self.rng.choice((self.world.auctioneer,) * 9 + (self.world.stranger,))
        return award, self.world.sign(signer, "Award", award, origin)

    def _open(self) -> None:
        _, origin, _, intent = self._pick(self.offers)
        self._send(origin, "open", intent, sender=self.rng.choice((intent.user,) * 9 + (self.world.stranger,)))

    def _open_for(self) -> None:
        offer = intent_id, origin, _, intent = self._pick(self.offers)
        award, award_signature = self._award(offer)
        signer = self.rng.choice((intent.user,) * 9 + (self.world.stranger,))
        user_signature = self.world.sign_hash(signer, intent_id)
        self._send(origin, "openFor", intent, user_signature, award, award_signature, sender=award.solver)

    def _fill(self) -> None:
        offer = _, _, destination, intent = self._pick(self.offers)
        award, signature = self._award(offer)
        args = (intent, award, signature, self.rng.choice((*self.payees, *self.payees, self.world.zero)))
        self._send(destination, "fill", *args, sender=award.solver, value=self._fee())

    def _expire(self) -> None:
        _, _, destination, intent = self._pick(self.offers)
        self._send(destination, "expire", intent, sender=self.world.stranger, value=self._fee())

    def _refund(self) -> None:
        _, origin, _, intent = self._pick(self.offers)
        self._send(origin, "refund", intent, sender=self.world.stranger)

    def _resend(self) -> None:
        intent_id, _, destination, _ = self._pick(self.offers)
        self._send(destination, "resend", intent_id, sender=self.world.stranger, value=self._fee())

    def _deliver(self) -> None:
        side, receipt = self._pick(self.messages)
        self.ledger.apply(side, side.mailbox.send("process", *self.world.delivery(receipt)))

    def _invalidate(self) -> None:
        _, origin, _, intent = self._pick(self.offers)
        self._send(origin, "invalidateNonce", intent.nonce, sender=intent.user)

    def _warp(self) -> None:
        side = self.rng.choice(self.sides)
        other = max(one.chain.now for one in self.sides)
        side.chain.warp(max(side.chain.now + self.rng.randrange(40), other - 30))

    def _block(self) -> None:
        token = self.tokens[self.rng.choice(self.sides).domain][1]
        token.send("setBlocked", self.rng.choice((*self.users, *self.payees)), self.rng.random() < 0.4)

    def _claim(self) -> None:
        side = self.rng.choice(self.sides)
        owed = [key for key in self.ledger.credits if key[0] == side.chain.chain_id]
        _, account, token = self.rng.choice(owed) if owed else (0, self.world.user, side.token.address)
        if owed and self.rng.random() < 0.5:
            self.tokens[side.domain][1].send("setBlocked", account, False)  # noqa: FBT003
        self._send(side, "claim", account, token)

    def _forge(self) -> None:
        """A stranger sends a settler a message of the right shape, and the validator signs it."""
        intent_id, origin, destination, _ = self._pick(self.offers)
        recipient = bytes.fromhex(origin.settler.address[2:]).rjust(32, b"\0")
        types, me = ["uint8", "bytes32", "address", "address", "uint256"], self.world.stranger
        body = eth_abi.encode(types, [self.rng.randrange(4), intent_id, me, me, 10**9])
        receipt = destination.mailbox.send("dispatch", origin.domain, recipient, body, sender=me, value=FEE)
        with self.world.reverts("NotPeer"):
            origin.mailbox.send("process", *self.world.delivery(receipt))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("calls", [3_000, pytest.param(50_000, marks=pytest.mark.soak)])
def test_escrow_in_is_paid_out_plus_held_and_nothing_pays_twice(world_class: typing.Any, calls: int):
    seed = int(os.environ.get("ORBITAL_SEED") or secrets.randbits(32))
    walk = None
    try:
        world = world_class(Evm(31337, world_class), Evm(31338, world_class))
        walk = Walk(world, random.Random(seed))
        for _ in range(calls):
            walk.step()
        walk.finish()
        assert all(walk.done[action] >= calls // 3_000 for action in COMMON), walk.done
        assert walk.refused["NotPeer"] == 0
    except BaseException as error:
        error.add_note(f"ORBITAL_SEED={seed}")
        raise
    finally:
        if walk is not None:
            print(f"seed {seed}", dict(walk.done), dict(walk.refused))
