"""What callers send to do harm: each case is refused with its status and code, as a problem, and none makes a 500.

One table an aspect; every row names its operation, what is odd about the request, and the answer.
"""

import dataclasses
import json
import typing

from orbital.chain import hexes

ID = "0x" + "ab" * 32
ADDRESS = "0x" + "11" * 20
MISSPELT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"  # an example of EIP-55 but for the case of its last letter
UINT256 = str(2**256)
HASH = "0x" + "cd" * 32
SIGNATURE = "0x" + "11" * 65
JSON = {"content-type": "application/json"}

INTENT = {
    "user": ADDRESS, "recipient": ADDRESS, "origin_chain_id": 31337, "destination_chain_id": 31338,
    "input_token": ADDRESS, "input_amount": "1", "output_token": ADDRESS, "min_output_amount": "1", "nonce": "1",
    "open_deadline": 1800000000, "fill_deadline": 1800000100, "auctioneer": ADDRESS,
}  # fmt: skip
BID = {"intent_id": ID, "solver": ADDRESS, "output_amount": "1", "valid_until": 1800000000}
BODIES: dict[str, dict[str, typing.Any]] = {
    "intents": {"intent": INTENT, "signature": SIGNATURE},
    "bids": {"bid": BID, "signature": SIGNATURE},
    "challenge": {"address": ADDRESS, "chain_id": 31337},
    "login": {"message": "hello", "signature": SIGNATURE},
    "refresh": {"refresh_token": "x"},
    "quotes": {
        "origin_chain_id": 31337, "destination_chain_id": 31338, "input_token": ADDRESS, "output_token": ADDRESS,
        "input_amount": "1",
    },
}  # fmt: skip
PATHS = {
    "intents": "/api/v1/intents",
    "bids": f"/api/v1/intents/{ID}/bids",
    "cancel": f"/api/v1/intents/{ID}/cancel",
    "challenge": "/api/v1/auth/challenge",
    "login": "/api/v1/auth/login",
    "refresh": "/api/v1/auth/refresh",
    "logout": "/api/v1/auth/logout",
    "quotes": "/api/v1/quotes",
}
LISTS = {
    "own": "/api/v1/intents",
    "pending": "/api/v1/intents/pending",
    "awards": "/api/v1/solver/{caller}/awards",
    "events": f"/api/v1/intents/{ID}/events",
}

MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "words": b"hello",
    "cut off": b'{"a": {',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "1e400": b'{"a": 1e400}',
    "-1e400": b'{"a": [-1e400]}',
    "duplicate key": b'{"a": 1, "a": 2}',
    "duplicate key within": b'{"a": {"b": 1, "b": 1}}',
    "duplicate key in a list": b'{"a": [{"b": 1, "b": 1}]}',
    "duplicate key by its escape": b'{"a": 1, "\\u0061": 2}',
    "high surrogate alone": b'{"a": "\\ud800"}',
    "low surrogate alone": b'{"a": "\\udc00"}',
    "surrogates the wrong way round": b'{"a": "\\udc00\\ud800"}',
    "surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "escaped NUL": b'{"a": "\\u0000"}',
    "NUL as a key": b'{"\\u0000": 1}',
    "raw NUL": b'{"a": "\x00"}',
    "NUL after the end": b"{}\x00",
    "raw line end in a text": b'{"a": "\n"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "UTF-32 without a mark": '{"a": 1}'.encode("utf-32-be"),
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "UTF-8 longer than needed": b'{"a": "\xc0\xaf"}',
    "beyond Unicode": b'{"a": "\xf5\x80\x80\x80"}',
    "33 arrays": b"[" * 33 + b"]" * 33,
    "33 objects": b'{"a":' * 33 + b"1" + b"}" * 33,
    "16000 arrays": b"[" * 16_000,
    "integer of 5000 digits": b'{"a": ' + b"1" * 5000 + b"}",
    "leading zero": b'{"a": 01}',
    "point without digits": b'{"a": 1.}',
    "hex number": b'{"a": 0x10}',
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "trailing comma": b'{"a": 1,}',
    "comment": b'{"a": 1 /* */}',
    "bad escape": b'{"a": "\\x41"}',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "form": b"a=1&b=2",
}  # each 400 malformed, of every operation that takes a body

