"""The mechanisms of the card's keys, a row each."""

from __future__ import annotations

from pyjpki11.cryptoki import ckf, ckm

RSA_MIN_BITS = 2048
RSA_MAX_BITS = 2048
SIGN = ckf.HW | ckf.SIGN


class Mechanism:
    """A way to sign: which hash the host computes first, and what stands before it in the signed block.

    `digest` is a name that `provider.digest` knows, or None when the caller's data is signed as it is.
    `prefix` is the DigestInfo up to the hash. Spec: RFC 8017 9.2 note 1
    """

    __slots__ = ("digest", "flags", "max_bits", "min_bits", "number", "prefix")

    def __init__(self, number: int, flags: int, digest: str | None = None, prefix: bytes = b"") -> None:
        self.number = number
        self.digest = digest
        self.prefix = prefix
        self.flags = flags
        self.min_bits = RSA_MIN_BITS
        self.max_bits = RSA_MAX_BITS


#: RSASSA-PKCS1-v1_5. Spec: PKCS#11 v3.1 6.1.6, 6.1.13
_ROWS = (
    Mechanism(ckm.RSA_PKCS, SIGN),
    Mechanism(ckm.SHA1_RSA_PKCS, SIGN, "sha1", bytes.fromhex("3021300906052B0E03021A05000414")),
    Mechanism(ckm.SHA224_RSA_PKCS, SIGN, "sha224", bytes.fromhex("302D300D06096086480165030402040500041C")),
    Mechanism(ckm.SHA256_RSA_PKCS, SIGN, "sha256", bytes.fromhex("3031300D060960864801650304020105000420")),
    Mechanism(ckm.SHA384_RSA_PKCS, SIGN, "sha384", bytes.fromhex("3041300D060960864801650304020205000430")),
    Mechanism(ckm.SHA512_RSA_PKCS, SIGN, "sha512", bytes.fromhex("3051300D060960864801650304020305000440")),
)  # fmt: skip

MECHANISMS = {row.number: row for row in _ROWS}
