"""Our EIP-1559 signing against eth-account's."""

import random

from eth_account import Account

from orbital.chain import keys, transactions
from orbital.domain.types import Address, ChainId


def test_raw_transactions_equal_those_of_eth_account() -> None:
    rng = random.Random(6)
    for _ in range(200):
        secret = rng.randbytes(32)
        to = rng.choice((None, Address(rng.randbytes(20)), Address(bytes(20))))
        transaction = transactions.Transaction(
            chain_id=ChainId(rng.randrange(1, 2**32)),
            nonce=rng.choice((0, 1, 127, 128, rng.randrange(2**32))),
            to=to,
            data=rng.randbytes(rng.choice((0, 1, 4, 55, 56, 700))),
            value_wei=rng.choice((0, 1, rng.randrange(2**100))),
            gas=rng.randrange(21_000, 30_000_000),
            max_fee_wei=rng.randrange(10**9, 10**12),
            priority_fee_wei=rng.randrange(10**9),
        )
        wanted = {
            "type": 2,
            "chainId": transaction.chain_id,
            "nonce": transaction.nonce,
            "to": "" if to is None else to,
            "data": transaction.data,
            "value": transaction.value_wei,
            "gas": transaction.gas,
            "maxFeePerGas": transaction.max_fee_wei,
            "maxPriorityFeePerGas": transaction.priority_fee_wei,
        }
        theirs = Account.from_key(secret).sign_transaction(wanted)
        raw, tx_hash = transactions.sign(transaction, keys.Signer(secret))
        assert raw == theirs.raw_transaction
        assert tx_hash == theirs.hash
