"""Hashes of headers, held against those of public chains' blocks."""

import json
import pathlib
import typing

import pytest
import rlp as oracle

from orbital.chain import blocks, seals
from orbital.chain.keccak import keccak256
from orbital.domain.types import ChainId

HEADERS: dict[str, dict[str, typing.Any]] = json.loads(pathlib.Path(__file__).with_name("headers.json").read_text())
NEWEST = "Ethereum 23535880"
ORDER = """
parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom
difficulty number gasLimit gasUsed timestamp extraData mixHash nonce
"""


def _decode(fields: dict[str, typing.Any]) -> blocks.Header:
    found = blocks.decode_header(json.dumps(fields).encode())
    assert found is not None
    return found


def _changed(field: str, value: str | None) -> blocks.Header:
    return _decode(HEADERS[NEWEST] | {field: value})


@pytest.mark.parametrize("name", HEADERS)
def test_a_block_of_a_public_chain_is_sealed(name: str) -> None:
    assert _decode(HEADERS[name]).is_sealed


@pytest.mark.parametrize("field", sorted(HEADERS[NEWEST].keys() - {"hash", "size", "transactions", "uncles"}))
def test_every_field_is_part_of_the_hash(field: str) -> None:
    text = HEADERS[NEWEST][field]
    assert _changed(field, text[:-1] + ("1" if text[-1] != "1" else "2")).is_sealed is False


def test_another_hash_or_a_field_less_breaks_the_seal() -> None:
    assert _changed("hash", "0x" + "12" * 32).is_sealed is False
    assert _changed("requestsHash", None).is_sealed is False


def test_what_is_beside_the_header_does_not_enter() -> None:
    assert _decode(HEADERS[NEWEST] | {"size": "0x7", "totalDifficulty": None, "withdrawals": [{}]}).is_sealed


def test_with_a_field_that_nobody_knows_it_can_not_be_known() -> None:
    unknown = _changed("blockAccessListHash", "0x" + "12" * 32)
    assert unknown.is_sealed is None
    assert unknown.timestamp == _decode(HEADERS[NEWEST]).timestamp


@pytest.mark.parametrize("number", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 2**64, 2**256 - 1])
def test_a_hash_is_that_of_the_list_of_fields(number: int) -> None:
    fields = HEADERS["Ethereum's first block"] | {"difficulty": hex(number), "gasUsed": hex(number)}
    numbers = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp"}
    listed = oracle.encode(
        [int(fields[name], 16) if name in numbers else bytes.fromhex(fields[name][2:]) for name in ORDER.split()]
    )
    assert _decode(fields | {"hash": "0x" + keccak256(listed).hex()}).is_sealed


def test_a_chain_of_another_form_has_no_broken_seals() -> None:
    form = seals.Form(ChainId(1))
    assert form.find_broken([_changed("gasUsed", "0x1")]) == []
    assert form.find_broken([_changed("unknown", "0x1")]) == []


def test_a_seal_is_broken_once_a_sound_one_was_seen() -> None:
    form = seals.Form(ChainId(1))
    sound, broken = _decode(HEADERS[NEWEST]), _changed("gasUsed", "0x1")
    assert form.find_broken([sound, broken]) == [broken]
    assert form.find_broken([_changed("unknown", "0x1")]) == []
    assert form.find_broken([sound]) == []


def test_when_no_seal_is_sound_any_more_hashes_are_believed() -> None:
    form = seals.Form(ChainId(1))
    sound, broken = _decode(HEADERS[NEWEST]), _changed("gasUsed", "0x1")
    for _ in range(3):  # in between they are
        form.find_broken([sound])
        assert all(form.find_broken([broken]) for _ in range(seals.DISBELIEF_MAX))
    assert form.find_broken([broken]) == []
    form.find_broken([sound])
    assert form.find_broken([broken]) == []
