"""Digest and recovery of a signed intent, against eth-account in the same run."""

import statistics
import time
from collections.abc import Callable

from eth_account import Account
from eth_account.messages import encode_typed_data

from orbital.chain import eip712, keys
from orbital.domain.intent import Intent

ROUNDS = 7
OURS = 2_000
THEIRS = 40
SIGNER = keys.generate_signer()
SETTLER = bytes(range(20))
INTENT = Intent(
    SIGNER.address, SIGNER.address, 1, 10, SETTLER, 10**9, SETTLER, 10**9, 7, 2_000_000_000, 2_000_000_600, SETTLER
)
DIGEST = eip712.intent_id(INTENT, SETTLER)
SIGNATURE = SIGNER.sign(DIGEST)
TYPED = eip712.intent_typed_data(INTENT, SETTLER)


def timed(count: int, call: Callable[[], object]) -> float:
    """Microseconds a call."""
    begun = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begun) / count * 1e6


def main() -> None:
    pairs = {
        "digest": (lambda: eip712.intent_id(INTENT, SETTLER), lambda: encode_typed_data(full_message=TYPED)),
        "digest and recover": (
            lambda: keys.recover(eip712.intent_id(INTENT, SETTLER), SIGNATURE),
            lambda: Account.recover_message(encode_typed_data(full_message=TYPED), signature=SIGNATURE),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        rounds = [(timed(OURS, ours), timed(THEIRS, theirs)) for _ in range(ROUNDS)]
        ratio = statistics.median(other / own for own, other in rounds)
        own = statistics.median(own for own, _ in rounds)
        print(f"{name:<20} {own:7.1f} us   eth-account takes {ratio:.0f} x as long")


if __name__ == "__main__":
    main()
