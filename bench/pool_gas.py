"""Gas of a swap through the Orbital pool on a local chain: with the right hint, with none, across planes.

The pool has four ticks of the same radius and a fee. Figures are those of the receipts: the whole transaction with two
token transfers, between accounts that hold both tokens, in a pool whose slots have all been written before.
"""

import math
import pathlib
import tempfile
import typing

import httpx

from orbital.chain import pool, token
from orbital.devnet import anvil, process, settings
from orbital.domain.types import Address, UnixSeconds

WAD = 10**18
DEADLINE = UnixSeconds(2**63)
UNBOUNDED = 2**256 - 1
RADIUS = 10**25
PRICES_PPM = (999_000, 990_000, 950_000, 500_000)
CROSSED = "TickCrossed"


class Node:
    """A chain that mines every transaction at once, from its first unlocked account."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=60)
        self.sender: str = self.ask("eth_accounts")[0]

    def ask(self, method: str, *params: typing.Any) -> typing.Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.client.post("", json=body).json()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def send(self, to: bytes | None, data: bytes) -> dict[str, typing.Any]:
        transaction = {"from": self.sender, "data": f"0x{data.hex()}", "gas": hex(25_000_000)}
        receipt = self.ask("eth_sendTransactionSync", transaction | ({"to": f"0x{to.hex()}"} if to else {}))
        if receipt["status"] != "0x1":
            self.ask("eth_call", transaction | {"to": f"0x{to.hex()}"} if to else transaction, "latest")
        return receipt

    def deploy(self, data: bytes) -> Address:
        return Address(bytes.fromhex(self.send(None, data)["contractAddress"][2:]))


class Lab:
    """One pool of `n` tokens, its ticks filled at par, traded once both ways."""

    def __init__(self, node: Node, n: int, decimals: int) -> None:
        self.node, self.unit = node, 10**decimals
        self.owner = Address(bytes.fromhex(node.sender[2:]))
        names = [token.load().encode_deployment(f"Dollar {i}", "USD", decimals) for i in range(n)]
        tokens = [node.deploy(name) for name in names]
        planes = [plane_of(n, price) for price in PRICES_PPM]
        self.pool = node.deploy(pool.encode_deployment(tokens, planes, 100))
        for found in tokens:
            node.send(found, token.mint(self.owner, 10**40))
            node.send(found, token.approve(self.pool, UNBOUNDED))
        for tick in range(len(planes)):
            node.send(self.pool, pool.add_liquidity(tick, RADIUS, [UNBOUNDED] * n, DEADLINE))
        for i, j in ((0, 1), (1, 0)):
            self.swap(i, j, 10, 0)

    def swap(self, i: int, j: int, amount: int, hint: int) -> tuple[int, int, int]:
        """Swap whole tokens; return the amount out, the gas and how many planes were crossed."""
        data = pool.swap(i, j, amount * self.unit, min_amount_out=0, hint=hint, to=self.owner, deadline=DEADLINE)
        receipt = self.node.send(self.pool, data)
        names = [pool.load().events.get(bytes.fromhex(log["topics"][0][2:]), "") for log in receipt["logs"]]
        out = next(log for log, name in zip(receipt["logs"], names, strict=True) if name == "Swap")["data"]
        return int(out[2 + 3 * 64 : 2 + 4 * 64], 16), int(receipt["gasUsed"], 16), names.count(CROSSED)

    def try_swap(self, amount: int, hint: int) -> tuple[int, int, int]:
        """Swap token 0 into token 1 and undo it."""
        before = self.node.ask("evm_snapshot")
        try:
            return self.swap(0, 1, amount, hint)
        finally:
            self.node.ask("evm_revert", before)

    def measure(self, name: str, amount: int) -> None:
        """Print gas with the right hint, with none, and with one that is ten times too high."""
        out, without, crossed = self.try_swap(amount, 0)
        figures = (self.try_swap(amount, out)[1], without, self.try_swap(amount, out * 10)[1])
        print(f"  {name:<24}{crossed:>3}{''.join(f'{gas:>12,}' for gas in figures)}")


def plane_of(n: int, price_ppm: int) -> int:
    """Sum of the reserves per radius where one token has fallen to this price, x 10^18, rounded up."""
    one = 10**6
    square = (price_ppm + (n - 1) * one) ** 2 * WAD**2 // (price_ppm**2 + (n - 1) * one**2)
    return n * WAD - math.isqrt(square)


def first_crossing(lab: Lab, planes: int) -> int:
    """Return a power of two of whole tokens that crosses so many planes."""
    return next(size for size in (2**power for power in range(10, 30)) if lab.try_swap(size, 0)[2] >= planes)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        chain = anvil.prepare(settings.AnvilSettings(data_dir=pathlib.Path(folder), chain_id=31337, block_seconds=0))
        with process.start(chain.command, pathlib.Path(folder) / "anvil.log"):
            node = Node(chain.rpc_url)
            for n in (3, 8, 16):
                for decimals in (6, 18):
                    print(f"n = {n}, {decimals} decimals      planes  right hint     no hint   hint x 10")
                    lab = Lab(node, n, decimals)
                    lab.measure("inside all planes", 1_000)
                    for planes in (1, 2):
                        lab.measure(f"across {planes}", first_crossing(lab, planes))
                    lab.swap(0, 1, first_crossing(lab, 1), 0)
                    lab.measure("with a boundary tick", 1_000)


if __name__ == "__main__":
    main()
