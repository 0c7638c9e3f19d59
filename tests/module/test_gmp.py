"""The verification's arithmetic: GMP's is Python's, and the core uses it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from module.conftest import PythonHost
from module.pythons import SAME

from pyjpki11.boundary import gmp

MAX_MODULUS_BITS, EXPONENT_BITS = 4096, 64


@st.composite
def problems(draw: st.DrawFn) -> tuple[int, int, int]:
    """A number, an exponent, a modulus above the number."""
    modulus = draw(st.integers(1, 2 ** draw(st.sampled_from((1, 8, 64, 2048, MAX_MODULUS_BITS)))))
    return draw(st.integers(0, modulus - 1)), draw(st.integers(0, 2**EXPONENT_BITS - 1)), modulus


@given(problems())
def test_power(problem: tuple[int, int, int]) -> None:
    assert gmp.power(*problem) == pow(*problem)


def test_the_core_uses_it(python_host: PythonHost) -> None:
    python_host(
        """
client = Client(library)
client.start()
from pyjpki11 import arithmetic
from pyjpki11.boundary import gmp
assert arithmetic.power is gmp.power
""",
        python=[SAME[0].program, "-I"],
    )
