"""What public keys do, judged by `cryptography`; and what only looks like a signature. Spec: RFC 8017 8, 9"""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pyjpki11.provider.rsa import PublicKey, mgf1

#: Modulus lengths whose encoded messages have 8, 7, 1 and no spare bits.
LENGTHS = (1024, 1031, 1026, 1025)
KEYS: dict[int, RSAPrivateKey] = {}
ALGORITHMS: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 (others may still use it)
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
}
DATA = b"what is to be signed"
HASHED = hashlib.sha256(DATA).digest()
BLOCK = bytes.fromhex("3031300D060960864801650304020105000420") + HASHED


def key(bits: int = 1024) -> RSAPrivateKey:
    """A key that is quick to make."""
    if bits not in KEYS:
        KEYS[bits] = rsa.generate_private_key(65537, bits)
    return KEYS[bits]


def public(bits: int = 1024) -> PublicKey:
    """Our idea of its public half."""
    numbers = key(bits).public_key().public_numbers()
    return PublicKey(numbers.n, numbers.e)


def raw(padded: bytes, bits: int = 1024) -> bytes:
    """What a card with a mind of its own would answer."""
    numbers = key(bits).private_numbers()
    power = pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n)
    return power.to_bytes((bits + 7) // 8, "big")


def pss(bits: int = 1024, salt_len: int = 32, name: str = "sha256", mgf: str = "sha256") -> bytes:
    """A PSS signature by `cryptography`."""
    how = padding.PSS(padding.MGF1(ALGORITHMS[mgf]), salt_len)
    return key(bits).sign(DATA, how, ALGORITHMS[name])


def pad(block: bytes, kind: bytes = b"\0\1", fill: bytes = b"\xff") -> bytes:
    """Padding of version 1.5, by default the right one."""
    return kind + fill * (125 - len(block)) + b"\0" + block


# -- version 1.5 --------------------------------------------------------------------------------------------

GOOD = key().sign(DATA, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("bits", LENGTHS)
def test_v15(bits: int) -> None:
    signature = key(bits).sign(DATA, padding.PKCS1v15(), hashes.SHA256())
    assert public(bits).length == len(signature)
    assert public(bits).is_v15(signature, BLOCK)
    assert public(bits).recover_v15(signature) == BLOCK


@pytest.mark.parametrize("length", [0, 1, 116, 117])
def test_v15_block_of_every_length(length: int) -> None:
    block = b"\1" * length
    assert public().is_v15(raw(pad(block)), block)
    assert public().recover_v15(raw(pad(block))) == block


BAD = {
    "nothing": b"",
    "zeros": bytes(128),
    "one": bytes(127) + b"\1",
    "a flipped bit": GOOD[:-1] + bytes([GOOD[-1] ^ 1]),
    "cut off": GOOD[:-1],
    "a zero before": b"\0" + GOOD,
    "a zero behind": GOOD + b"\0",
    "the modulus added": (int.from_bytes(GOOD, "big") + public().modulus).to_bytes(129, "big"),
    "other data": raw(pad(BLOCK[:-1] + b"\0")),
    "padding of an encryption": raw(pad(BLOCK, kind=b"\0\2")),
    "other filler": raw(pad(BLOCK, fill=b"\xfe")),
    "short filler, rubbish behind": raw(b"\0\1" + b"\xff" * 8 + b"\0" + BLOCK + bytes(117 - len(BLOCK))),
    "no DigestInfo": raw(pad(HASHED)),
    "PSS": pss(),
}


@pytest.mark.parametrize("signature", BAD.values(), ids=BAD)
def test_bad_v15(signature: bytes) -> None:
    assert not public().is_v15(signature, BLOCK)


def test_v15_block_without_enough_padding() -> None:
    block = b"\1" * 118
    assert not public().is_v15(raw(pad(block)), block)
    assert public().recover_v15(raw(pad(block))) is None


# -- PSS ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("salt_len", [0, 1, 20, 32, 48, 62])
@pytest.mark.parametrize("bits", LENGTHS)
def test_the_salt_is_read_off(bits: int, salt_len: int) -> None:
    """Design: decision 8"""
    assert public(bits).pss_salt_len(pss(bits, salt_len), HASHED, "sha256", "sha256") == salt_len


@pytest.mark.parametrize("mgf", ["sha1", "sha256"])
@pytest.mark.parametrize("name", ["sha1", "sha224", "sha256", "sha384"])
def test_other_hashes(name: str, mgf: str) -> None:
    hashed = hashlib.new(name, DATA, usedforsecurity=False).digest()
    signature = pss(name=name, mgf=mgf, salt_len=20)
    assert public().pss_salt_len(signature, hashed, name, mgf) == 20
    assert public().pss_salt_len(signature, hashed, name, "sha512") is None


@pytest.mark.parametrize("bits", LENGTHS)
def test_every_bit_of_pss_counts(bits: int) -> None:
    signature = pss(bits)
    for bit in range(0, 8 * len(signature), 7):
        damaged = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(len(signature), "big")
        assert public(bits).pss_salt_len(damaged, HASHED, "sha256", "sha256") is None


@pytest.mark.parametrize(
    ("signature", "hashed"),
    [
        (b"", HASHED),
        (pss()[:-1], HASHED),
        (b"\0" + pss(), HASHED),
        (GOOD, HASHED),
        (pss(), hashlib.sha256(b"").digest()),
        (pss(), b""),
        (pss(), bytes(126)),
        (pss(), bytes(300)),
    ],
    ids=map(str, range(8)),  # each process that runs tests has made a key of its own
)
def test_bad_pss(signature: bytes, hashed: bytes) -> None:
    assert public().pss_salt_len(signature, hashed, "sha256", "sha256") is None


@pytest.mark.parametrize("bits", LENGTHS)
def test_bits_above_the_encoded_message_are_zero(bits: int) -> None:
    """What is larger than the encoding can be is no signature. Spec: RFC 8017 8.1.2, 9.1.2 step 6"""
    for _ in range(200):  # until one leaves room for it below the modulus
        encoded = public(bits).apply(pss(bits)) or b""
        too_large = int.from_bytes(encoded, "big") | 1 << bits - 1
        if too_large < public(bits).modulus:
            break
    signature = raw(too_large.to_bytes(len(encoded), "big"), bits)
    assert public(bits).pss_salt_len(signature, HASHED, "sha256", "sha256") is None


@given(st.binary(max_size=140), st.binary(max_size=140))
def test_any_bytes(signature: bytes, hashed: bytes) -> None:
    assert public().pss_salt_len(signature, hashed, "sha256", "sha1") is None
    assert not public().is_v15(signature, hashed)
    public().recover_v15(signature)


@given(st.binary(min_size=128, max_size=128))
def test_any_encoded_message(encoded: bytes) -> None:
    """A card could make any."""
    signature = raw(b"\0" + encoded[1:])
    assert public().apply(signature) == b"\0" + encoded[1:]
    assert public().pss_salt_len(signature, HASHED, "sha256", "sha256") is None
    assert not public().is_v15(signature, BLOCK)
    public().recover_v15(signature)


def test_mgf1() -> None:
    """Spec: RFC 8017 B.2.1; the vector is Python's and Wikipedia's."""
    assert mgf1(b"foo", 3, "sha1").hex() == "1ac907"
    assert mgf1(b"bar", 50, "sha256").hex() == (
        "382576a7841021cc28fc4c0948753fb8312090cea942ea4c4e735d10dc724b155f9f6069f289d61daca0cb814502ef04eae1"
    )
    assert mgf1(b"bar", 0, "sha256") == b""
