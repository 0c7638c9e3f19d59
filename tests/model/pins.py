"""What the design says of the form of PINs."""

from __future__ import annotations

#: Card: notes 3.1
PIN_LENGTHS = {"auth": range(4, 5), "sign": range(6, 17)}
PIN_ALPHABETS = {"auth": b"0123456789", "sign": b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def form_problems(name: str, pin: bytes) -> list[str]:
    """What is wrong with the form of a PIN; letters may be small. Card: notes 3.1"""
    problems = [] if len(pin) in PIN_LENGTHS[name] else ["PIN_LEN_RANGE"]
    if not set(pin.upper()) <= set(PIN_ALPHABETS[name]):
        problems.append("PIN_INVALID")
    return problems
