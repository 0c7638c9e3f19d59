"""What C does for the core: the arithmetic of verification, transactions that are kept open for a moment."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from module.conftest import PythonHost
from module.pythons import SAME
from support.hosts import SOURCES
from support.process import run

from pyjpki11.boundary import native

MAX_MODULUS_BITS, EXPONENT_BITS = 4096, 64


@st.composite
def problems(draw: st.DrawFn) -> tuple[int, int, int]:
    """A number, an exponent, a modulus above the number."""
    modulus = draw(st.integers(1, 2 ** draw(st.sampled_from((1, 8, 64, 2048, MAX_MODULUS_BITS)))))
    return draw(st.integers(0, modulus - 1)), draw(st.integers(0, 2**EXPONENT_BITS - 1)), modulus


@given(problems())
def test_power(problem: tuple[int, int, int]) -> None:
    assert native.power(*problem) == pow(*problem)


def test_the_core_uses_it(python_host: PythonHost) -> None:
    python_host(
        """
client = Client(library)
client.start()
from pyjpki11 import arithmetic
from pyjpki11.boundary import native
assert arithmetic.power is native.power
""",
        python=[SAME[0].program, "-I"],
    )


KEEPING = """
import ctypes, os, sys, time
from pyjpki11.boundary import native

LONG_MS, SHORT_MS = 600_000, 1
assert native.keep(7, LONG_MS) is None, "there is no PC/SC library yet"
library = ctypes.CDLL(sys.argv[1])

take_back = native.keep(7, LONG_MS)
assert take_back() and library.times_ended() == 0

take_back = native.keep(7, SHORT_MS)
while not library.times_ended():
    time.sleep(0.001)
assert not take_back() and library.times_ended() == 1

several = [native.keep(card, LONG_MS) for card in (7, 8)]
child = os.fork()
if not child:
    os._exit(library.times_ended() != 3 or not native.keep(7, LONG_MS)())
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert not any(take_back() for take_back in several) and library.times_ended() == 3
assert native.keep(7, LONG_MS) is None, "a child that outlives its parent would keep it open"
"""


def test_transactions_are_kept(tmp_path: Path) -> None:
    """Until they are taken back, for a time, or until a fork; afterwards none is."""
    library = tmp_path / "libpcsclite.so"
    run(["cc", "-shared", "-fPIC", "-Wl,-soname,libpcsclite.so.1", "-o", library, SOURCES / "pcsclite.c"])
    run([sys.executable, "-c", KEEPING, library])
