"""What an RSA public key does: blocks of PKCS#1 encoded, recovered, compared.

It takes nothing but Python's integers, because every signature passes through here and a library for it would
bring its own OpenSSL into the host; and because the salt length that a card chose is told by none.
"""

from __future__ import annotations

from pyjpki11.provider import digest

#: Bytes that the padding of v1.5 takes at least. Spec: RFC 8017 9.2
V15_PADDING_LEN = 11
PSS_TRAILER = 0xBC


class PublicKey:
    """Modulus and exponent; `length` is the modulus's in bytes."""

    __slots__ = ("exponent", "length", "modulus")

    def __init__(self, modulus: int, exponent: int) -> None:
        self.modulus = modulus
        self.exponent = exponent
        self.length = (modulus.bit_length() + 7) // 8

    def apply(self, signature: bytes) -> bytes | None:
        """The encoded message in a signature, as long as the modulus, or None when it cannot be one.

        Spec: RFC 8017 5.2.2
        """
        number = int.from_bytes(signature, "big")
        if len(signature) != self.length or number >= self.modulus:
            return None
        return pow(number, self.exponent, self.modulus).to_bytes(self.length, "big")

    def is_v15(self, signature: bytes, block: bytes) -> bool:
        """Whether this is the RSASSA-PKCS1-v1_5 signature around a block. Spec: RFC 8017 8.2.2"""
        padding = b"\xff" * (self.length - len(block) - 3)
        return len(padding) >= 8 and self.apply(signature) == b"\0\1" + padding + b"\0" + block

    def recover_v15(self, signature: bytes) -> bytes | None:
        """The block inside an RSASSA-PKCS1-v1_5 signature, or None. Spec: RFC 8017 9.2"""
        encoded = self.apply(signature)
        if encoded is None or encoded[:2] != b"\0\1":
            return None
        padding, separator, block = encoded[2:].partition(b"\0")
        return block if separator and len(padding) >= 8 and not padding.strip(b"\xff") else None

    def pss_salt_len(self, signature: bytes, hashed: bytes, hash_name: str, mgf_hash_name: str) -> int | None:
        """Length in bytes of the salt in an RSASSA-PSS signature of a hash, or None where it is not one.

        Spec: RFC 8017 9.1.2
        """
        encoded = self.apply(signature)
        encoded_bits = self.modulus.bit_length() - 1
        encoded_len = (encoded_bits + 7) // 8
        masked_len = encoded_len - len(hashed) - 1
        if encoded is None or encoded[-1] != PSS_TRAILER or masked_len < 1 or any(encoded[:-encoded_len]):
            return None
        encoded = encoded[-encoded_len:]
        masked, check = encoded[:masked_len], encoded[masked_len:-1]
        spare_bits = 8 * encoded_len - encoded_bits
        if masked[0] >> (8 - spare_bits):
            return None
        data = _xor(masked, mgf1(check, masked_len, mgf_hash_name))
        data = bytes((data[0] & 0xFF >> spare_bits,)) + data[1:]
        zeros, separator, salt = data.partition(b"\1")
        is_good = separator and not zeros.strip(b"\0") and digest.of(hash_name, bytes(8) + hashed + salt) == check
        return len(salt) if is_good else None


def mgf1(seed: bytes, length: int, hash_name: str) -> bytes:
    """Spec: RFC 8017 B.2.1"""
    mask = b""
    counter = 0
    while len(mask) < length:
        mask += digest.of(hash_name, seed + counter.to_bytes(4, "big"))
        counter += 1
    return mask[:length]


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")
