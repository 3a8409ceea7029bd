"""What a person sees of a running devnet: who listens where, and a line for each step of each intent."""

import datetime as dt
from typing import Final

from orbital.app import output
from orbital.devnet.files import Devnet
from orbital.realtime.messages import Message

_STEPS: Final = {
    "IntentSubmitted": "submitted by",
    "IntentAwarded": "awarded to",
    "IntentOpened": "opened, escrowed from",
    "IntentFilled": "filled by",
    "IntentSettled": "settled, repaid",
    "IntentCancelled": "cancelled by",
    "IntentExpired": "expired on the destination",
    "IntentRefunded": "refunded to",
    "AwardLapsed": "award lapsed:",
    "PayoutCredited": "payout credited to",
    "FactReverted": "a reorg took back",
    "FactRevived": "a reorg brought back",
}


def say(text: str) -> None:
    """Print a line with the time in front."""
    output.write(f"{dt.datetime.now().astimezone():%H:%M:%S}  {text}\n")


def describe_ready(devnet: Devnet, seconds: float) -> str:
    """Where everything listens, in lines."""
    rows = [("api", devnet.api_url), ("docs", f"{devnet.api_url}/docs")]
    rows += [(f"chain {chain_id}", endpoint.rpc_url) for chain_id, endpoint in devnet.endpoints.items()]
    rows += [("metrics " + name, url) for name, url in devnet.metrics_urls.items() if name != "api"]
    lines = [f"ready after {seconds:.1f} s; Ctrl-C stops everything"]
    lines += [f"          {name:<22} {where}" for name, where in rows]
    return "\n".join(lines)


def describe(message: Message) -> str | None:
    """One step of one intent in words; None for what a person need not see."""
    words = _STEPS.get(message.event)
    intent_id = message.data.get("intent_id")
    if words is None or not intent_id:
        return None
    who = message.data.get("name") or _short(str(message.data.get("actor", "")))
    anomaly = f"  ALERT {message.data['anomaly']}" if message.data.get("anomaly") else ""
    return f"intent {_short(str(intent_id))}  {message.data.get('status') or '?':<9} {words} {who}{anomaly}"


def _short(text: str) -> str:
    return f"{text[:8]}…{text[-4:]}" if len(text) > 16 else text
