"""What a hostile card has in place of its certificates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from asn1crypto import x509
from torture.choices import Choices

LONGEST_EF = 0x8000  # bytes that READ BINARY reaches
RSA_OID = bytes.fromhex("06092A864886F70D010101")
EC_ALGORITHM = bytes.fromhex("301006072A8648CE3D020106052B81040022")
#: Bits of moduli, from none to as many as a file has room for.
KEY_BITS = (0, 8, 511, 512, 1024, 2047, 2048, 2049, 3072, 4096, 8192, 16384, 16392, 65536, 250_000)
CLAIMS = ("3080", "30847FFFFFFF", "3084FFFFFFFF", "308500FFFFFFFF", "308840000000000000", "30FF", "30827FFF", "3000")


def element(tag: int, content: bytes) -> bytes:
    """A DER element."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content


def integer(value: int) -> bytes:
    """A DER INTEGER."""
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@lru_cache
def _fields(genuine: bytes) -> tuple[Mapping[str, bytes], bytes]:
    """The elements of a genuine certificate's inner part by name, and what follows that part."""
    parsed = x509.Certificate.load(genuine)
    inner = parsed["tbs_certificate"]
    names = ("version serial_number signature issuer validity subject subject_public_key_info extensions").split()
    end = parsed["signature_algorithm"].dump() + parsed["signature_value"].dump()
    return {name: inner[name].dump() for name in names}, end


def rebuilt(genuine: bytes, **changes: bytes) -> bytes:
    """A genuine certificate with other elements in it."""
    fields, end = _fields(genuine)
    return element(0x30, element(0x30, b"".join((dict(fields) | changes).values())) + end)


def rsa_key(modulus: int, exponent: int) -> bytes:
    """The element of an RSA key."""
    numbers = element(0x30, integer(modulus) + integer(exponent))
    return element(0x30, element(0x30, RSA_OID + b"\x05\0") + element(0x03, b"\0" + numbers))


@lru_cache
def _any_key(bits: int, exponent_bits: int) -> bytes:
    """A key that nobody has; its size is all it has."""
    modulus = (1 << bits - 1) | (1 << bits // 2) | 1 if bits else 0
    return rsa_key(modulus, (1 << exponent_bits - 1) | 1 if exponent_bits else 0)


def _long(choices: Choices, genuine: bytes) -> bytes:
    """A certificate that fills its file, or just more than that."""
    filler = element(0xA3, bytes(LONGEST_EF - len(genuine) - 200 + choices.below(300)))
    return rebuilt(genuine, extensions=filler)


def _other_key(choices: Choices, genuine: bytes) -> bytes:
    bits = choices.one_of(KEY_BITS)
    exponent_bits = choices.one_of((0, 1, 2, 17, 17, 17, 33, 64, 65, max(bits - 1, 1)))
    return rebuilt(genuine, subject_public_key_info=_any_key(bits, exponent_bits))


def _ec_key(choices: Choices, genuine: bytes) -> bytes:
    point = element(0x03, b"\0\4" + choices.some_bytes(96))
    return rebuilt(genuine, subject_public_key_info=element(0x30, EC_ALGORITHM + point))


def _odd_element(choices: Choices, genuine: bytes) -> bytes:
    """One element replaced by something else: huge, empty, of another kind."""
    name = choices.one_of(tuple(_fields(genuine)[0]))
    contents = (b"", bytes(1), choices.some_bytes(40), bytes(20_000), element(0x18, b"99991231235959Z") * 2)
    return rebuilt(genuine, **{name: element(choices.below(256), choices.one_of(contents))})


def _flipped(choices: Choices, genuine: bytes) -> bytes:
    spoilt = bytearray(genuine)
    for _ in range(1 + choices.below(6)):
        position = choices.below(min(len(genuine), 64) if choices.happens(1, 2) else len(genuine))
        spoilt[position] = choices.below(256)
    return bytes(spoilt)


#: Ways in which a file may differ from the genuine certificate.
FORGERIES: tuple[Callable[[Choices, bytes], bytes], ...] = (
    lambda choices, genuine: b"",
    lambda choices, genuine: b"\xff" * 2000,
    lambda choices, genuine: choices.some_bytes(1),
    lambda choices, genuine: bytes.fromhex(choices.one_of(CLAIMS)) + genuine[4:],
    lambda choices, genuine: bytes.fromhex("30827FF0") + genuine[4:].ljust(LONGEST_EF, b"\0"),
    lambda choices, genuine: genuine[: choices.below(len(genuine))],
    lambda choices, genuine: choices.some_bytes(choices.below(600)),
    _long,
    _flipped,
    _flipped,
    _other_key,
    _other_key,
    _ec_key,
    _odd_element,
    _odd_element,
)


def certificate(choices: Choices, genuine: bytes) -> bytes:
    """What the card has in place of a certificate: half of the time the genuine one."""
    return genuine if choices.happens(1, 2) else choices.one_of(FORGERIES)(choices, genuine)
