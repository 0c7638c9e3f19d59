"""Which hashes and keys are strong enough to prove anything. Design: decision 15"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm

STRONG_HASHES = ("sha256", "sha384", "sha512")
MIN_RSA_BITS = 2048
MIN_CURVE_BITS = 256


def is_strong_hash(hashed: HashAlgorithm | None) -> bool:
    """Whether it is infeasible to make two texts with one hash."""
    return hashed is not None and hashed.name in STRONG_HASHES


def is_strong_key(key: Any) -> bool:
    """Whether it is infeasible to compute the private half of a public key."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= MIN_RSA_BITS
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.key_size >= MIN_CURVE_BITS
    return isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
