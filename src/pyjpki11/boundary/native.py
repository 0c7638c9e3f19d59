"""What the core is lent that C does better than Python."""

from __future__ import annotations

from pyjpki11.boundary._cffi import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def power(number: int, exponent: int, modulus: int) -> int:
    """number ** exponent % modulus, for a number below the modulus and an exponent of 64 bits.

    By GMP, in a fifth of the time that Python's integers take.
    """
    length = (modulus.bit_length() + 7) // 8
    result = bytearray(number.to_bytes(length, "big"))
    lib.modular_power(ffi.from_buffer(result), exponent, modulus.to_bytes(length, "big"), length)
    return int.from_bytes(result, "big")


def keep(card: int, milliseconds: int) -> Callable[[], bool] | None:
    """See reader.lingering.keep."""
    kept = lib.keep_transaction(card, milliseconds)
    return (lambda: bool(lib.take_transaction(kept))) if kept else None
