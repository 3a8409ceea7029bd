"""Our digests against eth-account's encoder, over random structs."""

import random

import pytest
from eth_account import Account, messages

from orbital.chain import eip712, keys
from orbital.domain import intent as intents
from orbital.domain import solver
from orbital.domain.types import Address, Amount, ChainId, IntentId, UnixSeconds

ROUNDS = 1_000


def _number(rng: random.Random, bits: int) -> int:
    return rng.choice((0, 1, 2**bits - 1, rng.getrandbits(bits), rng.getrandbits(rng.randint(1, bits))))


def _address(rng: random.Random) -> Address:
    return Address(rng.choice((bytes(20), b"\xff" * 20, rng.randbytes(20), rng.randbytes(20))))


def _oracle(typed_data: dict) -> bytes:
    signable = messages.encode_typed_data(full_message=typed_data)
    return messages._hash_eip191_message(signable)


def _intent(rng: random.Random) -> intents.Intent:
    return intents.Intent(
        user=_address(rng),
        recipient=_address(rng),
        origin_chain_id=ChainId(_number(rng, 256)),
        destination_chain_id=ChainId(_number(rng, 256)),
        input_token=_address(rng),
        input_amount=Amount(_number(rng, 256)),
        output_token=_address(rng),
        min_output_amount=Amount(_number(rng, 256)),
        nonce=_number(rng, 256),
        open_deadline=UnixSeconds(_number(rng, 64)),
        fill_deadline=UnixSeconds(_number(rng, 64)),
        auctioneer=_address(rng),
    )


def test_intent_id_equals_the_digest_of_eth_account() -> None:
    rng = random.Random(1)
    for _ in range(ROUNDS):
        intent, settler = _intent(rng), _address(rng)
        assert eip712.intent_id(intent, settler) == _oracle(eip712.intent_typed_data(intent, settler))


def test_bid_digest_equals_that_of_eth_account() -> None:
    rng = random.Random(2)
    for _ in range(ROUNDS):
        bid = intents.Bid(
            IntentId(rng.randbytes(32)), _address(rng), Amount(_number(rng, 256)), UnixSeconds(_number(rng, 64))
        )
        domain = ChainId(_number(rng, 256)), _address(rng)
        assert eip712.bid_digest(bid, *domain) == _oracle(eip712.bid_typed_data(bid, *domain))


def test_award_digest_equals_that_of_eth_account() -> None:
    rng = random.Random(3)
    for _ in range(ROUNDS):
        award = intents.Award(
            IntentId(rng.randbytes(32)),
            _address(rng),
            Amount(_number(rng, 256)),
            UnixSeconds(_number(rng, 64)),
            UnixSeconds(_number(rng, 64)),
        )
        domain = ChainId(_number(rng, 256)), _address(rng)
        assert eip712.award_digest(award, *domain) == _oracle(eip712.award_typed_data(award, *domain))


def test_registration_digest_equals_that_of_eth_account() -> None:
    rng = random.Random(4)
    for _ in range(ROUNDS):
        registration = solver.Registration(
            solver=_address(rng),
            name=rng.choice(("", "Fast Lane", "Läufer ✓")) * rng.randint(1, 5),
            chain_ids=tuple(ChainId(_number(rng, 256)) for _ in range(rng.randint(0, 5))),
            fee_bps=_number(rng, 16),
            contact="ops@example.org" * rng.randint(0, 4),
            nonce=_number(rng, 256),
            deadline=UnixSeconds(_number(rng, 64)),
        )
        domain = ChainId(_number(rng, 256)), _address(rng)
        assert eip712.registration_digest(registration, *domain) == _oracle(
            eip712.registration_typed_data(registration, *domain)
        )


@pytest.mark.parametrize("seed", range(20))
def test_signatures_are_those_of_eth_account(seed: int) -> None:
    rng = random.Random(seed)
    secret, digest = rng.randbytes(32), rng.randbytes(32)
    theirs = Account.unsafe_sign_hash(digest, secret).signature
    signer = keys.Signer(secret)
    assert signer.sign(digest) == theirs
    assert keys.recover(digest, theirs) == signer.address == bytes.fromhex(Account.from_key(secret).address[2:])
