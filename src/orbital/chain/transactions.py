"""Transactions of one account on one chain: signed here, numbered in order, sent, awaited.

Nonces are handed out one at a time under a lock and counted on without asking the chain. After any failure to send, and
after a wait that ran out, the next nonce is read from the chain again: a reorg drops transactions and moves an
account's nonce back, and counting on would wait for ever behind a gap. So a wallet must be the only user of its key.

The gas limit is the estimate and a fifth, since state moves between estimate and block; the fee cap is twice the
current base fee and the tip, which holds for six full blocks.

Sources: EIP-1559 (transaction type 2), EIP-2718.
"""

import asyncio
import dataclasses
import time
import typing

from orbital.chain import hexes, keys, rlp, rpc
from orbital.chain.abi import codec
from orbital.chain.keccak import keccak256
from orbital.domain import errors
from orbital.domain.types import Address, ChainId, Hash32

TRANSACTION_TYPE: typing.Final = b"\x02"
POLL_SECONDS = 0.06
WAIT_SECONDS = 60.0
GAS_MARGIN_PERCENT = 20
BASE_FEE_MULTIPLE = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Transaction:
    """An unsigned EIP-1559 transaction; without `to` it deploys `data`."""

    chain_id: ChainId
    nonce: int
    to: Address | None
    data: bytes
    value_wei: int
    gas: int
    max_fee_wei: int
    priority_fee_wei: int


class Reverted(errors.Conflict):
    """The chain refuses the call: `name` and `arguments` of the contract's error, `data` as it came.

    `name` is empty when there is no data or it is no error that we know; `tx_hash` is set when it was mined.
    """

    def __init__(self, message: str, data: bytes, tx_hash: Hash32 | None = None) -> None:
        found = codec.decode_error(data)
        self.name = found.name if found else ""
        self.arguments = found.arguments if found else ()
        self.data = data
        self.tx_hash = tx_hash
        shown = ", ".join(hexes.to_hex(one) if isinstance(one, bytes) else str(one) for one in self.arguments)
        super().__init__("reverted", f"{self.name}({shown})" if found else message)


def sign(transaction: Transaction, signer: keys.Signer) -> tuple[bytes, Hash32]:
    """Return the raw transaction and its hash."""
    fields: list[rlp.Item] = [
        transaction.chain_id,
        transaction.nonce,
        transaction.priority_fee_wei,
        transaction.max_fee_wei,
        transaction.gas,
        transaction.to or b"",
        transaction.value_wei,
        transaction.data,
        [],
    ]
    signature = signer.sign(keccak256(TRANSACTION_TYPE + rlp.encode(fields)))
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    raw = TRANSACTION_TYPE + rlp.encode([*fields, signature[64] - keys.V_OFFSET, r, s])
    return raw, keccak256(raw)


async def wait_receipt(node: rpc.Rpc, tx_hash: Hash32, timeout_seconds: float = WAIT_SECONDS) -> rpc.Receipt:
    """Return the receipt once it is mined. Raises Unavailable("transaction_not_mined")."""
    deadline = time.monotonic() + timeout_seconds
    while (receipt := await node.receipt(tx_hash)) is None:
        if time.monotonic() > deadline:
            detail = f"Transaction {hexes.to_hex(tx_hash)} is not mined after {timeout_seconds:g} s."
            raise errors.Unavailable("transaction_not_mined", detail)
        await asyncio.sleep(POLL_SECONDS)
    return receipt


async def call(node: rpc.Rpc, to: Address, data: bytes, *, block: rpc.BlockRef = "latest") -> bytes:
    """Run a view and name its refusal: raises Reverted for a revert."""
    with _naming_reverts():
        return await node.call(to, data, block=block)


