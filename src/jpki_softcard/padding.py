"""The signature paddings the card applies."""

import os

from .digest import sha256

# Card: notes 4. DigestInfo of SHA-256 up to the hash.
SHA256_DIGEST_INFO = bytes.fromhex(
    "30 31"  # SEQUENCE, 49 bytes
    "30 0D"  # SEQUENCE: AlgorithmIdentifier
    "06 09 60 86 48 01 65 03 04 02 01"  # OID 2.16.840.1.101.3.4.2.1, SHA-256
    "05 00"  # NULL parameters
    "04 20"  # OCTET STRING, 32 bytes: the hash follows
)
HASH_LEN = 32


def pkcs1_v15(block: bytes, size: int) -> bytes:
    """00 01 FF.. 00 followed by `block`, `size` bytes. Spec: RFC 8017 9.2, steps 4 and 5"""
    filler = b"\xff" * (size - 3 - len(block))
    return b"\x00\x01" + filler + b"\x00" + block


def pss_sha256(digest: bytes, bits: int, salt_len: int) -> bytes:
    """EMSA-PSS of a SHA-256 digest with a fresh random salt, for an `bits`-bit modulus.

    The hash function of the encoding is SHA-256 and its mask generation function MGF1 with SHA-256.
    Spec: RFC 8017 9.1.1
    """
    em_bits = bits - 1
    em_len = (em_bits + 7) // 8
    salt = os.urandom(salt_len)
    hashed = sha256(bytes(8) + digest + salt)
    data_block = bytes(em_len - salt_len - HASH_LEN - 2) + b"\x01" + salt
    masked = _xor(data_block, _mgf1(hashed, len(data_block)))
    top = masked[0] & 0xFF >> (8 * em_len - em_bits)
    return bytes([top]) + masked[1:] + hashed + b"\xbc"


def _mgf1(seed: bytes, count: int) -> bytes:
    """Spec: RFC 8017 B.2.1"""
    rounds = range((count + HASH_LEN - 1) // HASH_LEN)
    return b"".join(sha256(seed + i.to_bytes(4, "big")) for i in rounds)[:count]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
