"""The mechanisms, a row each, and the parameters that some of them take."""

from __future__ import annotations

from pyjpki11.cryptoki import ckf, ckg, ckm

# Paddings. Spec: RFC 8017 7, 8
V15 = "PKCS#1 v1.5"
PSS = "PSS"
OAEP = "OAEP"

RSA_MIN_BITS = 2048
RSA_MAX_BITS = 4096

#: Hash mechanism -> name that `provider.digest` knows. Spec: PKCS#11 v3.1 6.20 to 6.24
HASHES = {
    ckm.SHA_1: "sha1",
    ckm.SHA224: "sha224",
    ckm.SHA256: "sha256",
    ckm.SHA384: "sha384",
    ckm.SHA512: "sha512",
}

#: Mask generation function -> hash it is built on. Spec: PKCS#11 v3.1 6.1.7
MGF_HASHES = {
    ckg.MGF1_SHA1: "sha1",
    ckg.MGF1_SHA224: "sha224",
    ckg.MGF1_SHA256: "sha256",
    ckg.MGF1_SHA384: "sha384",
    ckg.MGF1_SHA512: "sha512",
}


class Mechanism:
    """What a mechanism does to data: the hash the host computes first, what stands before the hash, the padding.

    `digest` is None where the caller's data is taken as it is. `prefix` is the DigestInfo up to the hash.
    `parameter` is the class of the parameter that it takes, or None for none. Spec: RFC 8017 9.2 note 1
    """

    __slots__ = ("digest", "flags", "max_bits", "min_bits", "number", "padding", "parameter", "prefix")

    def __init__(
        self,
        number: int,
        flags: int,
        padding: str | None = None,
        digest: str | None = None,
        prefix: str = "",
        parameter: type | None = None,
    ) -> None:
        self.number = number
        self.flags = flags
        self.padding = padding
        self.digest = digest
        self.prefix = bytes.fromhex(prefix)
        self.parameter = parameter
        self.min_bits, self.max_bits = (RSA_MIN_BITS, RSA_MAX_BITS) if padding else (0, 0)


class PssParameters:
    """Hash and mask generation function by name, and salt length in bytes. Spec: PKCS#11 v3.1 6.1.9"""

    __slots__ = ("digest", "mgf_digest", "salt_len")

    def __init__(self, digest: str, mgf_digest: str, salt_len: int) -> None:
        self.digest = digest
        self.mgf_digest = mgf_digest
        self.salt_len = salt_len


class OaepParameters:
    """Hash and mask generation function by name, and the label. Spec: PKCS#11 v3.1 6.1.7"""

    __slots__ = ("digest", "label", "mgf_digest")

    def __init__(self, digest: str, mgf_digest: str, label: bytes) -> None:
        self.digest = digest
        self.mgf_digest = mgf_digest
        self.label = label


_SIGN = ckf.HW | ckf.SIGN | ckf.VERIFY
_RAW = _SIGN | ckf.SIGN_RECOVER | ckf.VERIFY_RECOVER | ckf.ENCRYPT
_MESSAGES = ckf.MESSAGE_SIGN | ckf.MESSAGE_VERIFY

#: Spec: PKCS#11 v3.1 6.1.6, 6.1.8, 6.1.10, 6.1.13, 6.1.15
_ROWS = (
    Mechanism(ckm.RSA_PKCS, _RAW | _MESSAGES, V15),
    Mechanism(ckm.SHA1_RSA_PKCS, _SIGN | _MESSAGES, V15, "sha1", "3021300906052B0E03021A05000414"),
    Mechanism(ckm.SHA224_RSA_PKCS, _SIGN | _MESSAGES, V15, "sha224", "302D300D06096086480165030402040500041C"),
    Mechanism(ckm.SHA256_RSA_PKCS, _SIGN | _MESSAGES, V15, "sha256", "3031300D060960864801650304020105000420"),
    Mechanism(ckm.SHA384_RSA_PKCS, _SIGN | _MESSAGES, V15, "sha384", "3041300D060960864801650304020205000430"),
    Mechanism(ckm.SHA512_RSA_PKCS, _SIGN | _MESSAGES, V15, "sha512", "3051300D060960864801650304020305000440"),
    Mechanism(ckm.RSA_PKCS_PSS, _SIGN | _MESSAGES, PSS, parameter=PssParameters),
    Mechanism(ckm.SHA256_RSA_PKCS_PSS, _SIGN | _MESSAGES, PSS, "sha256", parameter=PssParameters),
    Mechanism(ckm.RSA_PKCS_OAEP, ckf.ENCRYPT, OAEP, parameter=OaepParameters),
    *(Mechanism(number, ckf.DIGEST, digest=name) for number, name in HASHES.items()),
)

MECHANISMS = {row.number: row for row in _ROWS}
