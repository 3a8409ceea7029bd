"""Every way to be refused by intake, each with its exact status and code; nothing that is sent makes a 500."""

import dataclasses
import json
import typing

from orbital.chain import hexes, keys, settler
from orbital.chain.transactions import Wallet

UINT256 = 2**256
ZERO = bytes(20)


@dataclasses.dataclass(frozen=True)
class Sender:
    """Builds requests of one funded user."""

    api: typing.Any
    user: keys.Signer

    def signed(self, **changes: typing.Any) -> dict[str, typing.Any]:
        """A submission whose signature covers the changes."""
        return self.api.submission(self.api.intent(self.user.address, **changes), self.user)

    def written(self, **changes: typing.Any) -> dict[str, typing.Any]:
        """A submission whose JSON is changed after signing."""
        body = self.signed()
        return body | {"intent": body["intent"] | changes}

    def without(self, name: str) -> dict[str, typing.Any]:
        body = self.signed()
        del body["intent"][name]
        return body

    def now(self) -> int:
        return int(self.api.now())


def wrong_checksum(address: bytes) -> str:
    return hexes.to_checksum(address).swapcase().replace("0X", "0x")


def high_s(signature: str) -> str:
    raw = bytes.fromhex(signature[2:])
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    flipped = order - int.from_bytes(raw[32:64])
    return hexes.to_hex(raw[:32] + flipped.to_bytes(32) + bytes((55 - raw[64],)))


def with_signature(change: typing.Callable[[str], typing.Any]) -> typing.Callable[[Sender], typing.Any]:
    def build(s: Sender) -> dict[str, typing.Any]:
        body = s.signed()
        return body | {"signature": change(body["signature"])}

    return build


