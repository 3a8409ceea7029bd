"""One answer of several nodes: what a strict majority of all that are configured says.

For what money moves on. With one node it is that node's word, with two both must say the same, and of three one may be
away or wrong. All are asked at once, and nobody is waited for once there is a majority.

When there is none: the only node's own error, else Unavailable, "nodes_disagree" when too many said something else and
"chain_unavailable" when too few said anything.
"""

import asyncio
import collections.abc
import typing

from orbital.chain.rpc import Rpc, RpcError
from orbital.domain.errors import Corrupt, Unavailable

Answer = typing.TypeVar("Answer")
Question = collections.abc.Callable[[Rpc], collections.abc.Awaitable[Answer]]


async def agree(rpc: Rpc, ask: Question[Answer]) -> Answer:
    """The answer that most nodes give, compared by equality."""

    def find(answers: list[Answer], needed: int) -> list[Answer]:
        return answers[-1:] if answers.count(answers[-1]) >= needed else []

    return await _settle(rpc, ask, find)


async def reach(rpc: Rpc, ask: Question[int]) -> int:
    """A number that most nodes have at least reached: the lowest of the first that make up a majority."""

    def find(answers: list[int], needed: int) -> list[int]:
        return [min(answers)] if len(answers) >= needed else []

    return await _settle(rpc, ask, find)


async def _settle(
    rpc: Rpc, ask: Question[Answer], find: collections.abc.Callable[[list[Answer], int], list[Answer]]
) -> Answer:
    """Hear nodes until `find` has something in what they said so far."""
    doors = rpc.each()
    needed = len(doors) // 2 + 1
    answers: list[Answer] = []
    failures: list[Exception] = []
    tasks = [asyncio.ensure_future(ask(door)) for door in doors]
    try:
        for heard in asyncio.as_completed(tasks):
            try:
                answers.append(await heard)
            except (Unavailable, Corrupt, RpcError) as failure:
                failures.append(failure)
                continue
            if found := find(answers, needed):
                return found[0]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if len(doors) == 1:
        raise failures[0]
    said = f"{len(answers)} of {len(doors)} nodes of chain {rpc.expected_chain_id} answer"
    if len(answers) >= needed:
        raise Unavailable("nodes_disagree", f"{said}, and no majority says the same.")
    raise Unavailable("chain_unavailable", f"{said}: {failures[0]}")
