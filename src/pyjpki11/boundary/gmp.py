"""Modular exponentiation by GMP, in a fifth of the time that Python's integers take."""

from __future__ import annotations

from pyjpki11.boundary._cffi import ffi, lib


def power(number: int, exponent: int, modulus: int) -> int:
    """number ** exponent % modulus, for a number below the modulus and an exponent of 64 bits."""
    length = (modulus.bit_length() + 7) // 8
    result = bytearray(number.to_bytes(length, "big"))
    lib.modular_power(ffi.from_buffer(result), exponent, modulus.to_bytes(length, "big"), length)
    return int.from_bytes(result, "big")
