"""`pyjpki11 apdu`: commands sent to the card as they are typed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import click

from pyjpki11 import cache_files, log
from pyjpki11.card.pin import wipe
from pyjpki11.cli.card import cards
from pyjpki11.cli.card.apdu_lines import has_pin, kept, parse, was_kept
from pyjpki11.cli.card.cards import Opened, card_options
from pyjpki11.cli.card.secret_terminal import leaving_in_order
from pyjpki11.cli.card.traced_connection import response_lines
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import exits, output
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.terminal.options import Options
from pyjpki11.cli.wording import annotation, failures
from pyjpki11.cli.wording.annotation import Annotator
from pyjpki11.errors import PinError
from pyjpki11.iso7816 import status

PROMPT = "apdu> "
HISTORY, HISTORY_LEN = "apdu-history", 500


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
        "Send commands to any card in the reader and print its responses. Each APDU is a line or an argument in hex; "
        "spaces are ignored. Without arguments they are read from standard input, with a prompt at a terminal.\n\n"
        "Instead of the length and value of a PIN write {auth}, {sign} or {text}: you are asked for it without echo, "
        "and its form is checked. A command that contains a PIN in hex is refused as an argument, where other users "
        "could see it; it is masked in the history, and the log contains no data of any command. Other lines that may "
        "contain a PIN are not kept in the history. The tries left are not checked: what you type is sent.\n\n"
        "At the end the card's record of verified PINs is cleared."
    ),
)
@click.argument("apdus", metavar="[APDU]...", nargs=-1)
@card_options
@click.pass_obj
def command(options: Options, apdus: tuple[str, ...]) -> None:
    """See the help."""
    _refuse_pins_in(apdus)
    with leaving_in_order(), cards.open_any_card(options) as card:  # which has readline restore the terminal, too
        exchanges = _exchanges(card, _parsed(apdus))
        if options.json:
            output.show(options, {"exchanges": [one.document() for one in exchanges]}, ())
            return
        for one in exchanges:
            output.print_lines([*response_lines(one.response[:-2], ""), annotation.status_word(one.sw)])


def _exchanges(card: Opened, commands: Iterable[bytearray]) -> Iterator[Exchange]:
    """What passes, in transactions of one command each: a person may think for long between two."""
    annotator = Annotator()
    for apdu in commands:
        meaning, shown = annotator.describe(apdu), annotation.masked(apdu)
        log.debug(f"apdu: {annotation.hex_of(apdu[: annotation.HEADER_LEN])}")  # never its data, as everywhere
        try:
            exchange = Exchange(shown, meaning, card.exchange(apdu))
            if exchange.sw == status.SUCCESS:
                annotator.accept(apdu)
        finally:
            wipe(apdu)
        yield exchange


def _refuse_pins_in(apdus: tuple[str, ...]) -> None:
    """All users of the machine see the arguments of a program, and shells keep them."""
    if any(map(has_pin, apdus)):
        message = _("A PIN must not be written on the command line.")
        remedy = _("Write {place} instead, or pass the command on standard input.", place="{auth}")
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
            output.note(*failures.failure(error).sentences())
        else:
            yield apdu


def _prompted() -> Iterator[str]:
    """What is typed at the prompt, which has a history."""
    import readline  # only here: it takes over the terminal

    readline.set_auto_history(False)
    entries = list(filter(was_kept, cache_files.read_lines(HISTORY)))  # older versions kept more
    for entry in entries:
        readline.add_history(entry)
    while True:
        try:
            text = input(PROMPT)
        except EOFError:
            return
        entry = kept(text)
        if entry:
            readline.add_history(entry)
            entries = [*entries, entry][-HISTORY_LEN:]
            cache_files.write_lines(HISTORY, entries)
        yield text


def _meant(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        text = line.partition("#")[0].strip()
        if text:
            yield text
