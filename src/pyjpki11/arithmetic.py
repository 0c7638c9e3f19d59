"""Modular exponentiation: Python's, until somebody puts a faster one in its place."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: (number, exponent, modulus) -> number ** exponent % modulus, for a number below the modulus.
power: Callable[[int, int, int], int] = pow
