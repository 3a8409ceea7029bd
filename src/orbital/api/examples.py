"""One example of each body that is taken and each answer that is given, as the contract shows them.

They tell one story: an offer of 1 USDC from chain 31337 to chain 31338, a solver's bid for it, and its settlement. Each
has the shape that its model says; the tests hold them against each other.
"""

from collections.abc import Mapping
from typing import Any, Final

from orbital.api import solver_examples
from orbital.chain import eip712
from orbital.domain import explain
from orbital.domain.lifecycle import Status

_USER: Final = "0x" + "11" * 20
_SOLVER: Final = solver_examples.ADDRESS
_AUCTIONEER: Final = "0x" + "44" * 20
_INPUT_TOKEN: Final = "0x" + "22" * 20
_OUTPUT_TOKEN: Final = "0x" + "33" * 20
_SETTLER: Final = "0x" + "66" * 20
_MAILBOX: Final = "0x" + "77" * 20
_REGISTRY: Final = "0x" + "88" * 20
_COIN: Final = "0x" + "99" * 20
_POOL_ADDRESS: Final = "0x" + "aa" * 20
_ID: Final = "0x" + "ab" * 32
_TX: Final = "0x" + "cd" * 32
_BLOCK: Final = "0x" + "ef" * 32
_SIGNATURE: Final = solver_examples.SIGNATURE
_REFRESH_VALUE: Final = "FDdXnJ5nhGT-XtDkNOnM8GR5mE8q2mCQHWmDMEvM2ZA"
_NONCE: Final = "5f1d7a84db00d2fce00b31a7fc73224f"
_MESSAGE: Final = f"""localhost wants you to sign in with your Ethereum account:
{_USER}

Sign in to Orbital. This costs nothing and moves nothing.

URI: http://localhost
Version: 1
Chain ID: 31337
Nonce: {_NONCE}
Issued At: 2027-01-15T08:00:00Z
Expiration Time: 2027-01-15T08:05:00Z"""
_OPENED_AT: Final = "2027-01-15T08:00:00.250Z"
_CLOSES_AT: Final = "2027-01-15T08:00:01.750Z"

_FIELDS: Final[dict[str, Any]] = {
    "user": _USER,
    "recipient": _USER,
    "origin_chain_id": 31337,
    "destination_chain_id": 31338,
    "input_token": _INPUT_TOKEN,
    "input_amount": "1000000",
    "output_token": _OUTPUT_TOKEN,
    "min_output_amount": "995000",
    "nonce": "1",
    "open_deadline": 1800000600,
    "fill_deadline": 1800004200,
    "auctioneer": _AUCTIONEER,
}
_INTENT: Final[dict[str, Any]] = {
    "intent_id": _ID,
    "protocol": "orbital",
    "reference": None,
    **_FIELDS,
    "status": "pending",
    "output_amount": None,
    "solver": None,
    "round": 1,
    "open_by": None,
    "fill_by": None,
    "refund_due": False,
    "refundable_at": None,
    "legs": [],
    "created_at": "2027-01-15T08:00:00Z",
    "updated_at": "2027-01-15T08:00:00Z",
}
_OPEN_LEG: Final[dict[str, Any]] = {
    "name": "open",
    "chain_id": 31337,
    "tx_hash": _TX,
    "block_number": 1024,
    "log_index": 3,
    "timestamp": "2027-01-15T08:00:12Z",
    "finality": "safe",
}
_OPENED: Final[dict[str, Any]] = {
    **_INTENT,
    "status": "opened",
    "output_amount": "998000",
    "solver": _SOLVER,
    "open_by": 1800000060,
    "fill_by": 1800000180,
    "legs": [_OPEN_LEG],
    "updated_at": "2027-01-15T08:00:12Z",
}
_CANCELLED: Final[dict[str, Any]] = {**_INTENT, "status": "cancelled", "updated_at": "2027-01-15T08:00:01Z"}
_AWARD_FIELDS: Final[dict[str, Any]] = {
    "intent_id": _ID,
    "solver": _SOLVER,
    "output_amount": "998000",
    "open_by": 1800000060,
    "fill_by": 1800000180,
}
_AWARD: Final[dict[str, Any]] = {
    "intent": _FIELDS,
    "signature": _SIGNATURE,
    "award": _AWARD_FIELDS,
    "award_signature": _SIGNATURE,
}
_LOGIN: Final[dict[str, Any]] = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.XmNK3GpH3Ys_7wsYBfq4C3M6goz71I7dTgUkuIa5lyQ",
    "token_type": "Bearer",
    "expires_in": 900,
    "refresh_token": _REFRESH_VALUE,
    "address": _USER,
    "roles": ["user"],
}
_HEALTH: Final[dict[str, Any]] = {
    "status": "healthy",
    "version": "0.1.0",
    "uptime_seconds": 3600,
    "database": "ok",
    "redis": "ok",
    "chains": [
        {"chain_id": 31337, "status": "ok", "dispute": None},
        {"chain_id": 31338, "status": "ok", "dispute": None},
    ],
}

