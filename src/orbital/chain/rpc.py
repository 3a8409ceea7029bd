"""The typed door to one chain's nodes.

Reads take and give domain values; hex exists only below. Errors: `RpcError` when the node refused the call itself (with
the data of a revert), `RangeRefused` when logs of fewer blocks would be answered, Unavailable("chain_unavailable") when
no node gave a usable answer (`TimedOut` when one took too long), Corrupt("wrong_chain") when all nodes are of another
chain. Nothing is cached, and what was answered is not asked twice: repeating is the caller's decision.

Each call may be answered by another node. For answers that belong together there is `steady`, for a second opinion
`elsewhere`, and `blame` for a node whose answers did not fit.
"""

import asyncio
import collections.abc
import copy
import typing

import msgspec

from orbital.chain import blocks, hexes, jsonrpc, nodes, seals
from orbital.chain.blocks import Header, Heads, Log, Receipt
from orbital.chain.jsonrpc import RangeRefused, RpcError
from orbital.chain.nodes import TimedOut
from orbital.domain import errors
from orbital.domain.types import Address, Amount, ChainId, Hash32

__all__ = ["BlockRef", "Header", "Heads", "Log", "RangeRefused", "Receipt", "Rpc", "RpcError", "Tag", "TimedOut"]

Tag = typing.Literal["latest", "safe", "finalized", "earliest", "pending"]
BlockRef = Tag | int | bytes  # a tag, a height or a 32-byte hash

TIMEOUT_SECONDS = 10.0
BATCH_CALLS = 500
UNKNOWN_BLOCK_CODE = -39001
_HEIGHT: typing.Final = jsonrpc.Call("eth_blockNumber", ())


