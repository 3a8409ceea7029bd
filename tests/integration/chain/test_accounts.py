import json
import pathlib

import pytest

from orbital.chain import accounts, keccak, keys, rpc, transactions
from orbital.devnet import ports
from orbital.domain import errors
from orbital.domain.types import Address, ChainId, Hash32

ARTIFACTS = pathlib.Path(__file__).parents[1] / "contracts/artifacts"
DIGEST = keccak.keccak256(b"content")
# Contracts as code: one reverts always, one answers 32 zero bytes, one runs into an invalid instruction.
REVERTS, SAYS_NO, BREAKS = "0x60006000fd", "0x60206000f3", "0xfe"


async def test_plain_accounts_sign_by_their_key(node: rpc.Rpc) -> None:
    signer, other = keys.generate_signer(), keys.generate_signer()
    await accounts.verify_signature(node, signer.address, DIGEST, signer.sign(DIGEST))
    for account, digest in ((other.address, DIGEST), (signer.address, Hash32(bytes(32)))):
        with pytest.raises(errors.Rejected, match="invalid_signature"):
            await accounts.verify_signature(node, account, digest, signer.sign(DIGEST))


async def test_contract_wallets_are_asked(node: rpc.Rpc, funded: tuple[keys.Signer, ...]) -> None:
    owner = keys.generate_signer()
    artifact = json.loads((ARTIFACTS / "ContractWallet.json").read_text())
    code = bytes.fromhex(artifact["bytecode"].removeprefix("0x")) + bytes(12) + owner.address
    receipt = await transactions.Wallet(node, funded[3]).transact(None, code)
    wallet = receipt.contract_address
    assert wallet is not None
    await accounts.verify_signature(node, wallet, DIGEST, b"\x01" + owner.sign(DIGEST))
    for signature in (owner.sign(DIGEST), b"\x01" + keys.generate_signer().sign(DIGEST)):
        with pytest.raises(errors.Rejected, match="invalid_signature"):
            await accounts.verify_signature(node, wallet, DIGEST, signature)


@pytest.mark.parametrize("code", [REVERTS, SAYS_NO, BREAKS])
async def test_delegated_accounts_keep_their_key(node: rpc.Rpc, code: str) -> None:
    implementation, signer = b"\x7e" * 20, keys.generate_signer()
    await node.request("anvil_setCode", "0x" + implementation.hex(), code)
    await node.request("anvil_setCode", "0x" + signer.address.hex(), "0xef0100" + implementation.hex())
    await accounts.verify_signature(node, signer.address, DIGEST, signer.sign(DIGEST))
    with pytest.raises(errors.Rejected, match="invalid_signature"):
        await accounts.verify_signature(node, signer.address, DIGEST, keys.generate_signer().sign(DIGEST))


@pytest.mark.parametrize("signature", [b"", b"\x01" * 65, b"\x01" * 64, b"\x01" * 200, b"\x01" * 20_000])
async def test_noise_is_rejected(node: rpc.Rpc, signature: bytes) -> None:
    contract = Address(b"\x7f" * 20)
    await node.request("anvil_setCode", "0x" + contract.hex(), REVERTS)
    for account in (contract, Address(b"\x33" * 20)):
        with pytest.raises(errors.Rejected, match="invalid_signature"):
            await accounts.verify_signature(node, account, DIGEST, signature)


async def test_without_a_node_it_is_unavailable_not_wrong() -> None:
    signer = keys.generate_signer()
    async with rpc.Rpc([f"http://127.0.0.1:{ports.find_free_port()}"], ChainId(1)) as away:
        with pytest.raises(errors.Unavailable) as caught:
            await accounts.verify_signature(away, signer.address, DIGEST, signer.sign(DIGEST))
    assert caught.value.code == "chain_unavailable"
