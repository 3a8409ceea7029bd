"""What a wallet must know before it signs: who awards, under which rules, what the structs look like; and the coins."""

import fastapi
from starlette.responses import Response

from orbital.api import answers, docs
from orbital.api.deps import Given, NoQuery, Public
from orbital.api.schemas import protocol as schemas
from orbital.chain import eip712, hexes

router = fastapi.APIRouter(prefix="/api/v1", tags=["protocol"])


@router.get(
    "/protocol",
    summary="What a wallet needs to sign",
    operation_id="read_protocol",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownProtocol, 200),
)
async def read_protocol(services: Given) -> Response:
    network = services.network
    return answers.json(
        {
            "name": eip712.DOMAIN_NAME,
            "version": eip712.DOMAIN_VERSION,
            "auctioneer": hexes.to_checksum(network.auctioneer),
            "auction_window_ms": services.settings.auction_window_ms,
            "min_bond_wei": str(network.min_bond_wei),
            "registry": {
                "chain_id": network.registry_chain_id,
                "address": hexes.to_checksum(network.registry),
            },
            "refund_delay_seconds": network.refund_delay_seconds,
            "chains": [
                {
                    "chain_id": chain.chain_id,
                    "fill_window_seconds": chain.fill_window_seconds,
                    "fill_after": chain.fill_after,
                }
                for chain in network.chains.values()
            ],
            "types": eip712.TYPES,
        }
    )


@router.get(
    "/tokens",
    summary="The tokens of every chain",
    operation_id="list_tokens",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownTokens, 200),
)
async def list_tokens(services: Given) -> Response:
    """The same `asset` is the same coin on several chains."""
    return answers.json(
        {
            "data": [
                {
                    "chain_id": token.chain_id,
                    "address": hexes.to_checksum(token.address),
                    "symbol": token.symbol,
                    "name": token.name,
                    "decimals": token.decimals,
                    "asset": token.asset,
                }
                for chain in services.network.chains.values()
                for token in chain.tokens
            ]
        }
    )
