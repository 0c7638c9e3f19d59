"""The RSA private operation of the card's keys."""

from typing import NamedTuple


class PrivateKey(NamedTuple):
    """An RSA key in CRT form, as integers. Spec: RFC 8017 3.2"""

    n: int
    e: int
    p: int
    q: int
    d_p: int
    d_q: int
    q_inv: int

    @property
    def size(self) -> int:
        """Length of the modulus in bytes."""
        return (self.n.bit_length() + 7) // 8

    def apply(self, block: bytes) -> bytes:
        """RSASP1 on a big-endian block below n; `size` bytes, big-endian. Spec: RFC 8017 5.2.1"""
        message = int.from_bytes(block, "big")
        s_1 = pow(message, self.d_p, self.p)
        s_2 = pow(message, self.d_q, self.q)
        h = (s_1 - s_2) * self.q_inv % self.p
        return (s_2 + self.q * h).to_bytes(self.size, "big")