SUBMISSION: Final[dict[str, Any]] = {"intent": _FIELDS, "signature": _SIGNATURE}
BID: Final[dict[str, Any]] = {
    "bid": {"intent_id": _ID, "solver": _SOLVER, "output_amount": "998000", "valid_until": 1800000060},
    "signature": _SIGNATURE,
}
QUOTE: Final[dict[str, Any]] = {
    "origin_chain_id": 31337,
    "destination_chain_id": 31338,
    "input_token": _INPUT_TOKEN,
    "output_token": _OUTPUT_TOKEN,
    "input_amount": "1000000",
}

CHALLENGE: Final[dict[str, Any]] = {"address": _USER, "chain_id": 31337}
REFRESH: Final[dict[str, Any]] = {"refresh_token": _REFRESH_VALUE}
LOGIN: Final[dict[str, Any]] = {"message": _MESSAGE, "signature": _SIGNATURE}


_POOL: Final[dict[str, Any]] = {
    "chain_id": 31337,
    "address": _POOL_ADDRESS,
    "fee_ppm": 100,
    "block_number": 1030,
    "block_hash": _BLOCK,
    "timestamp": "2027-01-15T08:00:00Z",
    "tokens": [
        {
            "address": address,
            "symbol": symbol,
            "decimals": 6,
            "reserve": "10000000",
            "virtual_reserve": "10000000000000000000",
        }
        for address, symbol in ((_INPUT_TOKEN, "USDC"), (_COIN, "USDT"))
    ],
}

