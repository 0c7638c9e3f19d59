"""Signatures by a card's key, though not by the card."""

from __future__ import annotations

import hashlib

from model.operations import SIGNING_HASHES

from jpki_softcard.padding import pkcs1_v15, pss_sha256
from jpki_softcard.rsa import PrivateKey
from pyjpki11.cryptoki import ckm

DIGEST_INFO = {
    ckm.SHA256_RSA_PKCS: bytes.fromhex("3031300D060960864801650304020105000420"),
    ckm.SHA512_RSA_PKCS: bytes.fromhex("3051300D060960864801650304020305000440"),
}


def signature_over(key: PrivateKey, number: int, data: bytes, how: str) -> bytes:
    """A signature over data by a key, with a mechanism: `good`, `bad` or `short`."""
    if number == ckm.SHA256_RSA_PKCS_PSS:
        block = pss_sha256(hashlib.sha256(data).digest(), key.n.bit_length(), 32)
    elif number in DIGEST_INFO:
        block = pkcs1_v15(DIGEST_INFO[number] + hashlib.new(SIGNING_HASHES[number].name, data).digest(), key.size)
    else:
        block = pkcs1_v15(data[:245], key.size)
    made = key.apply(block)
    return {"good": made, "bad": made[:-1] + bytes((made[-1] ^ 1,)), "short": made[1:]}[how]