class Rpc:
    """One chain. Use it as an async context manager, or call `aclose`.

    `calls_per_second` is what each node may be asked; without it there is no limit but the node's own.
    """

    def __init__(
        self,
        urls: collections.abc.Sequence[str],
        chain_id: ChainId,
        timeout_seconds: float = TIMEOUT_SECONDS,
        calls_per_second: float | None = None,
    ) -> None:
        self._id: typing.Final = chain_id
        self._form: typing.Final = seals.Form(chain_id)
        self._client = nodes.Client(nodes.Nodes(urls, chain_id, timeout_seconds, calls_per_second))

    async def __aenter__(self) -> typing.Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()

    @property
    def expected_chain_id(self) -> ChainId:
        """The configured chain id; every node is compared to it."""
        return self._id

    @property
    def form(self) -> seals.Form:
        """What is known of how the chain's headers are hashed, the same through all doors."""
        return self._form

    def apart(self) -> typing.Self:
        """The same chain; `answered_by` and `blame` are about what was asked here. It needs no closing."""
        return self._through(self._client.apart())

    def steady(self) -> typing.Self:
        """The same chain through one node for as long as it answers. It needs no closing."""
        return self._through(self._client.steady())

    def elsewhere(self) -> typing.Self:
        """The same through another node than the one that answered here last, if there is one that answers."""
        return self._through(self._client.elsewhere())

    def witness(self, told_by: collections.abc.Collection[str] = ()) -> typing.Self:
        """The same, preferring the node that is asked second here; those of `told_by` (see `answered_by`) come last."""
        return self._through(self._client.witness(told_by))

    def each(self) -> list[typing.Self]:
        """The same through every node by itself, in their order, to hear all of them."""
        return [self._through(client) for client in self._client.each()]

    @property
    def answered_by(self) -> str | None:
        """Host and port of the node that answered last; None when none did."""
        return self._client.answered_by

    def blame(self) -> None:
        """The last answer does not fit: its node is asked after the others for a while."""
        self._client.blame()

    async def request(self, method: str, *params: typing.Any) -> typing.Any:
        """Call any method with JSON values, for what has no typed method here; returns plain JSON."""
        return msgspec.json.decode(await self._client.ask_one(method, *params))

    async def chain_id(self) -> ChainId:
        """Ask a node for its chain id."""
        return ChainId(blocks.decode_quantity(await self._client.ask_one("eth_chainId")))

    async def header(self, block: BlockRef) -> Header | None:
        """Return the head of a block, None if the node does not know it."""
        (found,) = await self._headers((block,))
        return found

    async def headers(self, numbers: collections.abc.Sequence[int]) -> list[Header | None]:
        """Return the heads at these heights, in their order, from as few requests as possible."""
        found: list[Header | None] = []
        for start in range(0, len(numbers), BATCH_CALLS):
            found += await self._headers(numbers[start : start + BATCH_CALLS])
        return found

    async def heads(self) -> Heads:
        """Return latest, safe and finalized head from one request."""
        latest, safe, finalized = await self._headers(("latest", "safe", "finalized"))
        if latest is None:
            raise RpcError(UNKNOWN_BLOCK_CODE, "the node has no latest block")
        return Heads(latest, safe, finalized)

    async def logs(
        self,
        from_block: int,
        to_block: int,
        *,
        addresses: collections.abc.Collection[Address] = (),
        topics: collections.abc.Collection[Hash32] = (),
    ) -> list[Log]:
        """Return logs of an inclusive range; empty `addresses` or `topics` (of position 0) mean any."""
        where = {"fromBlock": hex(from_block), "toBlock": hex(to_block)}
        return await self._logs(where, addresses, topics, height=to_block)

    async def block_logs(
        self,
        block_hash: Hash32,
        *,
        addresses: collections.abc.Collection[Address] = (),
        topics: collections.abc.Collection[Hash32] = (),
    ) -> list[Log]:
        """Return logs of exactly this block. Of a block it does not know, a node gives an RpcError or nothing."""
        return await self._logs({"blockHash": hexes.to_hex(block_hash)}, addresses, topics)

    async def call(
        self, to: Address | None, data: bytes, *, block: BlockRef = "latest", sender: Address | None = None
    ) -> bytes:
        """Run a call without a transaction; without `to`, `data` is run as a deployment. Reverts are RpcErrors."""
        return blocks.decode_bytes(
            await self._client.ask_one("eth_call", _transaction(sender, to, data), _write_block(block))
        )

    async def call_many(
        self, calls: collections.abc.Sequence[tuple[Address, bytes]], *, block: BlockRef = "latest"
    ) -> list[bytes | RpcError]:
        """Run several calls from one request; a refused one gives its RpcError in its place."""
        return _read_returns(await self._client.ask(_write_calls(calls, block)))

    async def call_at_head(
        self, calls: collections.abc.Sequence[tuple[Address, bytes]]
    ) -> tuple[list[bytes | RpcError], int]:
        """The same at the latest block, and its height: when the calls were run it may have been another one.

        A node that does not tell the height gives no usable answer.
        """
        height, *answers = await self._client.ask([_HEIGHT, *_write_calls(calls, "latest")])
        if isinstance(height, RpcError):
            raise errors.Unavailable("chain_unavailable", f"The node does not tell its height: {height.message}", 5)
        return _read_returns(answers), blocks.decode_quantity(height)

    async def code(self, address: Address, *, block: BlockRef = "latest") -> bytes:
        """Return the account's code; an EIP-7702 delegation is 0xef0100 and an address."""
        return blocks.decode_bytes(
            await self._client.ask_one("eth_getCode", hexes.to_hex(address), _write_block(block))
        )

    async def balance(self, address: Address, *, block: BlockRef = "latest") -> Amount:
        """Return the account's wei."""
        answer = await self._client.ask_one("eth_getBalance", hexes.to_hex(address), _write_block(block))
        return Amount(blocks.decode_quantity(answer))

    async def nonce(self, address: Address, *, block: BlockRef = "pending") -> int:
        """Return the number of the account's next transaction, counting the pool unless `block` says otherwise."""
        answer = await self._client.ask_one("eth_getTransactionCount", hexes.to_hex(address), _write_block(block))
        return blocks.decode_quantity(answer)

    async def gas_price(self) -> Amount:
        """Return the node's proposal in wei, base fee included."""
        return Amount(blocks.decode_quantity(await self._client.ask_one("eth_gasPrice")))

    async def priority_fee(self) -> Amount:
        """Return the node's proposal for the tip, in wei."""
        return Amount(blocks.decode_quantity(await self._client.ask_one("eth_maxPriorityFeePerGas")))

    async def estimate(self, sender: Address, to: Address | None, data: bytes, value_wei: int = 0) -> int:
        """Return the gas that the transaction would need now; raises RpcError with the revert's data."""
        asked = _transaction(sender, to, data) | {"value": hex(value_wei)}
        return blocks.decode_quantity(await self._client.ask_one("eth_estimateGas", asked))

    async def send_raw(self, transaction: bytes) -> Hash32:
        """Hand a signed transaction to the node; returns its hash."""
        answer = await self._client.ask_one("eth_sendRawTransaction", hexes.to_hex(transaction))
        return Hash32(blocks.decode_bytes(answer))

    async def receipt(self, tx_hash: Hash32) -> Receipt | None:
        """Return the receipt of a mined transaction, else None."""
        return blocks.decode_receipt(await self._client.ask_one("eth_getTransactionReceipt", hexes.to_hex(tx_hash)))

    async def _headers(self, refs: collections.abc.Sequence[BlockRef]) -> list[Header | None]:
        asked = [
            jsonrpc.Call(
                "eth_getBlockByHash" if isinstance(ref, bytes) else "eth_getBlockByNumber",
                (hexes.to_hex(ref) if isinstance(ref, bytes) else _write_block(ref), False),
            )
            for ref in refs
        ]
        heights = [ref for ref in refs if isinstance(ref, int)]
        height = max(heights) if len(heights) == len(refs) and heights else None
        return [_read_header(answer) for answer in await self._client.ask(asked, height)]

    async def _logs(
        self,
        where: dict[str, str],
        addresses: collections.abc.Collection[Address],
        topics: collections.abc.Collection[Hash32],
        height: int | None = None,
    ) -> list[Log]:
        query: dict[str, typing.Any] = dict(where)
        if addresses:
            query["address"] = [hexes.to_hex(address) for address in addresses]
        if topics:
            query["topics"] = [[hexes.to_hex(topic) for topic in topics]]
        answer = await self._client.ask_one("eth_getLogs", query, height=height)
        logs: list[Log] = []
        for some in blocks.decode_logs(answer):
            logs += some
            await asyncio.sleep(0)
        return logs

    def _through(self, client: nodes.Client) -> typing.Self:
        door = copy.copy(self)
        door._client = client  # noqa: SLF001 - a copy of this one
        return door