ANSWERS: Final[Mapping[str, Any]] = {
    "submit_intent": _INTENT,
    "list_intents": {"data": [_OPENED], "next_cursor": None},
    "read_intent": _OPENED,
    "read_intent_status": {
        "intent_id": _ID,
        "status": "opened",
        "progress": {"current_step": "fill", "steps_completed": 3, "total_steps": 5, "percentage": 60},
        "estimated_completion": "2027-01-15T08:03:00Z",
        "explain": {"code": "awaiting_fill", "detail": explain.DETAILS[explain.Explain.AWAITING_FILL]},
    },
    "list_intent_events": {
        "data": [
            {
                "seq": 42,
                "name": "IntentOpened",
                "actor": _SOLVER,
                "canonical": True,
                "chain_id": 31337,
                "block_number": 1024,
                "block_hash": _BLOCK,
                "tx_hash": _TX,
                "log_index": 3,
                "timestamp": "2027-01-15T08:00:12Z",
                "data": {"solver": _SOLVER, "output_amount": "998000"},
            }
        ],
        "next_cursor": None,
    },
    "cancel_intent": _CANCELLED,
    "list_open_auctions": {
        "data": [
            {
                "intent_id": _ID,
                "intent": _FIELDS,
                "status": "pending",
                "round": 1,
                "opened_at": _OPENED_AT,
                "closes_at": _CLOSES_AT,
            }
        ],
        "next_cursor": None,
    },
    "submit_bid": {"bid_id": _BLOCK, "status": "accepted"},
    "read_auction": {
        "intent_id": _ID,
        "rounds": [
            {
                "round": 1,
                "state": "closed",
                "opened_at": _OPENED_AT,
                "closes_at": _CLOSES_AT,
                "closed_at": "2027-01-15T08:00:01.762Z",
                "min_output_amount": "995000",
                "reason": None,
                "bids": [
                    {
                        "solver": _SOLVER,
                        "output_amount": "998000",
                        "valid_until": 1800000060,
                        "reputation": 100,
                        "score": "998000",
                        "rank": 1,
                        "reason": None,
                    }
                ],
                "award": _AWARD_FIELDS,
            }
        ],
    },
    "read_award": _AWARD,
    "list_awards": {"data": [_AWARD], "next_cursor": None},
    **solver_examples.ANSWERS,
    "request_challenge": {"message": _MESSAGE, "nonce": _NONCE, "expires_at": "2027-01-15T08:05:00.000Z"},
    "log_in": _LOGIN,
    "refresh_login": _LOGIN,
    "read_profile": {
        "address": _USER,
        "roles": ["user"],
        "statistics": {"intents": 1, "intents_by_status": {one.value: int(one is Status.OPENED) for one in Status}},
    },
    "read_protocol": {
        "name": eip712.DOMAIN_NAME,
        "version": eip712.DOMAIN_VERSION,
        "auctioneer": _AUCTIONEER,
        "auction_window_ms": 1500,
        "min_bond_wei": "1000000000000000000",
        "registry": {"chain_id": 31337, "address": _REGISTRY},
        "refund_delay_seconds": 3600,
        "chains": [{"chain_id": 31337, "fill_window_seconds": 120, "fill_after": "latest"}],
        "types": eip712.TYPES,
    },
    "list_tokens": {
        "data": [
            {
                "chain_id": 31337,
                "address": _INPUT_TOKEN,
                "symbol": "USDC",
                "name": "USD Coin",
                "decimals": 6,
                "asset": "usdc",
            }
        ]
    },
    "list_chains": {
        "data": [
            {
                "chain_id": 31337,
                "name": "origin",
                "settler": _SETTLER,
                "mailbox": _MAILBOX,
                "pools": [],
                "head": 1030,
                "checkpoint": 1030,
                "safe": 1024,
                "finalized": 1000,
                "verified": 1000,
                "lag_blocks": 0,
                "lag_seconds": 0,
                "status": "ok",
                "progress": None,
                "dispute": None,
            }
        ]
    },
    "list_pools": {"data": [_POOL], "next_cursor": None},
    "read_pool": {
        **_POOL,
        "ticks": [
            {
                "tick_id": 0,
                "plane": "585821893766249857",
                "depeg_price": "989999999999999999",
                "radius": "34142135623730950488",
                "interior": True,
            }
        ],
        "prices": [["1000000000000000000"] * 2] * 2,
        "depth": [{"token_in": _INPUT_TOKEN, "token_out": _COIN, "bps": 1, "amount_in": "6000"}],
    },
    "quote": {
        "output_amount": "999798",
        "route": [
            {
                "chain_id": 31337,
                "pool": _POOL_ADDRESS,
                "token_in": _INPUT_TOKEN,
                "token_out": _COIN,
                "amount_in": "1000000",
                "amount_out": "999798",
                "fee": "100",
                "price_impact_bps": 2,
                "block_number": 1030,
                "block_hash": _BLOCK,
            }
        ],
        "fee": "100",
        "price_impact_bps": 2,
        "expires_at": "2027-01-15T08:00:15Z",
    },
    "read_leaderboard": {
        "data": [
            {
                "rank": 1,
                "solver": _SOLVER,
                "name": "Example solver",
                "reputation": 7258,
                "awards": 40,
                "fills": 39,
                "success_bps": 9750,
                "median_fill_seconds": 14,
                "volume_usd_cents": "3892200",
            }
        ],
        "next_cursor": None,
        "as_of": "2027-01-15T08:00:05.000Z",
    },
    "read_performance": {
        "solver": _SOLVER,
        "window": "30d",
        "as_of": "2027-01-15T08:00:05.000Z",
        "counts": {"bids": 112, "awards": 40, "fills": 39, "lapses": 1, "excused": 2, "slashes": 0},
        "fill_rate_bps": 9750,
        "median_open_seconds": 3,
        "median_fill_seconds": 14,
        "price_improvement_bps": 4,
        "volume": [{"chain_id": 31338, "token": _OUTPUT_TOKEN, "symbol": "USDC", "amount": "38922000000"}],
        "volume_usd_cents": "3892200",
        "reputation": {
            "score": 7258,
            "version": 1,
            "as_of": "2027-01-15",
            "inputs": {
                "filled_ppm": 34_000_000,
                "awarded_ppm": 34_900_000,
                "reliability_ppm": 948_509,
                "median_fill_seconds": 14,
                "speed_ppm": 810_810,
                "mean_improvement_ppm": 400,
                "price_ppm": 80_000,
                "days_with_bids": 9,
                "is_new": False,
                "activity_ppm": 300_000,
                "slashes": 0,
            },
        },
    },
    "read_health": _HEALTH,
    "read_readiness": _HEALTH,
    "read_liveness": {"status": "healthy", "version": "0.1.0", "uptime_seconds": 3600},
    "read_metrics": "# TYPE orbital_http_request_seconds histogram\n",
}
"""Of each operation's 200 or 201, by its id."""