INVALID, AMOUNT, BAD_ADDRESS, CHAIN = "invalid_request", "invalid_amount", "invalid_address", "unsupported_chain"
DEADLINE, BAD_SIGNATURE, NO_MESSAGE = "deadline_out_of_range", "invalid_signature", "invalid_message"

# operation, path of the field, its JSON, status, code
FIELDS: tuple[tuple[str, str, str, int, str], ...] = (
    ("intents", "", "[]", 422, INVALID),
    ("intents", "", "null", 422, INVALID),
    ("intents", "", "1", 422, INVALID),
    ("intents", "", '"intent"', 422, INVALID),
    ("intents", "", "{}", 422, INVALID),
    ("intents", "intent", "null", 422, INVALID),
    ("intents", "intent", '"[[[["', 422, INVALID),
    ("intents", "intent", "{}", 422, INVALID),
    ("intents", "signature", "null", 422, INVALID),
    ("intents", "signature", '"11"', 422, BAD_SIGNATURE),
    ("intents", "signature", '"0x1"', 422, BAD_SIGNATURE),
    ("intents", "signature", '"0xgg"', 422, BAD_SIGNATURE),
    ("intents", "signature", '"0X1111"', 422, BAD_SIGNATURE),
    ("intents", "signature", '"0x\uff11\uff11"', 422, BAD_SIGNATURE),
    ("intents", "signature", '"0x11 11"', 422, BAD_SIGNATURE),
    ("intents", "tip", '"1"', 422, INVALID),
    ("intents", "__proto__", "{}", 422, INVALID),
    ("intents", "intent.tip", "1", 422, INVALID),
    ("intents", "intent.", "1", 422, INVALID),
    ("intents", "intent.User", f'"{ADDRESS}"', 422, INVALID),
    ("intents", "intent.user", "1", 422, INVALID),
    ("intents", "intent.user", "null", 422, INVALID),
    ("intents", "intent.user", '""', 422, BAD_ADDRESS),
    ("intents", "intent.user", '"0x"', 422, BAD_ADDRESS),
    ("intents", "intent.user", f'"{ADDRESS[:-1]}"', 422, BAD_ADDRESS),
    ("intents", "intent.user", f'"{ADDRESS}1"', 422, BAD_ADDRESS),
    ("intents", "intent.user", f'"{ADDRESS[2:]}"', 422, BAD_ADDRESS),
    ("intents", "intent.user", f'"0X{ADDRESS[2:]}"', 422, BAD_ADDRESS),
    ("intents", "intent.user", f'" {ADDRESS}"', 422, BAD_ADDRESS),
    ("intents", "intent.user", f'"{ADDRESS}\\n"', 422, BAD_ADDRESS),
    ("intents", "intent.user", '"0x' + "g" * 40 + '"', 422, BAD_ADDRESS),
    ("intents", "intent.user", '"0x' + "\u0661" * 40 + '"', 422, BAD_ADDRESS),
    ("intents", "intent.recipient", f'"{MISSPELT}"', 422, BAD_ADDRESS),
    ("intents", "intent.recipient", f'"0x{MISSPELT[2:].upper()}"', 422, BAD_ADDRESS),
    ("intents", "intent.input_token", f'"{HASH}"', 422, BAD_ADDRESS),
    ("intents", "intent.output_token", '"vitalik.eth"', 422, BAD_ADDRESS),
    ("intents", "intent.auctioneer", "false", 422, INVALID),
    ("intents", "intent.origin_chain_id", '"31337"', 422, INVALID),
    ("intents", "intent.origin_chain_id", "31337.0", 422, INVALID),
    ("intents", "intent.origin_chain_id", "3.1337e4", 422, INVALID),
    ("intents", "intent.origin_chain_id", "true", 422, INVALID),
    ("intents", "intent.origin_chain_id", "-1", 422, CHAIN),
    ("intents", "intent.origin_chain_id", str(2**53), 422, CHAIN),
    ("intents", "intent.origin_chain_id", "1" * 4000, 422, CHAIN),
    ("intents", "intent.destination_chain_id", "null", 422, INVALID),
    ("intents", "intent.destination_chain_id", str(2**64), 422, CHAIN),
    ("intents", "intent.input_amount", "1", 422, INVALID),
    ("intents", "intent.input_amount", "1.5", 422, INVALID),
    ("intents", "intent.input_amount", "[]", 422, INVALID),
    ("intents", "intent.input_amount", '""', 422, AMOUNT),
    ("intents", "intent.input_amount", '"01"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"-1"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"+1"', 422, AMOUNT),
    ("intents", "intent.input_amount", '" 1"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"1 "', 422, AMOUNT),
    ("intents", "intent.input_amount", '"1\\n"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"1_000"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"1.0"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"1e3"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"0x10"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"NaN"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"\u0661"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"\uff11"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"\u00b2"', 422, AMOUNT),
    ("intents", "intent.input_amount", f'"{UINT256}"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"' + "9" * 79 + '"', 422, AMOUNT),
    ("intents", "intent.input_amount", '"' + "9" * 10_000 + '"', 422, AMOUNT),
    ("intents", "intent.min_output_amount", "1e77", 422, INVALID),
    ("intents", "intent.nonce", "1", 422, INVALID),
    ("intents", "intent.nonce", '"01"', 422, INVALID),
    ("intents", "intent.nonce", f'"{UINT256}"', 422, INVALID),
    ("intents", "intent.open_deadline", '"1800000000"', 422, INVALID),
    ("intents", "intent.open_deadline", "1800000000.5", 422, INVALID),
    ("intents", "intent.open_deadline", "-5", 422, DEADLINE),
    ("intents", "intent.fill_deadline", str(2**64), 422, DEADLINE),
    ("intents", "intent.fill_deadline", "1e9", 422, INVALID),
    ("bids", "bid", "[]", 422, INVALID),
    ("bids", "bid.tip", "1", 422, INVALID),
    ("bids", "bid.intent_id", '"0xab"', 422, INVALID),
    ("bids", "bid.intent_id", f'"{ID}00"', 422, INVALID),
    ("bids", "bid.intent_id", '"0x' + "ag" * 32 + '"', 422, INVALID),
    ("bids", "bid.intent_id", '"0x' + "AB" * 32 + '"', 422, INVALID),
    ("bids", "bid.intent_id", "7", 422, INVALID),
    ("bids", "bid.solver", '"0x11"', 422, BAD_ADDRESS),
    ("bids", "bid.solver", "null", 422, INVALID),
    ("bids", "bid.output_amount", "1", 422, INVALID),
    ("bids", "bid.output_amount", '"-1"', 422, AMOUNT),
    ("bids", "bid.output_amount", f'"{UINT256}"', 422, AMOUNT),
    ("bids", "bid.valid_until", "1.0", 422, INVALID),
    ("bids", "bid.valid_until", "-1", 422, INVALID),
    ("bids", "bid.valid_until", str(2**53), 422, INVALID),
    ("bids", "signature", '"0x1"', 422, BAD_SIGNATURE),
    ("challenge", "", "[[]]", 422, INVALID),
    ("challenge", "address", '"0x11"', 422, BAD_ADDRESS),
    ("challenge", "address", "17", 422, INVALID),
    ("challenge", "address", f'"{MISSPELT}"', 422, BAD_ADDRESS),
    ("challenge", "chain_id", "5", 422, CHAIN),
    ("challenge", "chain_id", "-1", 422, CHAIN),
    ("challenge", "chain_id", "31337.0", 422, INVALID),
    ("challenge", "chain_id", '"31337"', 422, INVALID),
    ("challenge", "domain", '"evil.example"', 422, INVALID),
    ("login", "", "{}", 422, INVALID),
    ("login", "message", "null", 422, INVALID),
    ("login", "message", '["hello"]', 422, INVALID),
    ("login", "message", '"' + "a" * 4097 + '"', 422, INVALID),
    ("login", "message", '""', 401, NO_MESSAGE),
    ("login", "message", '"Nonce: 12345678"', 401, NO_MESSAGE),
    ("login", "message", '"Nonce: 1234\' OR 1=1"', 401, NO_MESSAGE),
    ("login", "message", '"\\ud83d\\ude00"', 401, NO_MESSAGE),
    ("login", "signature", "65", 422, INVALID),
    ("login", "signature", '"0x1"', 422, BAD_SIGNATURE),
    ("login", "address", f'"{ADDRESS}"', 422, INVALID),
    ("refresh", "refresh_token", "1", 422, INVALID),
    ("refresh", "refresh_token", "null", 422, INVALID),
    ("refresh", "refresh_token", '"' + "a" * 129 + '"', 422, INVALID),
    ("refresh", "refresh_token", '""', 401, "unauthenticated"),
    ("refresh", "refresh_token", '"\\ud83d\\ude00"', 401, "unauthenticated"),
    ("refresh", "session_id", '"1"', 422, INVALID),
    ("quotes", "input_amount", "1", 422, INVALID),
    ("quotes", "input_amount", '"01"', 422, AMOUNT),
    ("quotes", "input_amount", f'"{UINT256}"', 422, AMOUNT),
    ("quotes", "origin_chain_id", "1.0", 422, INVALID),
    ("quotes", "origin_chain_id", "5", 422, CHAIN),
    ("quotes", "input_token", '"0x1"', 422, BAD_ADDRESS),
    ("quotes", "input_token", f'"{ADDRESS}"', 422, "unsupported_token"),
    ("quotes", "slippage", '"1"', 422, INVALID),
)

