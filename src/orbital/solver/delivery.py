"""Messages between settlers on their way: signed by the validator, delivered, and watched until that is final.

Only what stands in finalized blocks gets here, and a message counts as delivered for good only when its `ProcessId`
is final too: a reorg of the receiving chain undoes a delivery. What a chain refuses (a fill that is known before its
open) is tried again with growing pauses, for ever: it may become right.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from orbital.chain import hexes, mailbox
from orbital.chain.keys import Signer
from orbital.chain.rpc import Rpc, RpcError
from orbital.chain.transactions import Reverted, Wallet
from orbital.domain.errors import Rejected, Unavailable
from orbital.domain.facts import Dispatch, Fact, ProcessId
from orbital.domain.network import Chain, Network
from orbital.domain.types import ChainId, Hash32
from orbital.observe import logging, metrics
from orbital.solver.settings import RelayerSettings

log = logging.get_logger("relayer")
DELIVERIES = metrics.counter("orbital_relayer_deliveries_total", "Attempts to deliver a message.", ("result",))


@dataclass(slots=True)
class Parcel:
    """A message to a chain; `due_at` (monotonic) is when to look at it next."""

    message_id: Hash32
    packed: bytes
    to: Chain
    due_at: float = 0.0
    pause_seconds: float = 0.0


class Deliveries:
    """All messages that are not delivered for good."""

    def __init__(
        self,
        network: Network,
        rpcs: Mapping[ChainId, Rpc],
        validator: Signer,
        wallets: Mapping[ChainId, Wallet],
        settings: RelayerSettings,
    ) -> None:
        self._rpcs = rpcs
        self._validator = validator
        self._wallets = wallets
        self._settings = settings
        self._by_domain = {chain.domain: chain for chain in network.chains.values()}
        self._waiting: dict[Hash32, Parcel] = {}
        self._delivered: set[Hash32] = set()

    def take(self, fact: Fact) -> None:
        """Hear a fact of a finalized block, in any order between chains."""
        match fact.event:
            case ProcessId(message_id=message_id):
                self._delivered.add(message_id)
                self._waiting.pop(message_id, None)
            case Dispatch(message=packed):
                parcel = self._parcel_of(packed)
                if parcel is not None and parcel.message_id not in self._delivered:
                    self._waiting.setdefault(parcel.message_id, parcel)
            case _:
                return

    async def deliver(self, chain_id: ChainId) -> None:
        """Try every message to a chain that is due. Raises Unavailable while the chain does not answer."""
        now = time.monotonic()
        due = [one for one in self._waiting.values() if one.to.chain_id == chain_id and one.due_at <= now]
        batch = due[: self._settings.batch]
        results = await asyncio.gather(*(self._deliver(one) for one in batch), return_exceptions=True)
        for failure in results:
            if failure is not None:
                raise failure

    async def _deliver(self, parcel: Parcel) -> None:
        node, wallet = self._rpcs[parcel.to.chain_id], self._wallets[parcel.to.chain_id]
        if await mailbox.fetch_delivered(node, parcel.to.mailbox, parcel.message_id):
            parcel.due_at = time.monotonic() + self._settings.retry_seconds  # until that is final
            return
        data = mailbox.process(mailbox.sign_metadata(self._validator, parcel.packed), parcel.packed)
        wallet.forget_nonce()
        try:
            sent = await wallet.send(parcel.to.mailbox, data)
            await wallet.wait_receipt(sent, self._settings.receipt_seconds)
        except (Reverted, RpcError) as refusal:
            self._postpone(parcel, refusal.detail)
            return
        except Unavailable as failure:
            if failure.code != "transaction_not_mined":
                raise
            self._postpone(parcel, failure.detail)
            return
        parcel.pause_seconds = 0.0
        parcel.due_at = time.monotonic() + self._settings.retry_seconds
        DELIVERIES.labels("delivered").inc()
        log.info("delivered", message_id=hexes.to_hex(parcel.message_id), chain_id=parcel.to.chain_id)

    def _postpone(self, parcel: Parcel, detail: str) -> None:
        parcel.pause_seconds = next_pause(parcel.pause_seconds, self._settings)
        parcel.due_at = time.monotonic() + parcel.pause_seconds
        DELIVERIES.labels("refused").inc()
        log.warning("not_delivered", message_id=hexes.to_hex(parcel.message_id), reason=detail)

    def _parcel_of(self, packed: bytes) -> Parcel | None:
        """The message if it goes from one of our settlers to another; what else uses the mailbox is not ours to pay."""
        try:
            message = mailbox.parse(packed)
        except Rejected:
            return None
        origin, to = self._by_domain.get(message.origin), self._by_domain.get(message.destination)
        if origin is None or to is None:
            return None
        is_ours = message.sender == mailbox.pad_address(origin.settler) and message.recipient == mailbox.pad_address(
            to.settler
        )
        return Parcel(mailbox.message_id(packed), packed, to) if is_ours else None


def next_pause(last_seconds: float, settings: RelayerSettings) -> float:
    """How long to leave alone what was refused, after a pause of `last_seconds`."""
    return min(settings.retry_max_seconds, max(settings.retry_seconds, 2 * last_seconds))
