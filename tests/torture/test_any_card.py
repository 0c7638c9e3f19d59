"""Any card: whatever it answers, calls end as they may, and nobody is handed a wrong signature or loses a try."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.figures import Figures
from support.process import run
from torture.sanitized import PROJECT
from torture.sizes import CARD_ANSWERS, Size

SEED = "1"
MAX_PEAK_MIB = 160
#: A few answers are enough to find what is broken on purpose.
SOME = Size(30_000, 30_000)
#: What the provider could forget, and what is then said.
BREAKAGES = {
    "signatures are not verified": (
        "from pyjpki11.provider.rsa import PublicKey as K; K.is_v15 = lambda *a: True",
        "does not verify",
    ),
    "the PIN is sent twice": (
        "from pyjpki11.card.jpki import JpkiCard as C; v = C.verify_pin; C.verify_pin = lambda *a: (v(*a), v(*a))",
        "were presented",
    ),
    "a refused PIN is sent again": (
        "from pyjpki11.provider.login import Login as L; L._fingerprint = lambda *a: object()",
        "was presented again",
    ),
    "an exception of nobody's": (
        "from pyjpki11.card import certificate as c; c._date = lambda it: it.no_such_thing",
        "unforeseen",
    ),
    "commands without end": (
        "from pyjpki11.iso7816 import channel as c; c.MAX_COMMANDS = 1 << 30\n"
        "e = c.Channel.exchange; c.Channel.exchange = lambda *a: [e(*a) for _ in range(3000)][-1]",
        "commands",
    ),
    "a transaction is left open": (
        "from pyjpki11.iso7816.channel import Transaction as T\n"
        "e = T.__exit__; T.__exit__ = lambda it, *error: None if error[0] else e(it, *error)",
        "within a transaction",
    ),
    "a PIN for whichever application is selected": (
        "from pyjpki11.card import application as a; a.once = a.in_application",
        "an application that may be another's",
    ),
}


def play(state: Path, size: Size, before: str = "", check: bool = True) -> CompletedProcess[str]:
    """The fuzzer in a process of its own, after something else was done there."""
    program = f"{before}\nfrom torture.card_fuzzer import main; main({str(state)!r}, {size.times}, {SEED})"
    env = {"PYTHONPATH": str(PROJECT / "tests"), "HOME": "/nonexistent"}
    return run([sys.executable, "-c", program], timeout=size.timeout_s, env=env, check=check)


def test_any_card(softcard_state: Path, figures: Figures) -> None:
    """Every way to sign was reached, so were refusals of all kinds."""
    finished = play(softcard_state, CARD_ANSWERS)
    counted = {name: int(times) for name, times in (line.rsplit(" ", 1) for line in finished.stdout.splitlines())}
    assert counted["answers"] >= CARD_ANSWERS.times
    assert counted["peak_mib"] < MAX_PEAK_MIB
    signed = {name for name in counted if name.startswith("signed ")}
    assert len(signed) >= 7, signed
    for reached in ("sign WrongSignature", "login PinRejected", "login ok", "change_pin ok", "logout ok", "tries ok"):
        assert counted.get(reached), reached
    signatures = sum(counted[name] for name in signed)
    names = ("answers", "examples", "features", "most_commands_in_a_call", "peak_mib")
    figures(", ".join(f"{name} {counted[name]}" for name in names) + f", signatures {signatures}")


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_breakages_are_found(softcard_state: Path, breakage: str) -> None:
    """These tests can fail: each invariant notices what breaks it."""
    before, said = BREAKAGES[breakage]
    finished = play(softcard_state, SOME, before, check=False)
    assert finished.returncode
    assert said in finished.stderr.splitlines()[-1]