# operation, body, headers besides those of a good request, status, code
HEADERS: tuple[tuple[str, bytes, dict[str, str | bytes], int, str], ...] = (
    ("intents", b"{}", {"content-type": "text/plain"}, 415, "unsupported_media_type"),
    ("intents", b"{}", {"content-type": ""}, 415, "unsupported_media_type"),
    ("intents", b"{}", {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
    ("intents", b"{}", {"content-type": "application/json; charset=utf-16"}, 415, "unsupported_media_type"),
    ("intents", b"{}", {"content-type": "application/json, text/plain"}, 415, "unsupported_media_type"),
    ("intents", b"{}", {"content-type": "application/jsonp"}, 415, "unsupported_media_type"),
    ("bids", b"{}", {"content-type": "application/ld+json"}, 415, "unsupported_media_type"),
    ("challenge", b"{}", {"content-type": "multipart/form-data; boundary=x"}, 415, "unsupported_media_type"),
    ("login", b"{}", {"content-type": "text/json"}, 415, "unsupported_media_type"),
    ("refresh", b"{}", {"content-type": "*/*"}, 415, "unsupported_media_type"),
    ("quotes", b"{}", {"content-type": b"application/json\xb2"}, 415, "unsupported_media_type"),
    ("intents", b"{}", {"content-encoding": "gzip"}, 415, "unsupported_media_type"),
    ("quotes", b"{}", {"content-encoding": "identity, br"}, 415, "unsupported_media_type"),
    ("intents", b" " * 16_385, {}, 413, "body_too_large"),
    ("bids", b" " * 16_385, {}, 413, "body_too_large"),
    ("challenge", b" " * 16_385, {}, 413, "body_too_large"),
    ("login", b" " * 16_385, {}, 413, "body_too_large"),
    ("refresh", b" " * 16_385, {}, 413, "body_too_large"),
    ("quotes", b" " * 16_385, {}, 413, "body_too_large"),
    ("cancel", b" " * 16_385, {}, 413, "body_too_large"),
    ("logout", b" " * 16_385, {}, 413, "body_too_large"),
    ("intents", b" " * 16_384, {}, 400, "malformed"),
    ("intents", b"", {"content-length": "16385"}, 413, "body_too_large"),
    ("intents", b"", {"content-length": "9" * 5000}, 413, "body_too_large"),
    ("intents", b"", {"content-length": "-1"}, 400, "malformed"),
    ("intents", b"", {"content-length": b"\xb2"}, 400, "malformed"),
    ("cancel", b"{}", {}, 422, INVALID),
    ("cancel", b" ", {}, 422, INVALID),
    ("cancel", b"\x00", {}, 422, INVALID),
    ("cancel", b"", {"authorization": "Bearer"}, 401, "unauthenticated"),
    ("cancel", b"", {"authorization": "Bearer "}, 401, "unauthenticated"),
    ("cancel", b"", {"authorization": "Basic Og=="}, 401, "unauthenticated"),
    ("cancel", b"", {"authorization": "Bearer a.b.c"}, 401, "unauthenticated"),
    ("cancel", b"", {"authorization": b"Bearer \xff\xfe"}, 401, "unauthenticated"),
    ("cancel", b"", {"authorization": "Bearer " + "a." * 4000}, 401, "unauthenticated"),
    ("bids", b"{}", {"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}, 401, "unauthenticated"),
    ("logout", b"{}", {}, 422, INVALID),
    ("logout", b"null", {}, 422, INVALID),
    ("logout", b"", {"authorization": "Token x"}, 401, "unauthenticated"),
    ("intents", b"{}", {"idempotency-key": ""}, 422, INVALID),
    ("intents", b"{}", {"idempotency-key": "two words"}, 422, INVALID),
    ("intents", b"{}", {"idempotency-key": "k" * 256}, 422, INVALID),
    ("quotes", b"{}", {"idempotency-key": b"\xe9"}, 422, INVALID),
)

# list, query, status, code
QUERIES: tuple[tuple[str, str, int, str], ...] = (
    ("own", "limit=0", 422, INVALID),
    ("own", "limit=101", 422, INVALID),
    ("own", "limit=-1", 422, INVALID),
    ("own", "limit=", 422, INVALID),
    ("own", "limit=1.0", 422, INVALID),
    ("own", "limit=010", 422, INVALID),
    ("own", "limit=%2B5", 422, INVALID),
    ("own", "limit=%201", 422, INVALID),
    ("own", "limit=%D9%A1", 422, INVALID),
    ("own", "limit=" + "9" * 5000, 422, INVALID),
    ("own", "limit=1&limit=1", 422, INVALID),
    ("own", "limit[]=1", 422, INVALID),
    ("own", "&".join(f"a{n}=1" for n in range(200)), 422, INVALID),
    ("own", "status=unknown", 422, INVALID),
    ("own", "status=pending%00", 422, INVALID),
    ("own", "origin_chain_id=x", 422, INVALID),
    ("own", f"origin_chain_id={2**53}", 422, INVALID),
    ("own", "user=0x11", 422, INVALID),
    ("own", "cursor=", 422, INVALID),
    ("own", "cursor=AAAA", 422, INVALID),
    ("own", "cursor=%00", 422, INVALID),
    ("own", "cursor=%FF", 422, INVALID),
    ("own", "cursor=" + "W1" * 129, 422, INVALID),
    ("own", "cursor=" + "Wy" * 128, 422, INVALID),
    ("own", "cursor=WyJldmVudHMiLDEsIiJd", 422, INVALID),  # of the list of events
    ("own", "cursor=WyJpbnRlbnRzIiwtMSwiIl0", 422, INVALID),  # after row -1
    ("own", "cursor=WyJpbnRlbnRzIiw5MjIzMzcyMDM2ODU0Nzc1ODA4LCIiXQ", 422, INVALID),  # after row 2^63
    ("pending", "chains=", 422, INVALID),
    ("pending", "chains=1,,2", 422, INVALID),
    ("pending", "chains=" + ",".join("1" * 33), 422, INVALID),
    ("pending", "tokens=0x11", 422, BAD_ADDRESS),
    ("pending", "tokens=" + ",".join([ADDRESS] * 33), 422, INVALID),
    ("pending", "live=true", 422, INVALID),
    ("awards", "live=1", 422, INVALID),
    ("awards", "wait=21", 422, INVALID),
    ("awards", "wait=-1", 422, INVALID),
    ("awards", "wait=NaN", 422, INVALID),
    ("awards", "cursor=WyJhd2FyZHMiLDkyMjMzNzIwMzY4NTQ3NzU4MDcsIiJd", 422, INVALID),  # after the year 9999
    ("events", "limit=x", 422, INVALID),
    ("events", "cursor=x", 422, INVALID),
    ("events", "limit=1", 404, "not_found"),
)


@dataclasses.dataclass(frozen=True)
class Case:
    """One request, and what it is to be answered."""

    name: str
    method: str
    path: str
    content: bytes
    headers: dict[str, str | bytes]
    status: int
    code: str


def replaced(body: typing.Any, path: str, text: str) -> str:
    """The JSON of `body` with `text` as it is in the place of one field."""
    if not path:
        return text
    *outer, name = path.split(".")
    fields = {one: json.dumps(value) for one, value in (body[outer[0]] if outer else body).items()} | {name: text}
    written = "{" + ", ".join(f"{json.dumps(one)}: {value}" for one, value in fields.items()) + "}"
    return replaced(body, outer[0], written) if outer else written


def cases() -> list[Case]:
    texts = [
        Case(f"{name} to {operation}", "POST", PATHS[operation], content, {}, 400, "malformed")
        for name, content in MALFORMED.items()
        for operation in BODIES
    ]
    fields = [
        Case(f"{operation} {path}={text:.40}", "POST", PATHS[operation], content.encode(), {}, status, code)
        for operation, path, text, status, code in FIELDS
        for content in [replaced(BODIES[operation], path, text)]
    ]
    headers = [
        Case(f"{operation} {content[:20]!r} {given}", "POST", PATHS[operation], content, given, status, code)
        for operation, content, given, status, code in HEADERS
    ]
    queries = [
        Case(f"{name} {query:.60}", "GET", f"{LISTS[name]}?{query}", b"", {}, status, code)
        for name, query, status, code in QUERIES
    ]
    return [*texts, *fields, *headers, *queries]


async def test_each_hostile_request_is_refused_with_its_status_and_code(api):
    solver = await api.bonded_solver()
    login = {"authorization": (await api.login(solver))["Authorization"]}
    wanted, found = {}, {}
    for number, case in enumerate(cases()):
        name = f"{number}: {case.name}"
        path = case.path.format(caller=hexes.to_checksum(solver.address))
        request = api.client.build_request(case.method, path, content=case.content, headers=JSON | login | case.headers)
        answer = await api.client.send(request)
        problem = answer.json()
        is_traced = problem.get("request_id") == answer.headers["x-request-id"]
        is_whole = {"type", "title", "detail"} < problem.keys() and problem.get("status") == answer.status_code
        kind = answer.headers["content-type"]
        wanted[name] = (case.status, case.code, "application/problem+json", True, True)
        found[name] = (answer.status_code, problem.get("code"), kind, is_whole, is_traced)
    assert {name: one for name, one in found.items() if one != wanted[name]} == {}
    assert len({(case.path, case.content, str(case.headers)) for case in cases()}) == len(found)
    assert len(found) >= 400
    assert (await api.client.get("/api/v1/auth/profile", headers=login)).status_code == 200
    assert await api.count("SELECT count(*) FROM facts WHERE name <> 'SolverRegistered'") == 0


async def test_chunked_bodies_are_counted_as_they_come(api):
    async def chunks() -> typing.AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 1024

    login = await api.login(await api.bonded_solver())
    paths = [PATHS[name] for name in PATHS]
    answers = [await api.client.post(path, content=chunks(), headers=JSON | login) for path in paths]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(413, "body_too_large")] * len(paths)