def _write_calls(calls: collections.abc.Sequence[tuple[Address, bytes]], block: BlockRef) -> list[jsonrpc.Call]:
    where = _write_block(block)
    return [jsonrpc.Call("eth_call", (_transaction(None, to, data), where)) for to, data in calls]


def _read_returns(answers: collections.abc.Iterable[jsonrpc.Answer]) -> list[bytes | RpcError]:
    return [answer if isinstance(answer, RpcError) else blocks.decode_bytes(answer) for answer in answers]


def _read_header(answer: msgspec.Raw | RpcError) -> Header | None:
    if not isinstance(answer, RpcError):
        return blocks.decode_header(answer)
    if answer.rpc_code == UNKNOWN_BLOCK_CODE or "not found" in answer.message:
        return None
    raise answer


def _write_block(block: BlockRef) -> str | dict[str, str]:
    if isinstance(block, str):
        return block
    if isinstance(block, bytes):
        return {"blockHash": hexes.to_hex(block)}
    return hex(block)


def _transaction(sender: Address | None, to: Address | None, data: bytes) -> dict[str, str]:
    written = {"data": hexes.to_hex(data)}
    if sender is not None:
        written["from"] = hexes.to_hex(sender)
    if to is not None:
        written["to"] = hexes.to_hex(to)
    return written
