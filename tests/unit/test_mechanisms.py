"""Mechanism rows against the standards, by way of asn1crypto and hashlib. Spec: RFC 8017 9.2 note 1"""

from __future__ import annotations

import hashlib

import pytest
from asn1crypto.algos import DigestAlgorithm, DigestInfo
from module.numbers import NUMBERS

from pyjpki11.cryptoki import ckf
from pyjpki11.cryptoki.mechanisms import MECHANISMS, OAEP, PSS, V15, OaepParameters, PssParameters
from pyjpki11.provider import digest

OTHER_USES = (
    NUMBERS["CKF_DECRYPT"]
    | NUMBERS["CKF_WRAP"]
    | NUMBERS["CKF_UNWRAP"]
    | NUMBERS["CKF_GENERATE_KEY_PAIR"]
    | NUMBERS["CKF_DERIVE"]
)
HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")
#: PKCS#11 number -> padding, hash; the numbers are the standard's. Spec: PKCS#11 v3.1 6.1
EXPECTED: dict[int, tuple[str | None, str | None]] = {
    0x0001: (V15, None),
    0x0006: (V15, "sha1"),
    0x0046: (V15, "sha224"),
    0x0040: (V15, "sha256"),
    0x0041: (V15, "sha384"),
    0x0042: (V15, "sha512"),
    0x000D: (PSS, None),
    0x0043: (PSS, "sha256"),
    0x0009: (OAEP, None),
    0x0220: (None, "sha1"),
    0x0255: (None, "sha224"),
    0x0250: (None, "sha256"),
    0x0260: (None, "sha384"),
    0x0270: (None, "sha512"),
}
WITH_DIGEST_INFO = [number for number, (padding, name) in EXPECTED.items() if padding == V15 and name]
DATA = b"what is to be signed"


def test_the_mechanisms() -> None:
    assert {number: (row.padding, row.digest) for number, row in MECHANISMS.items()} == EXPECTED
    assert all(row.number == number for number, row in MECHANISMS.items())


def test_who_does_what() -> None:
    """What is signed, the card signs; what is hashed only, the host hashes."""
    for number, (padding, _name) in EXPECTED.items():
        row = MECHANISMS[number]
        assert bool(row.flags & ckf.SIGN) == bool(row.flags & ckf.HW) == (padding in (V15, PSS))
        assert bool(row.flags & ckf.DIGEST) == (padding is None)
        assert not row.flags & OTHER_USES
        assert (row.min_bits <= 2048 <= row.max_bits) if padding else (row.min_bits, row.max_bits) == (0, 0)


def test_parameters() -> None:
    classes = {PSS: PssParameters, OAEP: OaepParameters}
    assert all(row.parameter is classes.get(row.padding or "") for row in MECHANISMS.values())


@pytest.mark.parametrize("number", WITH_DIGEST_INFO, ids=hex)
def test_digest_info(number: int) -> None:
    row = MECHANISMS[number]
    hashed = hashlib.new(row.digest or "", DATA, usedforsecurity=False).digest()
    info = DigestInfo({"digest_algorithm": DigestAlgorithm({"algorithm": row.digest}), "digest": hashed})
    assert row.prefix + hashed == info.dump()


def test_nothing_else_has_a_prefix() -> None:
    assert [number for number, row in MECHANISMS.items() if row.prefix] == WITH_DIGEST_INFO


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000])
def test_built_in_hashes(name: str, length: int) -> None:
    """The interpreter's own hashes are the same as OpenSSL's; at once and in parts."""
    data = bytes(i * 7 & 0xFF for i in range(length))
    expected = hashlib.new(name, data, usedforsecurity=False).digest()
    whole, parts = digest.new(name), digest.new(name)
    whole.update(data)
    for byte in data:
        parts.update(bytes((byte,)))
    assert whole.digest() == parts.digest() == expected


def test_no_hash_comes_from_openssl() -> None:
    """Design: decision 3"""
    assert all("openssl" not in type(digest.new(name)).__module__ for name in HASHES)


@pytest.mark.parametrize("name", HASHES)
def test_hash_lengths(name: str) -> None:
    assert digest.OUTPUT_LEN[name] == hashlib.new(name, usedforsecurity=False).digest_size
