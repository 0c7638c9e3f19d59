"""How the user gives a PIN: typed without echo, or from a file or a file descriptor; never on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, Protocol, TypeVar

import click

from pyjpki11.card.layout import DIGITS, KeyLayout, PinRule
from pyjpki11.card.pin import normalize, wipe
from pyjpki11.cli import exits, output, progress
from pyjpki11.cli.exits import ToolError
from pyjpki11.cli.language import N_, _, ngettext
from pyjpki11.errors import PinBlocked, PinError

Function = TypeVar("Function", bound=Callable[..., Any])

#: KeyLayout.name -> what people call its PIN.
NAMES = {
    "authentication": N_("User authentication PIN"),
    "signature": N_("Digital signature password"),
    "text": N_("Card text PIN"),
}
MAX_FILE_LEN = 256  # bytes in which a PIN's line must end
#: How often a PIN of impossible form may be typed; it costs no try.
ATTEMPTS = 3


class PinCard(Protocol):
    """An application of a card that has PINs."""

    def tries_left(self, key: KeyLayout) -> int | None:
        """How many tries a PIN has left; None when the card does not say."""


class PinSource(NamedTuple):
    """Where a PIN comes from; the terminal without either."""

    file: str | None = None
    fd: int | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the user is asked."""
        return self.file is None and self.fd is None


def pin_options(function: Function) -> Function:
    """--pin-file and --pin-fd, given to the command as `pin`, a PinSource."""

    @wraps(function)
    def with_source(*arguments: Any, pin_file: str | None, pin_fd: int | None, **more: Any) -> Any:
        if pin_file is not None and pin_fd is not None:
            raise click.UsageError(_("--pin-file and --pin-fd exclude each other."))
        return function(*arguments, pin=PinSource(pin_file, pin_fd), **more)

    file_help = _("Read the PIN from the first line of FILE; - is standard input.")
    fd_help = _("Read the PIN from the file descriptor N.")
    with_fd = click.option("--pin-fd", type=click.IntRange(0), metavar="N", help=fd_help)(with_source)
    return click.option("--pin-file", metavar="FILE", help=file_help)(with_fd)  # type: ignore[return-value]


def obtain(card: PinCard, key: KeyLayout, source: PinSource) -> bytearray:
    """The PIN for a login, in the form that the card wants; whoever gets it wipes it.

    The tries left are shown before it is asked for, and whoever is about to use the last one is warned.

    :raises PinBlocked: there are none, so nothing is asked.
    :raises PinError: it has a form that cannot be right.
    :raises ToolError: there is nobody to ask.
    """
    with progress.shown(_("Reading the tries left")):
        left = card.tries_left(key)
    if left == 0:
        raise PinBlocked("no tries are left")
    if source.is_terminal:
        output.note(f"{_(NAMES[key.name])}: {tries(left, key.pin_rule)}")
    if left == 1:
        output.note(_(
            "Warning: this is the last try. If it is wrong, the PIN is blocked, and only the counter of your "
            "municipality unblocks it."
        ))  # fmt: skip
    return _read(key, source, _("{name} ({form}): ", name=_(NAMES[key.name]), form=form(key.pin_rule)))


def obtain_new(key: KeyLayout, source: PinSource) -> bytearray:
    """A new PIN, asked for twice when it is typed.

    Errors are those of `obtain`, and a ToolError when the two differ.
    """
    new = _read(key, source, _("New {name} ({form}): ", name=_(NAMES[key.name]), form=form(key.pin_rule)))
    if source.is_terminal:
        again = _read(key, source, _("The same again: "))
        is_same = new == again
        wipe(again)
        if not is_same:
            wipe(new)
            raise ToolError(exits.PIN_FORM, "new-pins-differ", _("The two are not the same. Nothing was changed."))
    return new


def tries(left: int | None, rule: PinRule) -> str:
    """The tries left in words."""
    if left is None:
        return _("the card does not say how many tries are left")
    if left == 0:
        return _("blocked")
    return ngettext("{count} of {all} tries left", "{count} of {all} tries left", left, all=rule.max_tries)


def form(rule: PinRule) -> str:
    """The form of a PIN in words."""
    if rule.alphabet == DIGITS:
        return ngettext("{count} digit", "{count} digits", rule.max_len)
    return _("{least} to {most} letters and digits", least=rule.min_len, most=rule.max_len)


def _read(key: KeyLayout, source: PinSource, prompt: str) -> bytearray:
    for attempts_left in reversed(range(ATTEMPTS if source.is_terminal else 1)):
        typed = _ask(prompt) if source.is_terminal else _read_line(source)
        try:
            return normalize(typed, key.pin_rule)
        except PinError as error:
            if not attempts_left:
                raise
            output.note(exits.failure(error).message)
        finally:
            wipe(typed)
    raise AssertionError("the last attempt returns or raises")


def _ask(prompt: str) -> bytearray:
    """What the user types on the terminal, also where standard input is something else."""
    from getpass import getpass  # only here: most commands ask for nothing

    progress.clear()
    if not _has_terminal():
        message = _("There is no terminal to ask for the PIN on.")
        raise ToolError(exits.USAGE, "no-terminal", message, _("Give it with --pin-file FILE or --pin-fd N."))
    try:
        return bytearray(getpass(prompt).encode("utf-8", "replace"))
    except EOFError:
        raise click.Abort from None


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return sys.stdin.isatty()
    return True


def _read_line(source: PinSource) -> bytearray:
    """The first line of a file or descriptor, without its end."""
    if source.file not in (None, "-"):
        with open(str(source.file), "rb", buffering=0) as file:
            return _first_line(file.fileno())
    return _first_line(0 if source.fd is None else source.fd)


def _first_line(descriptor: int) -> bytearray:
    line = bytearray()
    while len(line) < MAX_FILE_LEN:
        byte = os.read(descriptor, 1)  # not more: what follows the line may be another PIN
        if byte in (b"", b"\n"):
            break
        line += byte
    if line.endswith(b"\r"):
        del line[-1:]
    return line
