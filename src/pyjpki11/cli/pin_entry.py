"""How the user gives a PIN: typed without echo, or from a file or a file descriptor; never on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import click

from pyjpki11.card.layout import DIGITS, PinLayout, PinRule
from pyjpki11.card.pin import normalize, wipe
from pyjpki11.cli import exits, output, progress
from pyjpki11.cli.exits import ToolError
from pyjpki11.cli.language import N_, _, ngettext
from pyjpki11.errors import PinBlocked, PinError

Function = TypeVar("Function", bound=Callable[..., Any])

#: PinLayout.name -> what people call its PIN.
NAMES = {
    "authentication": N_("User authentication PIN"),
    "signature": N_("Digital signature password"),
    "text": N_("Card text PIN"),
}
MAX_FILE_LEN = 256  # bytes in which a PIN's line must end
#: How often a PIN of impossible form may be typed; it costs no try.
ATTEMPTS = 3


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
    file_help = _("Read the PIN from the first line of FILE; - is standard input.")
    fd_help = _("Read the PIN from the file descriptor N.")
    return _source_options(function, "pin", file_help, fd_help)


def new_pin_options(function: Function) -> Function:
    """--new-pin-file and --new-pin-fd, given to the command as `new_pin`; of one file the new PIN is the next line."""
    file_help = _("Read the new PIN from FILE; if both come from standard input, it is the second line.")
    fd_help = _("Read the new PIN from the file descriptor N.")
    return _source_options(function, "new_pin", file_help, fd_help)


def _source_options(function: Function, parameter: str, file_help: str, fd_help: str) -> Function:
    option = f"--{parameter.replace('_', '-')}"

    @wraps(function)
    def with_source(*arguments: Any, **values: Any) -> Any:
        source = PinSource(values.pop(f"{parameter}_file"), values.pop(f"{parameter}_fd"))
        if source.file is not None and source.fd is not None:
            raise click.UsageError(_("{option}-file and {option}-fd exclude each other.", option=option))
        return function(*arguments, **{parameter: source}, **values)

    with_fd = click.option(f"{option}-fd", type=int, metavar="N", help=fd_help)(with_source)
    path = click.Path(readable=False, allow_dash=True)  # what cannot be read is said by whoever reads it
    with_file = click.option(f"{option}-file", metavar="FILE", type=path, help=file_help)
    return with_file(with_fd)  # type: ignore[return-value]


def name(key: PinLayout) -> str:
    """What people call a PIN."""
    return _(NAMES[key.name])


def obtain(application: Any, key: PinLayout, source: PinSource) -> bytearray:
    """The PIN for a login, in the form that the card wants; whoever gets it wipes it.

    `application` is the one that has the PIN, a JpkiCard or TextCard. The tries left are shown before it is asked
    for, and whoever is about to use the last one is warned.

    :raises PinBlocked: there are none, so nothing is asked.
    :raises PinError: it has a form that cannot be right.
    :raises ToolError: there is nobody to ask.
    """
    with progress.shown(_("Reading the tries left")):
        left = application.tries_left(key)
    if left == 0:
        raise PinBlocked("no tries are left")
    if source.is_terminal:
        output.note(f"{name(key)}: {tries(left, key.pin_rule)}")
    if left == 1:
        output.note(_(
            "Warning: this is the last try. If it is wrong, the PIN is blocked, and only the counter of your "
            "municipality unblocks it."
        ))  # fmt: skip
    return ask(key, source)


def ask(key: PinLayout, source: PinSource) -> bytearray:
    """The PIN as `obtain` gives it, without a word about its tries: for one that the card is not asked about."""
    return _read(key, source, _("{name} ({form}): ", name=name(key), form=form(key.pin_rule)))


def obtain_new(key: PinLayout, source: PinSource) -> bytearray:
    """A new PIN, asked for twice when it is typed.

    Errors are those of `obtain`, and a ToolError when the two differ.
    """
    new = _read(key, source, _("New {name} ({form}): ", name=name(key), form=form(key.pin_rule)))
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


def _read(key: PinLayout, source: PinSource, prompt: str) -> bytearray:
    for attempts_left in reversed(range(ATTEMPTS if source.is_terminal else 1)):
        typed = _type(prompt) if source.is_terminal else _read_line(source)
        try:
            return normalize(typed, key.pin_rule)
        except PinError as error:
            if not attempts_left:
                raise
            output.note(exits.failure(error).message)
        finally:
            wipe(typed)
    raise AssertionError("the last attempt returns or raises")


def _type(prompt: str) -> bytearray:
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
    descriptor = 0 if source.fd is None else source.fd
    try:
        return _first_line(descriptor)
    except OSError as error:
        raise OSError(error.errno, error.strerror, _("file descriptor {number}", number=descriptor)) from None


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
