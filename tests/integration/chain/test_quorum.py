"""What several nodes say, counted."""

import asyncio
import collections.abc
import contextlib
import typing

import pytest

from orbital.chain import quorum, rpc
from orbital.chain.rpc import RpcError
from orbital.domain import errors
from orbital.domain.types import ChainId


@contextlib.asynccontextmanager
async def _nodes(*said: typing.Any) -> collections.abc.AsyncIterator[tuple[rpc.Rpc, quorum.Question[typing.Any]]]:
    """As many nodes, each of which says its own; a failure is raised, and an event is waited for in vain."""
    async with rpc.Rpc([f"http://127.0.0.1:{port}" for port in range(1, 1 + len(said))], ChainId(5)) as node:
        rest = iter(said)

        async def ask(_: rpc.Rpc) -> typing.Any:
            one = next(rest)
            if isinstance(one, asyncio.Event):
                await one.wait()
            if isinstance(one, Exception):
                raise one
            return one

        yield node, ask


AWAY = errors.Unavailable("chain_unavailable", "away")
REFUSED = RpcError(-32000, "no")


async def test_most_nodes_are_believed_and_the_rest_is_not_waited_for() -> None:
    for said in (("a",), ("a", "a"), ("b", "a", "a"), ("a", AWAY, "a"), ("a", "a", asyncio.Event()), (None, None, "a")):
        async with _nodes(*said) as (node, ask):
            assert await quorum.agree(node, ask) == ("a" if said[0] is not None else None)
    async with _nodes(7, 9, asyncio.Event()) as (node, ask):
        assert await quorum.reach(node, ask) == 7


async def test_without_a_majority_there_is_no_answer() -> None:
    for said, code in (
        (("a", "b"), "nodes_disagree"),
        (("a", "b", "c"), "nodes_disagree"),
        (("a", "a", "b", "b"), "nodes_disagree"),
        (("a", AWAY), "chain_unavailable"),
        (("a", AWAY, REFUSED), "chain_unavailable"),
    ):
        async with _nodes(*said) as (node, ask):
            with pytest.raises(errors.Unavailable) as caught:
                await quorum.agree(node, ask)
            assert caught.value.code == code


async def test_the_only_nodes_error_is_its_own() -> None:
    async with _nodes(REFUSED) as (node, ask):
        with pytest.raises(RpcError):
            await quorum.agree(node, ask)