class Wallet:
    """Sends one key's transactions to one chain."""

    def __init__(self, node: rpc.Rpc, signer: keys.Signer) -> None:
        self._rpc = node
        self._signer = signer
        self._lock = asyncio.Lock()
        self._next_nonce: int | None = None

    @property
    def address(self) -> Address:
        return self._signer.address

    @property
    def signer(self) -> keys.Signer:
        return self._signer

    async def send(self, to: Address | None, data: bytes, value_wei: int = 0, gas: int | None = None) -> Hash32:
        """Sign and hand over; returns the hash. Raises Reverted when the estimate reverts, RpcError, Unavailable."""
        async with self._lock:
            with _naming_reverts():
                limit = gas or await self._estimate(to, data, value_wei)
                return await self._send_next(to, data, value_wei, limit)

    async def wait_receipt(self, tx_hash: Hash32, timeout_seconds: float = WAIT_SECONDS) -> rpc.Receipt:
        """Await a transaction. Raises Unavailable("transaction_not_mined"), and Reverted for one mined in vain."""
        try:
            receipt = await wait_receipt(self._rpc, tx_hash, timeout_seconds)
        except errors.Unavailable:
            self.forget_nonce()
            raise
        if not receipt.succeeded:
            await self._raise_reverted(receipt)
        return receipt

    async def transact(self, to: Address | None, data: bytes, value_wei: int = 0) -> rpc.Receipt:
        """Send and await."""
        return await self.wait_receipt(await self.send(to, data, value_wei))

    async def deploy(self, contract: codec.Contract, *arguments: typing.Any) -> Address:
        """Deploy an artifact with its constructor's arguments; returns where it is."""
        receipt = await self.transact(None, contract.encode_deployment(*arguments))
        if receipt.contract_address is None:
            raise errors.Corrupt("no_contract_address", f"The deployment of {contract.name} has no address.")
        return receipt.contract_address

    def forget_nonce(self) -> None:
        """Read the next nonce from the chain again, as after a reorg."""
        self._next_nonce = None

    async def _estimate(self, to: Address | None, data: bytes, value_wei: int) -> int:
        estimate = await self._rpc.estimate(self.address, to, data, value_wei)
        return estimate + estimate * GAS_MARGIN_PERCENT // 100

    async def _send_next(self, to: Address | None, data: bytes, value_wei: int, gas: int) -> Hash32:
        tip = await self._rpc.priority_fee()
        head = await self._rpc.header("latest")
        base = head.base_fee_wei or 0 if head else 0
        if self._next_nonce is None:
            self._next_nonce = await self._rpc.nonce(self.address)
        nonce = self._next_nonce
        self._next_nonce = None  # unknown until the node has taken this one, whatever interrupts us
        transaction = Transaction(
            self._rpc.expected_chain_id, nonce, to, data, value_wei, gas, BASE_FEE_MULTIPLE * base + tip, tip
        )
        raw, tx_hash = sign(transaction, self._signer)
        try:
            await self._rpc.send_raw(raw)
        except rpc.RpcError as refusal:
            if not _is_known(refusal):
                raise
        self._next_nonce = nonce + 1
        return tx_hash

    async def _raise_reverted(self, receipt: rpc.Receipt) -> typing.NoReturn:
        """Run the transaction again on the state before its block to learn the reason; nodes don't keep it."""
        sent = await self._rpc.request("eth_getTransactionByHash", hexes.to_hex(receipt.tx_hash))
        message, data = f"Transaction {hexes.to_hex(receipt.tx_hash)} failed.", b""
        if sent is not None:
            again = {name: sent[name] for name in ("from", "to", "value", "gas") if sent.get(name) is not None}
            again["data"] = sent["input"]
            try:
                await self._rpc.request("eth_call", again, hex(receipt.block_number - 1))
            except rpc.RpcError as refusal:
                message, data = refusal.message, refusal.data
        raise Reverted(message, data, receipt.tx_hash)


def _is_known(refusal: rpc.RpcError) -> bool:
    """Whether the node has this very transaction: another one took it and its answer got lost."""
    return any(words in refusal.message for words in ("already known", "already imported"))


class _naming_reverts:  # noqa: N801 - reads as a phrase in `with`
    """Turn the RpcError of a revert into Reverted."""

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, failure: BaseException | None, _trace: object) -> None:
        if isinstance(failure, rpc.RpcError) and (failure.data or "revert" in failure.message):
            raise Reverted(failure.message, failure.data) from failure
