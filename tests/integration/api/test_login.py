"""Login: one challenge, one signature, one token pair; and what a token must be."""

import asyncio
import hashlib

import jwt
import pytest
import redis
from eth_abi import abi

from orbital.api import tokens
from orbital.chain import hexes, keys
from orbital.chain.keccak import keccak256
from orbital.chain.rpc import Rpc
from orbital.chain.transactions import Wallet
from orbital.devnet import accounts

NODE_SECONDS = 60.0
TOLD_SECONDS = 20.0  # far below what a silent node takes, and far above what is promised: machines are busy
LOGIN = "/api/v1/auth/login"
SESSION = "00000000-0000-4000-8000-000000000001"
CREATE2_FACTORY = bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c")  # part of every anvil chain
MAGIC_6492 = bytes.fromhex("6492" * 16)
OTHER_SECRET = "another secret of at least thirty-two bytes"


async def test_login_gives_a_pair_and_the_token_opens_private_doors(api, sign_login):
    user = keys.generate_signer()
    made = await api.challenge(user)
    assert made["message"].startswith("orbital.example wants you to sign in with your Ethereum account:\n")
    assert hexes.to_checksum(user.address) in made["message"]
    assert len(made["nonce"]) == 32
    answer = await api.client.post(LOGIN, json=sign_login(user, made["message"]))
    pair = answer.json()
    assert set(pair) == {"access_token", "token_type", "expires_in", "refresh_token", "address", "roles"}
    assert (pair["token_type"], pair["expires_in"], pair["roles"]) == ("Bearer", 900, ["user"])
    stored = hashlib.sha256(pair["refresh_token"].encode()).digest()
    assert await api.count("SELECT count(*) FROM refresh_tokens WHERE token_hash = $1", stored) == 1
    own = await api.client.get("/api/v1/intents", headers={"Authorization": f"Bearer {pair['access_token']}"})
    assert (own.status_code, own.json()) == (200, {"data": [], "next_cursor": None})


async def test_hundred_logins_at_once_with_one_challenge_give_one_pair(api, sign_login, redis_url):
    user = keys.generate_signer()
    made = await api.challenge(user)
    body = sign_login(user, made["message"])
    with redis.Redis.from_url(redis_url) as client:  # nothing of a login is kept there
        client.flushall()
        answers = await asyncio.gather(*(api.client.post(LOGIN, json=body) for _ in range(100)))
        client.flushall()
    assert (await api.client.post(LOGIN, json=body)).status_code == 401
    assert sorted(one.status_code for one in answers) == [200] + [401] * 99
    assert {one.json()["code"] for one in answers if one.status_code == 401} == {"invalid_message"}
    assert await api.count("SELECT count(*) FROM refresh_tokens") == 1


async def test_bonded_account_has_the_role_of_a_solver(api, sign_login):
    solver = await api.bonded_solver()
    made = await api.challenge(solver)
    answer = await api.client.post(LOGIN, json=sign_login(solver, made["message"]))
    assert answer.json()["roles"] == ["user", "solver"]


async def test_wrong_signature_is_401_and_uses_nothing_up(api, sign_login):
    user, thief = keys.generate_signer(), keys.generate_signer()
    made = await api.challenge(user)
    wrong = await api.client.post(LOGIN, json=sign_login(thief, made["message"]))
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_signature")
    assert wrong.headers["www-authenticate"] == "Bearer"
    assert (await api.client.post(LOGIN, json=sign_login(user, made["message"]))).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",
        lambda text: text.replace("orbital.example", "evil.example"),
        lambda text: text.replace("Chain ID: 31337", "Chain ID: 31338"),
        lambda text: text.replace("Nonce: ", "Nonce: 0"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text + "\nNonce: 0123456789abcdef",
        lambda _: "hello",
        lambda _: "",
    ],
)
async def test_any_other_text_than_the_challenge_is_401(api, sign_login, change):
    user = keys.generate_signer()
    made = await api.challenge(user)
    answer = await api.client.post(LOGIN, json=sign_login(user, change(made["message"])))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_message")


