"""The lines of `pyjpki11 apdu`: which command one means, and what of it may be kept or repeated."""

from __future__ import annotations

import re

from pyjpki11.card.pin import wipe
from pyjpki11.cli.card import pin_prompt, pin_table
from pyjpki11.cli.card.pin_prompt import PinSource
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import exits
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.wording import annotation
from pyjpki11.cli.wording.annotation import HEADER_LEN, SECRET_INS

MAX_LEN = 65544  # bytes of a command, extended lengths included
#: Bytes in hex, perhaps with a place for a PIN behind them, and nothing else.
_PLAIN = re.compile(rf"((?:\s*[0-9A-Fa-f]{{2}})+)\s*(\{{(?:{'|'.join(pin_table.ROWS)})\}})?\s*")
_MASKED = re.compile(r"(?:[0-9A-F]{2} ){4}\*\*")
_PLACE = re.compile(r"\{([^{}]*)\}\s*$")
#: First half of the classes that cards know, ISO's own and proprietary ones. Spec: ISO/IEC 7816-4:2020 5.4.1
CLASSES = (0x0, 0x8)
#: Digits behind an instruction that has data: P1, P2, a byte.
DIGITS_OF_DATA = 6


def parse(text: str) -> bytearray:
    """The command that a line means, with its PIN asked for where there is a place for one.

    :raises ToolError: it means none.
    """
    place = _PLACE.search(text)
    command = _unhex(text[: place.start()] if place else text)
    if not HEADER_LEN <= len(command) <= MAX_LEN:
        message = _("A command has at least four bytes: CLA, INS, P1, P2.")
        raise ToolError(exits.USAGE, "bad-apdu", message)
    return _with_pin(command, place[1]) if place else command


def _with_pin(header: bytearray, name: str) -> bytearray:
    row = pin_table.ROWS.get(name)
    if row is None:  # what stands there may be a PIN
        known = ", ".join(f"{{{one}}}" for one in pin_table.ROWS)
        raise ToolError(exits.USAGE, "no-such-pin", _("There is no such PIN. The PINs are: {names}.", names=known))
    if header[1] not in SECRET_INS:
        message = _("This command does not take a PIN; the data that it sends would be shown.")
        raise ToolError(exits.USAGE, "no-pin-command", message)
    secret = pin_prompt.ask(row.layout, PinSource())
    command = bytearray(len(header) + 1 + len(secret))  # at once: what grows leaves copies behind
    with memoryview(command) as view:
        view[: len(header)] = header
        view[len(header)] = len(secret)
        view[len(header) + 1 :] = secret
    wipe(secret)
    return command


def _unhex(text: str) -> bytearray:
    try:
        return bytearray.fromhex(text)
    except ValueError:  # the line is not repeated, since it may contain a PIN
        message = _("The line is not a command in hex, two digits for each byte.")
        raise ToolError(exits.USAGE, "bad-apdu", message) from None


def kept(text: str) -> str:
    """A line as the history may keep it; empty where it is not kept, because a PIN may be anywhere in it."""
    plain = _PLAIN.fullmatch(text)
    command = bytes.fromhex(plain[1]) if plain else b""
    if plain is None or len(command) < HEADER_LEN or command[0] >> 4 not in CLASSES:
        return ""
    if annotation.has_secret(command):
        return annotation.masked(command)
    return "" if _may_hide_pin(text) else text


def was_kept(entry: str) -> bool:
    """Whether an entry of the history is one that is kept today."""
    return kept(entry) == entry or _MASKED.fullmatch(entry) is not None


def has_pin(text: str) -> bool:
    """Whether a line has a PIN in it as far as one can tell, not only the place for one."""
    plain = _PLAIN.fullmatch(text)
    return annotation.has_secret(bytes.fromhex(plain[1])) if plain else _may_hide_pin(text)


def _may_hide_pin(text: str) -> bool:
    """Whether a command with a PIN could begin at any digit of a line, whatever stands between its digits."""
    digits = "".join(re.findall(r"[0-9A-Fa-f]", text))
    places = range(2, len(digits) - DIGITS_OF_DATA - 1)
    return any(int(digits[at : at + 2], 16) in SECRET_INS for at in places)
