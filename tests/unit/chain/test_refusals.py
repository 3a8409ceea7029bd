import pytest

from orbital.chain import refusals
from orbital.chain.refusals import Limit, Refusal

RESULTS = [
    (
        -32602,
        (
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no "
            "limit on the response size, or you can request any block range with a cap of 10K logs in the "
            "response. Based on your parameters and the response size "
            "limit, this block range should work: [0xc5dc00, 0xc614a7]"
        ),
        range(0xC5DC00, 0xC614A8),
        2000,
    ),
    (
        -32005,
        "query returned more than 10000 results. Try with this block range [0x1, 0xFF].",
        range(1, 256),
        None,
    ),
    (-32005, "query returned more than 10000 results", None, None),
    (
        -32602,
        "query exceeds max results 20000, retry with the range 3600741-3620740",
        range(3600741, 3620741),
        None,
    ),
    (-32008, "response is too big", None, None),
]
RANGES = [
    (
        -32600,
        (
            "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your "
            "parameters, this block range should work: [0x1180fca, 0x1180fd3]. Upgrade to "
            "PAYG for expanded block range."
        ),
        range(0x1180FCA, 0x1180FD4),
        10,
    ),
    (
        -32000,
        (
            "Query timeout exceeded. Consider reducing your block range. Based on your parameters and the response "
            "size limit, this block range should work: [0x5223c98, 0x5223e80]"
        ),
        range(0x5223C98, 0x5223E81),
        None,
    ),
    (-32614, "eth_getLogs is limited to a 10,000 range", None, 10_000),
    (-32614, "eth_getLogs is limited to a 10,000 blocks range", None, 10_000),
    (-32600, "block range is too wide", None, None),
    (-32603, "block range is too wide (maximum 1024)", None, 1024),
    (-32600, "block range too large", None, None),
    (-32602, "requested too many blocks from 0 to 5000000, maximum is set to 1024", None, 1024),
    (-32000, "exceed maximum block range: 50000", None, 50_000),
]


@pytest.mark.parametrize(("code", "message", "suggested", "max_blocks"), RESULTS)
def test_words_for_too_many_results_are_known(
    code: int, message: str, suggested: range | None, max_blocks: int | None
) -> None:
    assert refusals.read(code, message) == Refusal(Limit.RESULTS, suggested, max_blocks)


@pytest.mark.parametrize(("code", "message", "suggested", "max_blocks"), RANGES)
def test_words_for_too_many_blocks_are_known(
    code: int, message: str, suggested: range | None, max_blocks: int | None
) -> None:
    assert refusals.read(code, message) == Refusal(Limit.RANGE, suggested, max_blocks)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (429, "Your app has exceeded its compute units per second capacity."),
        (-32007, "50/second request limit reached - reduce calls per second or upgrade: too many requests"),
        (-32005, "daily request count exceeded, request rate limited"),
        (-32005, "limit exceeded"),
        (-32016, "over rate limit"),
    ],
)
def test_words_for_too_many_calls_are_known(code: int, message: str) -> None:
    assert refusals.read(code, message) == Refusal(Limit.RATE)


@pytest.mark.parametrize("message", ["query timed out", "Request timeout", "context deadline exceeded"])
def test_words_for_too_long_are_known(message: str) -> None:
    assert refusals.read(-32000, message) == Refusal(Limit.TIME)


@pytest.mark.parametrize(
    "message",
    [
        "execution reverted",
        "missing trie node 0xabc (path )",
        "insufficient funds for gas * price + value",
        "the method eth_getLogs does not exist/is not available",
        "exceeds block gas limit",
        "nonce too low",
        "",
    ],
)
def test_other_words_say_nothing_of_limits(message: str) -> None:
    assert refusals.read(-32000, message) == Refusal(Limit.OTHER)


def test_a_range_that_ends_before_it_starts_is_no_suggestion() -> None:
    assert refusals.read(-32602, "this block range should work: [0x5, 0x4]") == Refusal(Limit.RANGE)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert refusals.read(-32000, "x" * 1000 + "block range is too wide") == Refusal(Limit.OTHER)