WRONG: dict[str, tuple[typing.Callable[[Sender], typing.Any], int, str]] = {
    "array": (lambda _: [], 422, "invalid_request"),
    "null": (lambda _: None, 422, "invalid_request"),
    "empty object": (lambda _: {}, 422, "invalid_request"),
    "no signature": (lambda s: {"intent": s.signed()["intent"]}, 422, "invalid_request"),
    "no nonce": (lambda s: s.without("nonce"), 422, "invalid_request"),
    "no user": (lambda s: s.without("user"), 422, "invalid_request"),
    "unknown field": (lambda s: s.signed() | {"tip": "1"}, 422, "invalid_request"),
    "unknown field within": (lambda s: s.written(tip="1"), 422, "invalid_request"),
    "intent is a text": (lambda s: s.signed() | {"intent": "x"}, 422, "invalid_request"),
    "amount is a number": (lambda s: s.written(input_amount=1_000_000), 422, "invalid_request"),
    "amount is a float": (lambda s: s.written(input_amount=1.5), 422, "invalid_request"),
    "amount is true": (lambda s: s.written(min_output_amount=True), 422, "invalid_request"),
    "nonce is a number": (lambda s: s.written(nonce=5), 422, "invalid_request"),
    "nonce is empty": (lambda s: s.written(nonce=""), 422, "invalid_request"),
    "nonce is 2^256": (lambda s: s.written(nonce=str(UINT256)), 422, "invalid_request"),
    "chain is a text": (lambda s: s.written(origin_chain_id="31337"), 422, "invalid_request"),
    "chain is a float": (lambda s: s.written(origin_chain_id=31337.0), 422, "invalid_request"),
    "chain is true": (lambda s: s.written(destination_chain_id=True), 422, "invalid_request"),
    "deadline is a text": (lambda s: s.written(open_deadline="1800000000"), 422, "invalid_request"),
    "deadline is null": (lambda s: s.written(fill_deadline=None), 422, "invalid_request"),
    "user is a number": (lambda s: s.written(user=1), 422, "invalid_request"),
    "user is a list": (lambda s: s.written(user=[]), 422, "invalid_request"),
    "two faulty fields": (lambda s: s.written(input_amount="-1", user="0x1"), 422, "invalid_request"),
    "amount has a leading zero": (lambda s: s.written(input_amount="01"), 422, "invalid_amount"),
    "amount is negative": (lambda s: s.written(input_amount="-1"), 422, "invalid_amount"),
    "amount is signed": (lambda s: s.written(input_amount="+1"), 422, "invalid_amount"),
    "amount is blank": (lambda s: s.written(input_amount=" 1"), 422, "invalid_amount"),
    "amount is in hex": (lambda s: s.written(input_amount="0x10"), 422, "invalid_amount"),
    "amount has a fraction": (lambda s: s.written(input_amount="1.0"), 422, "invalid_amount"),
    "amount has other digits": (lambda s: s.written(input_amount="\u0661"), 422, "invalid_amount"),
    "amount is 2^256": (lambda s: s.written(min_output_amount=str(UINT256)), 422, "invalid_amount"),
    "amount has 79 digits": (lambda s: s.written(input_amount="1" * 79), 422, "invalid_amount"),
    "amount ends with a line": (lambda s: s.written(input_amount="1\n"), 422, "invalid_amount"),
    "input amount is zero": (lambda s: s.signed(input_amount=0), 422, "invalid_amount"),
    "minimum is zero": (lambda s: s.signed(min_output_amount=0), 422, "invalid_amount"),
    "zero amount before zero address": (
        lambda s: s.signed(input_amount=0, recipient=ZERO), 422, "invalid_amount",
    ),
    "user is short": (lambda s: s.written(user="0x1234"), 422, "invalid_address"),
    "recipient has a wrong checksum": (
        lambda s: s.written(recipient=wrong_checksum(s.user.address)), 422, "invalid_address",
    ),
    "token without 0x": (lambda s: s.written(input_token="11" * 20), 422, "invalid_address"),
    "recipient is zero": (lambda s: s.signed(recipient=ZERO), 422, "invalid_address"),
    "output token is zero": (lambda s: s.signed(output_token=ZERO), 422, "invalid_address"),
    "recipient is a settler": (
        lambda s: s.signed(recipient=s.api.network.chains[31338].settler), 422, "invalid_address",
    ),
    "zero address before unknown chain": (
        lambda s: s.signed(recipient=ZERO, destination_chain_id=5), 422, "invalid_address",
    ),
    "unknown origin": (lambda s: s.signed(origin_chain_id=1), 422, "unsupported_chain"),
    "unknown destination": (lambda s: s.signed(destination_chain_id=10), 422, "unsupported_chain"),
    "chain zero": (lambda s: s.signed(destination_chain_id=0), 422, "unsupported_chain"),
    "chain is negative": (lambda s: s.written(origin_chain_id=-1), 422, "unsupported_chain"),
    "chain beyond 2^53": (lambda s: s.written(origin_chain_id=2**60), 422, "unsupported_chain"),
    "same chain": (lambda s: s.signed(destination_chain_id=31337), 422, "same_chain"),
    "same chain before token": (
        lambda s: s.signed(destination_chain_id=31337, input_token=b"\1" * 20), 422, "same_chain",
    ),
    "unknown input token": (lambda s: s.signed(input_token=b"\1" * 20), 422, "unsupported_token"),
    "unknown output token": (lambda s: s.signed(output_token=b"\1" * 20), 422, "unsupported_token"),
    "token before deadline": (
        lambda s: s.signed(output_token=b"\1" * 20, open_deadline=1), 422, "unsupported_token",
    ),
    "open deadline too near": (lambda s: s.signed(open_deadline=s.now() + 50), 422, "deadline_out_of_range"),
    "open deadline passed": (lambda s: s.signed(open_deadline=1), 422, "deadline_out_of_range"),
    "open deadline too far": (
        lambda s: s.signed(open_deadline=s.now() + 31 * 86400, fill_deadline=s.now() + 31 * 86400 + 9),
        422, "deadline_out_of_range",
    ),
    "fill deadline not after open": (
        lambda s: s.signed(open_deadline=s.now() + 600, fill_deadline=s.now() + 600), 422, "deadline_out_of_range",
    ),
    "fill deadline too late": (
        lambda s: s.signed(fill_deadline=s.now() + 600 + 86400 + 60), 422, "deadline_out_of_range",
    ),
    "deadline is negative": (lambda s: s.written(open_deadline=-5), 422, "deadline_out_of_range"),
    "deadline beyond 2^53": (lambda s: s.written(fill_deadline=2**64), 422, "deadline_out_of_range"),
    "deadline before auctioneer": (
        lambda s: s.signed(open_deadline=1, auctioneer=ZERO), 422, "deadline_out_of_range",
    ),
    "no auctioneer": (lambda s: s.signed(auctioneer=ZERO), 422, "unknown_auctioneer"),
    "another auctioneer": (lambda s: s.signed(auctioneer=b"\2" * 20), 422, "unknown_auctioneer"),
    "auctioneer before signature": (
        lambda s: s.signed(auctioneer=b"\2" * 20) | {"signature": "0x"}, 422, "unknown_auctioneer",
    ),
    "signature is no hex": (with_signature(lambda _: "0xzz"), 422, "invalid_signature"),
    "signature has an odd digit": (with_signature(lambda given: given[:-1]), 422, "invalid_signature"),
    "signature is empty": (with_signature(lambda _: "0x"), 422, "invalid_signature"),
    "signature is short": (with_signature(lambda given: given[:-2]), 422, "invalid_signature"),
    "signature is zeros": (with_signature(lambda _: "0x" + "00" * 65), 422, "invalid_signature"),
    "signature has a wrong v": (with_signature(lambda given: given[:-2] + "1d"), 422, "invalid_signature"),
    "signature has a high s": (with_signature(high_s), 422, "invalid_signature"),
    "signature is a number": (with_signature(lambda _: 1), 422, "invalid_request"),
    "signature of other content": (lambda s: s.written(input_amount="999999"), 422, "invalid_signature"),
    "signature of another": (
        lambda s: s.api.submission(s.api.intent(s.user.address), keys.generate_signer()), 422, "invalid_signature",
    ),
    "signature before denied": (
        lambda s: s.signed(recipient=s.api.denied.address) | {"signature": "0x"}, 422, "invalid_signature",
    ),
    "recipient is denied": (lambda s: s.signed(recipient=s.api.denied.address), 403, "denied"),
    "user is denied": (
        lambda s: s.api.submission(s.api.intent(s.api.denied.address), s.api.denied), 403, "denied",
    ),
    "nonce of another intent": (lambda s: s.signed(nonce=424_242), 409, "nonce_used"),
    "nonce before funds": (lambda s: s.signed(nonce=424_242, input_amount=10**30), 409, "nonce_used"),
    "balance too low": (lambda s: s.signed(input_amount=10**12 + 1), 422, "insufficient_balance"),
    "balance does not cover the live ones too": (
        lambda s: s.signed(input_amount=10**12), 422, "insufficient_balance",
    ),
    "amount is the largest": (lambda s: s.signed(input_amount=UINT256 - 1), 422, "insufficient_balance"),
    "allowance too low": (lambda s: s.signed(input_amount=10**11), 422, "insufficient_allowance"),
}  # fmt: skip


