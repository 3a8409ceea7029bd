"""Nodes lie, lag and limit: the index is complete and right all the same, and nothing is final on doubtful data."""

import asyncio
import collections.abc
import contextlib
import json
import typing

import httpx
import pytest

from orbital.chain import rpc, settler
from orbital.devnet import ports
from orbital.observe import metrics

Json = typing.Any
Lie = collections.abc.Callable[[Json, Json], Json]  # what one call is answered instead; the truth unchanged is no lie
QUICK = {"poll_seconds": 0.02, "retry_seconds": 0.02, "stopped_retry_seconds": 0.05, "verify_seconds": 0.05}
FINAL_DEPTH = 64
MANY_BLOCKS = 40
HALF = "half a batch"


class Liar:
    """A node that says what a real one says, but for its lie: `times` times, None for ever. `told` counts."""

    def __init__(self, url: str, old: Json) -> None:
        self.url, self.old = url, old
        self.lie: Lie | bytes | str | None = None
        self.times: int | None = None
        self.told = 0
        self._ended = asyncio.Event()
        self._http = httpx.AsyncClient(trust_env=False, headers={"content-type": "application/json"})

    def tell(self, lie: Lie | bytes | str | None, times: int | None = None) -> None:
        self.lie, self.times, self.told = lie, times, 0

    async def aclose(self) -> None:
        self._ended.set()
        await self._http.aclose()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                request = await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
                truth = (await self._http.post(self.url, content=request)).json()
                answer = self._wire() or self._answer(json.loads(request), truth)
                if answer == b"never":
                    await self._ended.wait()
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()

    def _may_lie(self) -> bool:
        return self.lie is not None and (self.times is None or self.told < self.times)

    def _wire(self) -> bytes | None:
        if not isinstance(self.lie, bytes) or not self._may_lie():
            return None
        self.told += 1
        return self.lie

    def _answer(self, request: Json, truth: Json) -> bytes:
        if isinstance(truth, list):
            by_id = {one["id"]: one for one in truth}
            said: Json = [self._say(call, by_id[call["id"]]) for call in request]
            if self.lie == HALF and self._may_lie():
                self.told += 1
                said = said[: len(said) // 2]
        else:
            said = self._say(request, truth)
            if "never" in said:
                return b"never"
        return _http("200 OK", json.dumps(said).encode())

    def _say(self, call: Json, reply: Json) -> Json:
        if not callable(self.lie) or not self._may_lie():
            return reply
        said = self.lie(call, {**reply, "old": self.old})
        said.pop("old", None)
        self.told += said != reply
        return said


def _http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _is_height(call: Json) -> bool:
    """Whether a block is asked for by its number; the first one only names the chain."""
    return call["method"] == "eth_getBlockByNumber" and call["params"][0][:2] == "0x" and call["params"][0] != "0x0"


def _changed(**fields: collections.abc.Callable[[str], str]) -> Lie:
    def lie(call: Json, reply: Json) -> Json:
        if not _is_height(call) or not reply["result"]:
            return reply
        block = reply["result"]
        return reply | {"result": block | {name: change(block[name]) for name, change in fields.items()}}

    return lie


def _no_logs(call: Json, reply: Json) -> Json:
    return reply | {"result": []} if call["method"] == "eth_getLogs" else reply


def _no_block(call: Json, reply: Json) -> Json:
    return reply | {"result": None} if _is_height(call) else reply


def _old_head(call: Json, reply: Json) -> Json:
    return reply | {"result": reply["old"]} if call["params"][:1] == ["latest"] else reply


def _other_chain(call: Json, reply: Json) -> Json:
    return reply | {"result": "0x1"} if call["method"] == "eth_chainId" else reply


def _not_linked(call: Json, reply: Json) -> Json:
    """Another block of the chain at every height: sound by itself."""
    if not _is_height(call) or not reply["result"]:
        return reply
    return reply | {"result": reply["old"] | {"number": reply["result"]["number"], "another": "form"}}


def _other_form(call: Json, reply: Json) -> Json:
    return _broken(call, reply | {"result": reply["result"] | {"another": "0x1"}} if _is_block(call) else reply)


def _broken(call: Json, reply: Json) -> Json:
    return reply | {"result": reply["result"] | {"gasUsed": "0x1234567"}} if _is_block(call) else reply


def _is_block(call: Json) -> bool:
    return call["method"].startswith("eth_getBlockBy")


def _few_blocks(call: Json, reply: Json) -> Json:
    where = call["params"][0] if call["method"] == "eth_getLogs" else {}
    if "fromBlock" not in where or int(where["toBlock"], 16) - int(where["fromBlock"], 16) < 3:
        return reply
    return {"id": reply["id"], "error": {"code": -32000, "message": "eth_getLogs is limited to a 3 blocks range"}}


def _slow_over_many_blocks(call: Json, reply: Json) -> Json:
    where = call["params"][0] if call["method"] == "eth_getLogs" else {}
    is_long = "fromBlock" in where and int(where["toBlock"], 16) - int(where["fromBlock"], 16) >= MANY_BLOCKS
    return {"never": True} if is_long else reply


def _few_results(call: Json, reply: Json) -> Json:
    if call["method"] != "eth_getLogs" or len(reply["result"]) < 2:
        return reply
    return {"id": reply["id"], "error": {"code": -32005, "message": "query returned more than 10000 results"}}


def _first_log_dropped(call: Json, reply: Json) -> Json:
    return reply | {"result": reply["result"][1:]} if call["method"] == "eth_getLogs" else reply


REFUSED = "orbital_indexer_ranges_refused_total"
DOUBTS, FAILURES = "orbital_indexer_doubts_total", "orbital_node_failures_total"
LIES: dict[str, tuple[Lie | bytes | str, tuple[str, str] | None]] = {
    "empty logs": (_no_logs, (DOUBTS, "bloom_without_log")),
    "wrong hash": (_changed(hash=lambda text: text[:-4] + text[-2:] + "ab"), (DOUBTS, "broken_seal")),
    "wrong time": (_changed(timestamp=lambda text: hex(int(text, 16) + 1)), (DOUBTS, "broken_seal")),
    "wrong parent": (_not_linked, (DOUBTS, "unlinked")),
    "wrong number": (_changed(number=lambda text: hex(int(text, 16) + 1)), (DOUBTS, "wrong_number")),
    "null block": (_no_block, (DOUBTS, "missing_header")),
    "head goes back": (_old_head, (DOUBTS, "head_went_back")),
    "other chain": (_other_chain, (FAILURES, "wrong_chain")),
    "range too large": (_few_blocks, (REFUSED, "range_too_large")),
    "result cap": (_few_results, (REFUSED, "too_many_results")),
    "429": (_http("429 Too Many Requests\r\nRetry-After: 1", b"slow down"), (FAILURES, "rate_limited")),
    "HTML": (_http("200 OK", b"<html>Sign in</html>"), (FAILURES, "not_json_rpc")),
    "reset": (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", (FAILURES, "unreachable")),
    "timeout": (b"never", (FAILURES, "timeout")),
    "half a batch": (HALF, (FAILURES, "incomplete")),
}


@pytest.fixture
def same_without_lies(world, wait_until, fingerprint, reset):
    """`await same_without_lies(chain_id)`: what was indexed is what a node that does not lie would have given."""

    async def compare(chain_id) -> None:
        whole = await fingerprint()
        await reset()
        world.sources[chain_id] = world.nodes[chain_id], []
        async with world.indexing(chain_id, **QUICK):
            await wait_until(lambda: is_at_head(world, chain_id))
        assert await fingerprint() == whole

    return compare


@pytest.fixture
async def liar(world) -> collections.abc.AsyncIterator[Liar]:
    """Before the origin's node."""
    async with serving(world, world.origin) as one:
        yield one


async def test_every_lie_is_seen_and_the_index_is_what_an_honest_node_gives(world, liar, wait_until, same_without_lies):
    honest = world.running[world.origin].rpc_url
    async with world.indexing(world.origin, **QUICK):
        await wait_until(lambda: is_at_head(world, world.origin))
    for name, (lie, counted) in LIES.items():
        for urls, times in (([liar.place, honest], None), ([liar.place], 1)):
            before = counted and count(world, *counted)
            liar.tell(lie, times)
            await emit(world)
            await world.mine(world.origin, 5)
            await emit(world)
            async with rpc.Rpc(urls, world.origin, 1.0 if name == "timeout" else 30.0) as node:
                world.sources[world.origin] = node, []
                async with world.indexing(world.origin, **QUICK):
                    await wait_until(lambda: is_at_head(world, world.origin))
                    if counted is not None and count(world, *counted) == before:
                        liar.tell(lie, times)  # a request that the last indexer gave up may have taken the only one
                    await emit(world)
                    await wait_until(lambda: is_at_head(world, world.origin))
            assert liar.told > 0, name
            assert counted is None or count(world, *counted) > before, name
    final = (await world.nodes[world.origin].header("finalized")).number
    assert final > FINAL_DEPTH
    world.sources[world.origin] = world.nodes[world.origin], []
    async with world.indexing(world.origin, **QUICK):
        await wait_until(lambda: is_verified(world, final, world.origin))
    await same_without_lies(world.origin)


async def test_what_a_node_leaves_out_is_not_final_and_read_anew_once_it_says_it(world, wait_until, same_without_lies):
    match = await world.match()
    await world.open(match)
    receipt = await world.fill(match)
    await world.mine(world.destination, FINAL_DEPTH)
    honest = world.running[world.destination].rpc_url
    async with serving(world, world.destination) as liar, rpc.Rpc([liar.place, honest], world.destination) as node:
        liar.tell(_first_log_dropped)
        world.sources[world.destination] = node, []
        async with world.indexing(world.destination, **QUICK):
            await wait_until(lambda: is_at_head(world, world.destination))
            seen = mismatches(world)
            await wait_until(lambda: has_looked(world, seen + 3))
            found = await world.checkpoint(world.destination)
            assert found.verified is None or found.verified < receipt.block_number
            assert found.dispute.code == "nodes_disagree"
            assert (found.verified or 0) < found.dispute.number <= receipt.block_number
            liar.tell(None)
            await wait_until(lambda: is_verified(world, receipt.block_number))
            assert (await world.checkpoint(world.destination)).dispute is None
            await wait_until(lambda: is_at_head(world, world.destination))
    await same_without_lies(world.destination)


@pytest.mark.parametrize("place", [0, 1], ids=["it was read from", "it is the witness"])
async def test_one_node_of_three_that_lies_keeps_nothing_from_being_final(world, wait_until, same_without_lies, place):
    match = await world.match()
    receipt = await world.fill(match)
    await world.mine(world.destination, FINAL_DEPTH)
    urls = [world.running[world.destination].rpc_url]
    async with serving(world, world.destination) as liar, serving(world, world.destination) as other:
        urls = [*urls, other.place]
        urls.insert(place, liar.place)
        liar.tell(_first_log_dropped)
        async with rpc.Rpc(urls, world.destination) as node:
            world.sources[world.destination] = node, []
            before = outvoted(world, liar)
            async with world.indexing(world.destination, **QUICK):
                await wait_until(lambda: is_verified(world, receipt.block_number))
                await wait_until(lambda: is_at_head(world, world.destination))
            assert outvoted(world, liar) > before
            assert outvoted(world, other) == 0
    assert (await world.checkpoint(world.destination)).dispute is None
    await same_without_lies(world.destination)


async def test_a_node_does_not_confirm_its_own_words(world, wait_until):
    receipt = await world.fill(await world.match())
    honest = world.running[world.destination].rpc_url
    async with serving(world, world.destination) as liar, rpc.Rpc([liar.place, honest], world.destination) as node:
        liar.tell(_first_log_dropped)
        world.sources[world.destination] = node, []
        async with world.indexing(world.destination, **QUICK):
            await wait_until(lambda: is_at_head(world, world.destination))
            await node.header("latest")
            node.blame()  # from now on the other one is asked, and the liar is the second choice
            await world.mine(world.destination, FINAL_DEPTH)
            await wait_until(lambda: has_dispute(world))
            found = await world.checkpoint(world.destination)
            assert found.verified is None or found.verified < receipt.block_number
            liar.tell(None)
            await wait_until(lambda: is_verified(world, receipt.block_number))


async def test_final_blocks_that_take_a_node_too_long_are_compared_in_smaller_parts(world, liar, wait_until):
    await world.mine(world.origin, 2 * FINAL_DEPTH)
    async with world.indexing(world.origin, verify_seconds=3600.0):
        await wait_until(lambda: is_at_head(world, world.origin))
    final = (await world.nodes[world.origin].header("finalized")).number
    assert final > MANY_BLOCKS
    liar.tell(_slow_over_many_blocks)
    async with rpc.Rpc([liar.place], world.origin, 1.0) as node:
        world.sources[world.origin] = node, []
        async with world.indexing(world.origin, **QUICK):
            await wait_until(lambda: is_verified(world, final, world.origin))
    assert liar.told > 0


async def test_chains_whose_hashes_are_other_than_known_are_followed(world, liar, wait_until):
    """By a field that nobody knows, in all blocks, and from one block on."""
    await world.mine(world.origin, FINAL_DEPTH + 1)
    for before, lie in ((_other_form, _other_form), (_broken, _broken), (None, _broken)):
        liar.tell(before)
        async with rpc.Rpc([liar.place], world.origin) as node:
            world.sources[world.origin] = node, []
            async with world.indexing(world.origin, **QUICK):
                await emit(world)
                await wait_until(lambda: is_at_head(world, world.origin))
                liar.tell(lie)
                await emit(world)
                await wait_until(lambda: is_at_head(world, world.origin))
                await wait_until(lambda: is_verified(world, 1, world.origin))


@contextlib.asynccontextmanager
async def serving(world, chain_id) -> collections.abc.AsyncIterator[Liar]:
    old = await world.nodes[chain_id].request("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - RPC's own
    one = Liar(world.running[chain_id].rpc_url, old)
    server = await asyncio.start_server(one.connect, ports.LOOPBACK, 0)
    one.place = f"http://{ports.LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield one
        await one.aclose()


async def emit(world):
    """A fact of its own block."""
    world.nonces += 1
    await world.wallet(world.origin, world.user).transact(
        world.settler(world.origin), settler.invalidate_nonce(world.nonces)
    )


async def is_at_head(world, chain_id):
    head, found = await world.nodes[chain_id].header("latest"), await world.checkpoint(chain_id)
    return found is not None and found.hash == head.hash


async def is_verified(world, number, chain_id=None):
    found = await world.checkpoint(chain_id or world.destination)
    return found is not None and found.verified is not None and found.verified >= number


async def has_dispute(world):
    found = await world.checkpoint(world.destination)
    return found.dispute is not None and found.dispute.code == "nodes_disagree"


async def has_looked(world, times):
    return mismatches(world) >= times


def mismatches(world):
    return total(f'orbital_indexer_mismatches_total{{chain_id="{world.destination}"', "}")


def outvoted(world, liar):
    place = liar.place.removeprefix("http://")
    return total(f'orbital_indexer_outvoted_total{{chain_id="{world.destination}"', f'node="{place}"')


def count(world, name, kind):
    return total(f'{name}{{chain_id="{world.origin}"', f'kind="{kind}"')


def total(start, part):
    lines = metrics.render().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(start) and part in line)
