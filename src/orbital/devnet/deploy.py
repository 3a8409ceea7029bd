"""Puts the contracts onto local chains, fills the pools and funds the solvers: what a devnet is made of.

All chains are deployed to at the same time; the settlers learn of each other in a second step, because each must know
the others' addresses. What was deployed is kept in a file that names the devnet's generation: chains that go on are not
deployed to again.
"""

import asyncio
import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any, Final

from orbital.chain import hexes, keys, mailbox, registry, settler, token
from orbital.chain.rpc import Rpc
from orbital.chain.transactions import Wallet
from orbital.devnet import accounts, pools, secret
from orbital.domain.network import USD_MICRO, Chain, ForeignContract, Network, Token
from orbital.domain.types import Address, Amount, BlockNumber, ChainId, Protocol

REFUND_DELAY_SECONDS: Final = 30
WITHDRAWAL_DELAY_SECONDS: Final = 60
DISPATCH_FEE_WEI: Final = 10**12
FILL_WINDOW_SECONDS: Final = 120
DOMAIN_OFFSET: Final = 100_000  # a mailbox domain need not be the chain id, so here it never is
MIN_BOND_WEI: Final = Amount(10**18)
SOLVER_FLOAT: Final = 50_000_000  # whole coins of each token on each chain


@dataclasses.dataclass(frozen=True, slots=True)
class Coin:
    """A test token as it is deployed on every chain; one is taken for a US dollar."""

    symbol: str
    name: str
    decimals: int


COINS: Final = (
    Coin("USDC", "USD Coin", 6),
    Coin("USDT", "Tether USD", 6),
    Coin("DAI", "Dai Stablecoin", 18),
    Coin("FRAX", "Frax", 18),
)


async def deploy(rpcs: Mapping[ChainId, Rpc]) -> Network:
    """Deploy to these chains, which must be ours and empty; the first is the registry's home."""
    deployer = keys.parse_signer(accounts.DEPLOYER)
    validator = keys.parse_signer(accounts.VALIDATOR_AND_RELAYER).address
    wallets = {chain_id: Wallet(node, deployer) for chain_id, node in rpcs.items()}
    home = next(iter(rpcs))
    chains, registry_address = await asyncio.gather(
        asyncio.gather(*(_deploy_chain(chain_id, wallet, validator) for chain_id, wallet in wallets.items())),
        wallets[home].deploy(registry.load(), deployer.address, deployer.address, WITHDRAWAL_DELAY_SECONDS),
    )
    network = Network(
        chains={chain.chain_id: chain for chain in chains},
        registry_chain_id=home,
        registry=registry_address,
        auctioneer=keys.parse_signer(accounts.AUCTIONEER).address,
        refund_delay_seconds=REFUND_DELAY_SECONDS,
        min_bond_wei=MIN_BOND_WEI,
    )
    await asyncio.gather(*(_connect_and_fund(network, chain, wallets[chain.chain_id]) for chain in chains))
    return network


def save(path: pathlib.Path, generation: str, network: Network) -> None:
    """Keep what was deployed, for a start that goes on with the same chains."""
    plain = {"generation": generation, "network": _plain(network)}
    secret.write_private(path, json.dumps(plain, indent=2) + "\n")


def load(path: pathlib.Path, generation: str) -> Network | None:
    """What was deployed to the chains of this generation, None when nothing was."""
    if not path.exists():
        return None
    plain = json.loads(path.read_text("utf-8"))
    return _network(plain["network"]) if plain["generation"] == generation else None


async def _deploy_chain(chain_id: ChainId, wallet: Wallet, validator: Address) -> Chain:
    domain = chain_id + DOMAIN_OFFSET
    mailbox_address, settler_address, *tokens = await asyncio.gather(
        wallet.deploy(mailbox.load(), domain, validator, DISPATCH_FEE_WEI),
        wallet.deploy(settler.load(), REFUND_DELAY_SECONDS),
        *(wallet.deploy(token.load(), coin.name, coin.symbol, coin.decimals) for coin in COINS),
    )
    coins = tuple(
        Token(chain_id, address, coin.symbol, coin.name, coin.decimals, coin.symbol.lower(), USD_MICRO)
        for coin, address in zip(COINS, tokens, strict=True)
    )
    return Chain(
        chain_id=chain_id,
        name=f"anvil-{chain_id}",
        domain=domain,
        settler=settler_address,
        mailbox=mailbox_address,
        start_block=BlockNumber(0),
        fill_after="latest",
        fill_window_seconds=FILL_WINDOW_SECONDS,
        tokens=coins,
        pools=(await pools.deploy(wallet, coins),),
    )


async def _connect_and_fund(network: Network, chain: Chain, wallet: Wallet) -> None:
    peers = [
        settler.Peer(other.chain_id, other.settler, other.domain)
        for other in network.chains.values()
        if other.chain_id != chain.chain_id
    ]
    solvers = [keys.parse_signer(secret_key).address for secret_key in accounts.SOLVERS]
    await asyncio.gather(
        wallet.transact(chain.settler, settler.configure(chain.mailbox, peers)),
        *(pools.fill(wallet, one, chain.tokens) for one in chain.pools),
        *(
            wallet.transact(one.address, token.mint(address, SOLVER_FLOAT * 10**one.decimals))
            for one in chain.tokens
            for address in solvers
        ),
    )


def _plain(network: Network) -> dict[str, Any]:
    fields = dataclasses.asdict(network) | {"chains": [dataclasses.asdict(one) for one in network.chains.values()]}
    return json.loads(json.dumps(fields, default=hexes.to_hex))  # type: ignore[no-any-return]


def _network(plain: dict[str, Any]) -> Network:
    chains = [_chain(one) for one in plain["chains"]]
    addresses = {key: hexes.parse_address(plain[key]) for key in ("registry", "auctioneer")}
    return Network(**plain | addresses | {"chains": {one.chain_id: one for one in chains}})


def _chain(plain: dict[str, Any]) -> Chain:
    addresses = {key: hexes.parse_address(plain[key]) for key in ("settler", "mailbox")}
    tokens = tuple(Token(**one | {"address": hexes.parse_address(one["address"])}) for one in plain["tokens"])
    pools = tuple(hexes.parse_address(one) for one in plain["pools"])
    foreign = tuple(ForeignContract(**one | _foreign_names(one)) for one in plain["foreign"])
    return Chain(**plain | addresses | {"tokens": tokens, "pools": pools, "foreign": foreign})


def _foreign_names(plain: dict[str, Any]) -> dict[str, Any]:
    return {"address": hexes.parse_address(plain["address"]), "protocol": Protocol(plain["protocol"])}
