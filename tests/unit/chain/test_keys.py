import copy
import pickle

import pytest

from orbital.chain import keccak, keys
from orbital.domain import errors
from orbital.domain.types import Hash32

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SECRET = keccak.keccak256(b"a key of this test")
DIGEST = keccak.keccak256(b"some words")


@pytest.fixture
def signer() -> keys.Signer:
    return keys.Signer(SECRET)


def test_keccak_is_the_one_of_ethereum() -> None:
    assert keccak.keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_signature_recovers_to_its_signer(signer: keys.Signer) -> None:
    signature = signer.sign(DIGEST)
    assert len(signature) == 65
    assert signature[64] in {27, 28}
    assert int.from_bytes(signature[32:64]) <= ORDER // 2
    assert keys.recover(DIGEST, signature) == signer.address


def test_v_of_0_and_1_is_accepted_and_normalised(signer: keys.Signer) -> None:
    signature = signer.sign(DIGEST)
    short = signature[:64] + bytes((signature[64] - 27,))
    assert keys.recover(DIGEST, short) == signer.address
    assert keys.normalise_signature(short) == keys.normalise_signature(signature) == signature


@pytest.mark.parametrize("v", [2, 3, 26, 29, 30, 35, 255])
def test_other_v_is_refused(signer: keys.Signer, v: int) -> None:
    bad = signer.sign(DIGEST)[:64] + bytes((v,))
    for check in (lambda: keys.recover(DIGEST, bad), lambda: keys.normalise_signature(bad)):
        with pytest.raises(errors.Rejected, match="invalid_signature"):
            check()


def test_high_s_twin_is_refused(signer: keys.Signer) -> None:
    signature = signer.sign(DIGEST)
    twin_s = (ORDER - int.from_bytes(signature[32:64])).to_bytes(32)
    twin = signature[:32] + twin_s + bytes((55 - signature[64],))
    with pytest.raises(errors.Rejected, match="upper half"):
        keys.recover(DIGEST, twin)


@pytest.mark.parametrize("length", [0, 64, 66, 130])
def test_other_lengths_are_refused(length: int) -> None:
    with pytest.raises(errors.Rejected, match="65 bytes"):
        keys.recover(DIGEST, b"\x01" * length)


@pytest.mark.parametrize("signature", [bytes(64) + b"\x1b", b"\xff" * 32 + bytes(31) + b"\x01\x1b"])
def test_numbers_off_the_curve_are_refused(signature: bytes) -> None:
    with pytest.raises(errors.Rejected, match="invalid_signature"):
        keys.recover(DIGEST, signature)


def test_another_digest_recovers_to_another_address(signer: keys.Signer) -> None:
    assert keys.recover(Hash32(bytes(32)), signer.sign(DIGEST)) != signer.address


@pytest.mark.parametrize("secret", [b"", bytes(32), ORDER.to_bytes(32), b"\x01" * 31, b"\x01" * 33])
def test_bad_private_keys_are_refused_without_being_shown(secret: bytes) -> None:
    with pytest.raises(errors.Rejected) as caught:
        keys.Signer(secret)
    assert caught.value.code == "invalid_private_key"
    assert not secret or secret.hex() not in str(caught.value)


def test_signer_shows_its_address_only(signer: keys.Signer) -> None:
    for text in (repr(signer), str(signer), repr([signer])):
        assert "Signer(0x" in text
        assert SECRET.hex() not in text.lower()
    for leak in (copy.copy, pickle.dumps):
        with pytest.raises(TypeError):
            leak(signer)


def test_private_key_is_read_from_hex(signer: keys.Signer) -> None:
    assert keys.parse_signer("0x" + SECRET.hex()).address == signer.address
    with pytest.raises(errors.Rejected) as caught:
        keys.parse_signer("ab" * 32)
    assert caught.value.code == "invalid_private_key"
    assert "abab" not in str(caught.value)


def test_generated_keys_differ() -> None:
    assert keys.generate_signer().address != keys.generate_signer().address