def as_bytes(body: object) -> bytes:
    return json.dumps(body).encode()


async def test_each_wrong_submission_has_its_status_and_code(api):
    user = await api.funded_user(balance=10**12, allowance=10**10)
    sender = Sender(api, user)
    await api.submitted(user, nonce=424_242, input_amount=999_999)
    answers = {}
    for name, (build, _, _) in WRONG.items():
        answer = await api.client.post(
            "/api/v1/intents", content=as_bytes(build(sender)), headers={"content-type": "application/json"}
        )
        answers[name] = (answer.status_code, answer.json().get("code"))
        assert answer.status_code >= 400, name
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    assert answers == {name: (status, code) for name, (_, status, code) in WRONG.items()}
    assert await api.count("SELECT count(*) FROM facts") == 1


async def test_brackets_in_texts_are_no_nesting(api):
    body = as_bytes({"intent": '"' + "[" * 100, "signature": "0x"})
    answer = await api.client.post("/api/v1/intents", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


async def test_field_errors_point_to_every_fault(api):
    sender = Sender(api, keys.generate_signer())
    body = sender.written(input_amount="-1", user="0x1", open_deadline=1.5, **{"a/b~": 1})
    del body["intent"]["nonce"]
    problem = (await api.client.post("/api/v1/intents", json=body)).json()
    assert problem["code"] == "invalid_request"
    assert {(one["pointer"], one["code"]) for one in problem["errors"]} == {
        ("/intent/input_amount", "invalid_amount"),
        ("/intent/user", "invalid_address"),
        ("/intent/open_deadline", "invalid_type"),
        ("/intent/nonce", "missing"),
        ("/intent/a~1b~0", "unknown_field"),
    }


async def test_nonce_used_on_chain_alone_is_known(api):

    user = await api.funded_user()
    await Wallet(api.rpcs[31337], user).transact(api.network.chains[31337].settler, settler.invalidate_nonce(77))
    answer = await api.submit(api.intent(user.address, nonce=77), user)
    assert (answer.status_code, answer.json()["code"]) == (409, "nonce_used")


async def test_origin_without_a_node_is_503_with_retry_after(api):
    user = await api.funded_user()
    del api.rpcs[31337]
    answer = await api.submit(api.intent(user.address), user)
    assert (answer.status_code, answer.json()["code"]) == (503, "chain_unavailable")
    assert int(answer.headers["retry-after"]) > 0
