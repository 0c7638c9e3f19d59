"""`pyjpki11 apdu`: commands sent to the card as they are typed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import click

from pyjpki11 import log, storage
from pyjpki11.card.pin import wipe
from pyjpki11.cli import annotation, cards, exits, output, pin_entry, pins
from pyjpki11.cli.annotation import Annotator
from pyjpki11.cli.exits import ToolError
from pyjpki11.cli.frame import command as make_command
from pyjpki11.cli.language import _
from pyjpki11.cli.line import WatchedLine, response_lines
from pyjpki11.cli.options import Options, card_options
from pyjpki11.cli.pin_entry import PinSource
from pyjpki11.errors import PinError
from pyjpki11.iso7816 import status

PROMPT = "apdu> "
HISTORY, HISTORY_LEN = "apdu-history", 500
MIN_LEN, MAX_LEN = 4, 65544  # bytes of a command, extended lengths included
_PIN = re.compile(r"\{(\w+)\}$")


class Exchange(NamedTuple):
    """A command, masked, with what the card answered."""

    command: str
    meaning: str
    response: bytes

    @property
    def sw(self) -> int:
        """The status word."""
        return int.from_bytes(self.response[-2:], "big")

    def document(self) -> dict[str, object]:
        """For programs."""
        return {
            "command": self.command.replace(" ", ""),
            "meaning": self.meaning,
            "data": self.response[:-2].hex().upper(),
            "status_word": f"{self.sw:04X}",
            "status": annotation.status_word(self.sw)[5:],
        }


@make_command(
    "apdu",
    help=_(
        "Send commands to any card in the reader and print its answers. Each APDU is a line or an argument in hex; "
        "spaces do not matter. Without arguments they are read from standard input, on a terminal with a prompt.\n\n"
        "Instead of the length and value of a PIN write {auth}, {sign} or {text}: it is asked for without echo, "
        "and its form is checked. A command that carries a PIN in hex is not taken as an argument, where others could "
        "see it; it is masked in the history and in the log.\n\n"
        "At the end the card is made to forget the PINs."
    ),
)
@click.argument("apdus", metavar="[APDU]...", nargs=-1)
@card_options
@click.pass_obj
def command(options: Options, apdus: tuple[str, ...]) -> None:
    """See the help."""
    _refuse_pins_in(apdus)
    with cards.open_line(options) as line:
        exchanges = _exchanges(line, _parsed(apdus))
        if options.json:
            output.show(options, {"exchanges": [one.document() for one in exchanges]}, ())
            return
        for one in exchanges:
            output.print_lines([*response_lines(one.response[:-2], ""), annotation.status_word(one.sw)])


def _exchanges(line: WatchedLine, commands: Iterable[bytearray]) -> Iterator[Exchange]:
    """What passes, in transactions of one command each: a person may think for long between two."""
    annotator = Annotator()
    for apdu in commands:
        meaning, shown = annotator.describe(apdu), annotation.masked(apdu)
        log.debug(f"apdu: {shown}")
        try:
            exchange = Exchange(shown, meaning, _exchange(line, apdu))
            if exchange.sw == status.SUCCESS:
                annotator.accept(apdu)
        finally:
            wipe(apdu)
        yield exchange


def _exchange(line: WatchedLine, apdu: bytearray) -> bytes:
    return line.transact(lambda _was_reset: line.transmit(apdu))


def parse(text: str) -> bytearray:
    """The command that a line means, with its PIN asked for where there is a place for one.

    :raises ToolError: it means none.
    """
    match = _PIN.search(text.strip())
    apdu = _unhex(text.strip()[: match.start()] if match else text)
    if match:
        row = pins.ROWS.get(match[1])
        if row is None:
            raise ToolError(exits.USAGE, "no-such-pin", _("There is no PIN called {name}.", name=match[1]))
        secret = pin_entry.ask(row.layout, PinSource())
        apdu += bytes([len(secret)]) + secret
        wipe(secret)
    if not MIN_LEN <= len(apdu) <= MAX_LEN:
        message = _("A command has at least four bytes: CLA, INS, P1, P2.")
        raise ToolError(exits.USAGE, "bad-apdu", message)
    return apdu


def _unhex(text: str) -> bytearray:
    try:
        return bytearray.fromhex(text)
    except ValueError:
        shown = _masked_text(text)
        raise ToolError(exits.USAGE, "bad-apdu", _("'{text}' is not hex.", text=shown)) from None


def _masked_text(text: str) -> str:
    """A line as it may be remembered or repeated: what follows the header of a command with a PIN is masked."""
    digits = re.sub(r"[^0-9A-Fa-f]", "", _PIN.sub("", text.strip()))
    header = bytes.fromhex(digits[: 2 * annotation.HEADER_LEN]) if len(digits) >= 2 * annotation.HEADER_LEN else b""
    if header and header[1] in annotation.SECRET_INS and len(digits) > 2 * annotation.HEADER_LEN:
        return f"{annotation.hex_of(header)} **"
    return text


def _refuse_pins_in(apdus: tuple[str, ...]) -> None:
    """Everybody on the machine sees the arguments of a program, and shells keep them."""
    if any(_masked_text(text) != text for text in apdus):
        message = _("A PIN does not belong on the command line.")
        remedy = _("Write {place} in its place, or give the command on standard input.", place="{auth}")
        raise ToolError(exits.USAGE, "pin-in-arguments", message, remedy)


def _parsed(apdus: tuple[str, ...]) -> Iterator[bytearray]:
    """The commands of the arguments, or of the lines of standard input, which on a terminal may have mistakes."""
    if apdus or not sys.stdin.isatty():
        yield from map(parse, apdus or _meant(sys.stdin))
        return
    for text in _meant(_prompted()):
        try:
            apdu = parse(text)
        except (ToolError, PinError) as error:
            output.note(*exits.failure(error).sentences())
        else:
            yield apdu


def _prompted() -> Iterator[str]:
    """What is typed at the prompt, which has a history."""
    import readline  # only here: it takes over the terminal

    readline.set_auto_history(False)
    entries = storage.read_lines(HISTORY)
    for entry in entries:
        readline.add_history(entry)
    while True:
        try:
            text = input(PROMPT)
        except EOFError:
            return
        entry = _masked_text(text)
        if entry.strip():
            readline.add_history(entry)
            entries = [*entries, entry][-HISTORY_LEN:]
            storage.write_lines(HISTORY, entries)
        yield text


def _meant(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        text = line.partition("#")[0].strip()
        if text:
            yield text