async def test_challenge_ends_after_five_minutes(api, sign_login):
    user = keys.generate_signer()
    api.clock_offset = -301
    made = await api.challenge(user)
    answer = await api.client.post(LOGIN, json=sign_login(user, made["message"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_message")


async def test_challenge_is_for_served_chains(api):
    body = {"address": "0x" + "11" * 20, "chain_id": 5}
    answer = await api.client.post("/api/v1/auth/challenge", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "unsupported_chain")


async def test_contract_account_logs_in_by_erc_1271(api, contract_wallet_code):
    owner = keys.generate_signer()
    deployer = Wallet(api.rpcs[31337], keys.parse_signer(accounts.DEPLOYER))
    receipt = await deployer.transact(None, contract_wallet_code + bytes(12) + owner.address)
    wallet = receipt.contract_address
    challenge = {"address": hexes.to_checksum(wallet), "chain_id": 31337}
    message = (await api.client.post("/api/v1/auth/challenge", json=challenge)).json()["message"]
    plain = owner.sign(keys.personal_digest(message.encode()))
    refused = await api.client.post(LOGIN, json={"message": message, "signature": hexes.to_hex(plain)})
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_signature")
    taken = await api.client.post(LOGIN, json={"message": message, "signature": hexes.to_hex(b"\1" + plain)})
    assert (taken.status_code, taken.json()["address"]) == (200, challenge["address"])


def wrap(factory: bytes, factory_call: bytes, signature: bytes) -> str:
    return hexes.to_hex(abi.encode(["address", "bytes", "bytes"], [factory, factory_call, signature]) + MAGIC_6492)


async def test_contract_account_logs_in_before_it_is_deployed(api, contract_wallet_code):
    owner = keys.generate_signer()
    code = contract_wallet_code + bytes(12) + owner.address
    wallet = keccak256(b"\xff" + CREATE2_FACTORY + bytes(32) + keccak256(code))[12:]
    challenge = {"address": hexes.to_checksum(wallet), "chain_id": 31337}
    message = (await api.client.post("/api/v1/auth/challenge", json=challenge)).json()["message"]
    digest = keys.personal_digest(message.encode())
    good, thiefs = (b"\1" + one.sign(digest) for one in (owner, keys.generate_signer()))

    async def log_in(signature: str) -> tuple[int, str]:
        answer = await api.client.post(LOGIN, json={"message": message, "signature": signature})
        return answer.status_code, answer.json().get("code", answer.json().get("address"))

    for wrong in (
        hexes.to_hex(good),
        wrap(CREATE2_FACTORY, bytes(32) + code, thiefs),
        wrap(CREATE2_FACTORY, b"\1" * 32 + code, good),
        wrap(CREATE2_FACTORY, b"", good),
        wrap(b"\1" * 20, bytes(32) + code, good),
        hexes.to_hex(MAGIC_6492),
        hexes.to_hex(b"\xff" * 96 + MAGIC_6492),
    ):
        assert await log_in(wrong) == (401, "invalid_signature")
    assert await log_in(wrap(CREATE2_FACTORY, bytes(32) + code, good)) == (200, challenge["address"])
    assert await api.rpcs[31337].code(wallet) == b""


async def test_wrapped_signature_of_a_deployed_account_needs_no_factory(api, contract_wallet_code):
    owner = keys.generate_signer()
    deployer = Wallet(api.rpcs[31337], keys.parse_signer(accounts.DEPLOYER))
    wallet = (await deployer.transact(None, contract_wallet_code + bytes(12) + owner.address)).contract_address
    challenge = {"address": hexes.to_checksum(wallet), "chain_id": 31337}
    message = (await api.client.post("/api/v1/auth/challenge", json=challenge)).json()["message"]
    signature = b"\1" + owner.sign(keys.personal_digest(message.encode()))
    body = {"message": message, "signature": wrap(CREATE2_FACTORY, b"", signature)}
    assert (await api.client.post(LOGIN, json=body)).status_code == 200


async def test_login_of_an_account_whose_chain_is_silent_is_503_long_before_its_node_is_given_up(api):
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()  # until the caller gives up
        finally:
            writer.close()

    silent = await asyncio.start_server(hold, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    async with silent, Rpc([url], 31337, timeout_seconds=NODE_SECONDS) as rpc:
        user = keys.generate_signer()
        message = (await api.challenge(user))["message"]
        async with api.another_process(rpcs={31337: rpc}) as elsewhere:
            body = {"message": message, "signature": wrap(CREATE2_FACTORY, b"", b"")}
            async with asyncio.timeout(TOLD_SECONDS):
                answer = await elsewhere.post(LOGIN, json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "chain_unavailable")
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("signature", ["0x" + "00" * 65, wrap(CREATE2_FACTORY, b"", b"")])
async def test_login_of_an_account_whose_chain_has_a_node_of_another_is_503(api, world, signature):
    user = keys.generate_signer()
    message = (await api.challenge(user))["message"]
    async with Rpc([world.urls[31338]], 31337) as rpc, api.another_process(rpcs={31337: rpc}) as elsewhere:
        answer = await elsewhere.post(LOGIN, json={"message": message, "signature": signature})
    assert (answer.status_code, answer.json()["code"]) == (503, "chain_unavailable")


def forged(api, *, header: dict | None = None, secret: str | None = None, algorithm: str = "HS256", **changes) -> str:
    now = int(api.now())
    claims = {
        "iss": api.settings.public_url,
        "aud": tokens.AUDIENCE,
        "sub": hexes.to_checksum(b"\1" * 20),
        "jti": SESSION,
        "iat": now,
        "nbf": now,
        "exp": now + 60,
    } | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    key = "" if algorithm == "none" else secret or api.settings.jwt_secret
    headers = {"typ": tokens.TYPE, "kid": tokens.key_id(api.settings.jwt_secret)} | (header or {})
    return jwt.encode(claims, key, algorithm, headers={name: one for name, one in headers.items() if one is not None})


async def test_only_tokens_of_our_own_making_open_doors(api):
    async def status(token: str) -> int:
        answer = await api.client.get("/api/v1/intents", headers={"Authorization": f"Bearer {token}"})
        return answer.status_code

    running = "INSERT INTO sessions (session_id, address, expires_at) VALUES ($1, $2, now() + interval '1 day')"
    await api.execute(running, SESSION, b"\1" * 20)
    assert await status(forged(api)) == 200
    wrong = [
        "",
        "x",
        "a.b.c",
        forged(api, secret=OTHER_SECRET),
        forged(api, secret=OTHER_SECRET, header={"kid": tokens.key_id(OTHER_SECRET)}),
        forged(api, header={"kid": "0" * 16}),
        forged(api, header={"kid": None}),
        forged(api, jti="00000000-0000-4000-8000-000000000002"),
        forged(api, jti="1"),
        forged(api, jti=1),
        forged(api, sub=hexes.to_checksum(b"\2" * 20)),
        forged(api, algorithm="none"),
        forged(api, algorithm="HS512", secret=api.settings.jwt_secret * 2),
        forged(api, header={"typ": "JWT"}),
        forged(api, iss="https://evil.example"),
        forged(api, aud="another"),
        forged(api, exp=int(api.now())),
        forged(api, nbf=int(api.now()) + 60),
        forged(api, exp=float(api.now() + 60)),
        forged(api, sub="me"),
        *(forged(api, **{claim: None}) for claim in tokens.CLAIMS),
    ]
    assert [await status(token) for token in wrong] == [401] * len(wrong)


async def test_token_ends_after_fifteen_minutes(api):
    headers = await api.login(keys.generate_signer())
    api.clock_offset = 899
    assert (await api.client.get("/api/v1/intents", headers=headers)).status_code == 200
    api.clock_offset = 901
    assert (await api.client.get("/api/v1/intents", headers=headers)).status_code == 401
