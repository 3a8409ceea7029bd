"""Quotes: what a trade gives in the pools' states of the last indexed blocks. They bind nobody.

Each hop is what the pool's contract pays for the same trade at the block that is named. A chain that is not followed
gives no quotes: the states might be long gone.
"""

from typing import Final

import fastapi
from starlette.requests import Request
from starlette.responses import Response

from orbital.api import answers, body, chains, docs, examples, known_pools
from orbital.api.chains import Following
from orbital.api.deps import Given, NoQuery, Public, Services
from orbital.api.errors import of_fields
from orbital.api.schemas import pools as schemas
from orbital.domain import quotes
from orbital.domain.errors import FieldError, OrbitalError, Rejected, Unavailable
from orbital.domain.network import Token
from orbital.domain.types import Address, Amount, ChainId
from orbital.storage import pool

QUOTE_SECONDS: Final = 15
RETRY_SECONDS: Final = 5
_FOLLOWED: Final = frozenset({Following.OK, Following.LAGGING})

router = fastapi.APIRouter(prefix="/api/v1", tags=["pools"])


@router.post(
    "/quotes",
    summary="What a trade gives now",
    operation_id="quote",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownQuote, 200, 400, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.QuoteRequest, examples.QUOTE),
)
async def quote(request: Request, services: Given) -> Response:
    """The best way from one coin to another, on one chain or between two, with the fees of its swaps taken off."""
    asked = await body.read(request, schemas.QuoteRequest)
    given, wanted = _find_tokens(services, asked)
    chain_ids = sorted({given.chain_id, wanted.chain_id})
    pools = [(one, address) for one in chain_ids for address in services.network.chains[one].pools]
    async with pool.acquire(services.pool) as connection:
        checkpoints = await chains.load_checkpoints(connection)
        known = await services.pools.load(connection, pools)
    for chain_id in chain_ids:
        if chains.following_of(checkpoints.get(chain_id), services.now) not in _FOLLOWED:
            raise Unavailable("chain_unavailable", f"Chain {chain_id} is not followed now.", RETRY_SECONDS)
    markets = known_pools.by_chain(known.values())
    try:
        found = quotes.quote(services.network, markets, given, wanted, Amount(asked.input_amount))
    except Rejected as refusal:
        raise _refused(refusal) from refusal
    return answers.json(schemas.show_quote(found, known, services.now + QUOTE_SECONDS))


def _find_tokens(services: Services, asked: schemas.QuoteRequest) -> tuple[Token, Token]:
    """Both tokens; Rejected with the code of whichever chain or token is not served."""
    given = _find_token(services, "origin_chain_id", asked.origin_chain_id, "input_token", asked.input_token)
    wanted = _find_token(
        services, "destination_chain_id", asked.destination_chain_id, "output_token", asked.output_token
    )
    return given, wanted


def _find_token(services: Services, chain_field: str, chain_id: int, token_field: str, address: bytes) -> Token:
    chain = services.network.chains.get(ChainId(chain_id))
    if chain is None:
        raise of_fields((FieldError(f"/{chain_field}", "unsupported_chain", "This chain is not served."),))
    found = next((one for one in chain.tokens if one.address == Address(address)), None)
    if found is None:
        field = FieldError(f"/{token_field}", "unsupported_token", "This token is not taken on this chain.")
        raise Rejected(field.code, field.detail, (field,))
    return found


def _refused(refusal: Rejected) -> OrbitalError:
    """With the field that a refusal of an amount is about."""
    if refusal.code != "invalid_amount":
        return refusal
    return Rejected(refusal.code, refusal.detail, (FieldError("/input_amount", refusal.code, refusal.detail),))
