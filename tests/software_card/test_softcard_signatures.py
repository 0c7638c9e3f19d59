"""Signatures are checked with another implementation of RSA."""

import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from jpki_softcard.card import Card

SELECT_JPKI = bytes.fromhex("00A4040C0A D392F000260100000001")
PINS = {
    0x97: bytes.fromhex("00200098 04 31323334"),  # 1234
    0x9A: bytes.fromhex("0020009B 06 414243313233"),  # ABC123
}
CERTIFICATES = {0x97: 0x8A, 0x9A: 0x81}  # key reference -> P1 of READ BINARY
MESSAGE = bytes(range(200))
SHA256_PREFIX = bytes.fromhex("3031300D060960864801650304020105000420")


def login(card: Card, key: int) -> None:
    """Verify the PIN of a key."""
    assert card.transmit(SELECT_JPKI) == b"\x90\x00"
    assert card.transmit(PINS[key]) == b"\x90\x00"


def sign(card: Card, key: int, p1: int, block: bytes) -> bytes:
    """A signature of 256 bytes."""
    answer = card.transmit(bytes([0x80, 0x2A, p1, key, len(block)]) + block + b"\x00")
    assert answer[-2:] == b"\x90\x00", answer.hex()
    assert len(answer) == 258
    return answer[:-2]


def read_file(card: Card, reference: int) -> bytes:
    """All of an EF, by short identifier for its first 256 bytes."""
    content = card.transmit(bytes([0x00, 0xB0, reference, 0x00, 0x00]))[:-2]
    while (answer := card.transmit(bytes([0x00, 0xB0, *len(content).to_bytes(2, "big"), 0x00])))[-2:] == b"\x90\x00":
        content += answer[:-2]
    return content


def public_key(card: Card, key: int) -> RSAPublicKey:
    """The public key in the certificate that belongs to a key."""
    content = read_file(card, CERTIFICATES[key])
    der = content[: int.from_bytes(content[2:4], "big") + 4]
    found = x509.load_der_x509_certificate(der).public_key()
    assert isinstance(found, RSAPublicKey)
    return found


def recovered(key: RSAPublicKey, signature: bytes) -> bytes:
    """The block under a PKCS #1 v1.5 padding checked by hand."""
    numbers = key.public_numbers()
    block = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(256, "big")
    head, _, rest = block[2:].partition(b"\x00")
    assert block[:2] == b"\x00\x01"
    assert head == b"\xff" * len(head)
    assert len(head) >= 8
    return rest


BOTH_KEYS = pytest.mark.parametrize("key", [0x97, 0x9A], ids=["authentication", "signature"])


@BOTH_KEYS
@pytest.mark.parametrize("length", [1, 6, 51, 245])
def test_p1_00_signs_any_block_as_it_is(card: Card, key: int, length: int) -> None:
    """Not only DigestInfos."""
    login(card, key)
    block = bytes(range(1, length + 1))
    assert recovered(public_key(card, key), sign(card, key, 0x00, block)) == block


def test_p1_00_refuses_more_than_245_bytes(card: Card) -> None:
    """246 bytes leave no room for the padding."""
    login(card, 0x97)
    assert card.transmit(bytes([0x80, 0x2A, 0x00, 0x97, 246]) + bytes(246) + b"\x00") == b"\x67\x00"


@BOTH_KEYS
def test_p1_01_to_03_sign_what_the_survey_found(card: Card, key: int) -> None:
    """A bare hash; a DigestInfo of the hash given; a DigestInfo of the message given."""
    login(card, key)
    public, digest = public_key(card, key), hashlib.sha256(MESSAGE).digest()
    assert recovered(public, sign(card, key, 0x01, MESSAGE)) == digest
    assert recovered(public, sign(card, key, 0x02, digest)) == SHA256_PREFIX + digest
    assert recovered(public, sign(card, key, 0x03, MESSAGE)) == SHA256_PREFIX + digest
    public.verify(sign(card, key, 0x03, MESSAGE), MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def verify_pss(public: RSAPublicKey, signature: bytes, digest: bytes, salt_len: int) -> None:
    """Raise InvalidSignature unless it is PSS with exactly this salt length."""
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt_len)
    public.verify(signature, digest, scheme, Prehashed(hashes.SHA256()))


@BOTH_KEYS
def test_p1_04_and_05_are_pss_with_a_random_salt_of_32_bytes(card: Card, key: int) -> None:
    """Two signatures of one hash differ."""
    login(card, key)
    public, digest = public_key(card, key), hashlib.sha256(MESSAGE).digest()
    first, second = sign(card, key, 0x04, digest), sign(card, key, 0x04, digest)
    assert first != second
    for signature in (first, second, sign(card, key, 0x05, MESSAGE)):
        verify_pss(public, signature, digest, 32)


def test_many_pss_signatures_verify(card: Card) -> None:
    """Also those whose numbers begin with zeros."""
    login(card, 0x97)
    public = public_key(card, 0x97)
    for number in range(40):
        digest = hashlib.sha256(bytes([number])).digest()
        verify_pss(public, sign(card, 0x97, 0x04, digest), digest, 32)


def test_v15_signatures_are_deterministic(card: Card) -> None:
    """P1=00 gives the same bytes each time, by short identifier or current EF."""
    login(card, 0x97)
    first = sign(card, 0x97, 0x00, b"hello\n")
    assert sign(card, 0x97, 0x00, b"hello\n") == first
    assert card.transmit(bytes.fromhex("00A4020C02 0017")) == b"\x90\x00"
    assert sign(card, 0x80, 0x00, b"hello\n") == first


def test_fault_pss_salt_20(make_card: Any) -> None:
    """The salt is 20 bytes long."""
    card = make_card("pss-salt-20")
    login(card, 0x97)
    digest = hashlib.sha256(MESSAGE).digest()
    public, signature = public_key(card, 0x97), sign(card, 0x97, 0x04, digest)
    with pytest.raises(InvalidSignature):
        verify_pss(public, signature, digest, 32)
    verify_pss(public, signature, digest, 20)


@pytest.mark.parametrize("fault", ["wrong-signature", "other-key"])
@pytest.mark.parametrize("key", [0x97, 0x9A])
def test_faults_whose_signatures_do_not_verify(make_card: Any, fault: str, key: int) -> None:
    """256 bytes that the certificate's key does not verify."""
    card = make_card(fault)
    login(card, key)
    signature = sign(card, key, 0x03, MESSAGE)
    with pytest.raises(InvalidSignature):
        public_key(card, key).verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def test_wrong_signature_is_one_bit_away(make_card: Any) -> None:
    """The rest of it is right."""
    right, wrong = make_card(), make_card("wrong-signature")
    login(right, 0x97)
    login(wrong, 0x97)
    difference = int.from_bytes(sign(right, 0x97, 0x00, b"x"), "big") ^ int.from_bytes(
        sign(wrong, 0x97, 0x00, b"x"), "big"
    )
    assert difference.bit_count() == 1


def test_signatures_are_counted_since_power_on(card: Card) -> None:
    """The latency model needs it."""
    login(card, 0x97)
    sign(card, 0x97, 0x00, b"x")
    assert card.signatures == 1
    card.power_off()
    assert card.signatures == 0
