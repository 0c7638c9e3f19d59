"""How the user gives a PIN: typed without echo, or from a file or a file descriptor; never on the command line."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, Protocol, TypeVar

import click

from pyjpki11.card.layout import DIGITS, PinLayout, PinRule
from pyjpki11.card.pin import normalize, wipe
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.cli.keys import pin_title
from pyjpki11.cli.language import _, ngettext
from pyjpki11.cli.terminal import exits, output, progress
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.wording import pin_form
from pyjpki11.errors import PinBlocked, PinFormError

Function = TypeVar("Function", bound=Callable[..., Any])

#: How often a PIN of impossible form may be typed; it costs no try.
ATTEMPTS = 3
#: What the names of virtual readers begin with. Any program can put a card into one.
VIRTUAL_READER = "Virtual PCD"


class Card(Protocol):
    """Whose PIN it is: cards.Opened, for example."""

    @property
    def reader(self) -> str:
        """The reader's name."""

    @property
    def info(self) -> TokenInfo:
        """What the card says of itself."""

    @property
    def run(self) -> Any:
        """See InsertedCard.run."""


class PinSource(NamedTuple):
    """Where a PIN comes from; the terminal without either. `may_use_last_try`: also where no person can be warned."""

    file: str | None = None
    fd: int | None = None
    may_use_last_try: bool = False

    @property
    def is_terminal(self) -> bool:
        """Whether the user is asked."""
        return self.file is None and self.fd is None


def pin_options(function: Function) -> Function:
    """--pin-file, --pin-fd and --last-try, given to the command as `pin`, a PinSource."""
    file_help = _(
        "Read the PIN from the first line of FILE, which must not be readable by others; - is standard input."
    )
    fd_help = _("Read the PIN from the file descriptor N.")
    last_help = _("With --pin-file or --pin-fd, use even the last try. A wrong PIN then blocks it.")
    last = click.option("--last-try", "pin_last", is_flag=True, help=last_help)
    return _source_options(last(function), "pin", file_help, fd_help)


def new_pin_options(function: Function) -> Function:
    """--new-pin-file and --new-pin-fd, given to the command as `new_pin`; of one file the new PIN is the next line."""
    file_help = _("Read the new PIN from FILE; if both come from standard input, it is the second line.")
    fd_help = _("Read the new PIN from the file descriptor N.")
    return _source_options(function, "new_pin", file_help, fd_help)


def _source_options(function: Function, parameter: str, file_help: str, fd_help: str) -> Function:
    option = f"--{parameter.replace('_', '-')}"

    @wraps(function)
    def with_source(*arguments: Any, **values: Any) -> Any:
        file, fd = values.pop(f"{parameter}_file"), values.pop(f"{parameter}_fd")
        source = PinSource(file, fd, values.pop(f"{parameter}_last", False))
        if source.file is not None and source.fd is not None:
            raise click.UsageError(_("{option}-file and {option}-fd cannot be used together.", option=option))
        return function(*arguments, **{parameter: source}, **values)

    with_fd = click.option(f"{option}-fd", type=int, metavar="N", help=fd_help)(with_source)
    path = click.Path(readable=False, allow_dash=True)  # the function that reads it reports what cannot be read
    with_file = click.option(f"{option}-file", metavar="FILE", type=path, help=file_help)
    return with_file(with_fd)  # type: ignore[return-value]


def obtain(card: Card, application: Any, key: PinLayout, source: PinSource) -> bytearray:
    """The PIN for a login, in the form that the card wants; the caller wipes it.

    `application` is the one that has the PIN, a JpkiCard or TextCard. The tries left are shown before it is asked
    for, and whoever is about to use the last one is warned; where no person is, it is not used.

    :raises PinBlocked: there are none, so nothing is asked.
    :raises PinError: it has a form that cannot be right.
    :raises ToolError: there is no terminal on which to ask or to warn.
    """
    with progress.shown(_("Reading the tries left")):
        left = card.run(application.tries_left, key)
    if left == 0:
        raise PinBlocked("no tries are left")
    if not source.is_terminal:
        _spare_last_try(left, source)
        return ask(key, source)
    suspicion = "" if card.info.is_software else doubt(card.reader)
    output.note(f"{pin_title(key)}: {tries(left, key.pin_rule)}", _warning(left), suspicion and _warned(suspicion))
    return _read(key, source, _of_software(card, _prompt(key)))


def _spare_last_try(left: int | None, source: PinSource) -> None:
    if source.may_use_last_try or (left is not None and left > 1):
        return
    message = _("Only one try is left. It is not used unless a warning can be shown at a terminal.")
    if left is None:
        message = _("The card does not report how many tries are left. This may be the last one, so it was not used.")
    remedy = _("Type the PIN at a terminal, without --pin-file and --pin-fd, or add --last-try if you are certain.")
    raise ToolError(exits.LAST_TRY, "last-try", message, remedy)


def _warning(left: int | None) -> str:
    if left != 1:
        return ""
    return _warned(
        _("this is the last try. One more wrong PIN will block it. If you are not certain, press Ctrl-C to stop.")
    )


def _warned(text: str) -> str:
    return _("Warning: {text}", text=text)


def doubt(reader: str) -> str:
    """A word about a card that says it is a real one, in a reader that holds no real ones; empty for other readers."""
    if not reader.startswith(VIRTUAL_READER):
        return ""
    return _(
        "{reader} is a virtual reader: any program on this computer, or on its network, can pretend to be a card in "
        "it and receives the PIN that you type.",
        reader=reader,
    )


def _of_software(card: Card, prompt: str) -> str:
    return _("Software card: {text}", text=prompt) if card.info.is_software else prompt


def ask(key: PinLayout, source: PinSource) -> bytearray:
    """The PIN as `obtain` gives it, without a word about its tries: for one that the card is not asked about."""
    return _read(key, source, _prompt(key))


def obtain_new(key: PinLayout, source: PinSource, old: bytearray) -> bytearray:
    """A new PIN, asked for twice when it is typed.

    Errors are those of `obtain`, and a ToolError when the two differ, or when it is none to take.
    """
    form = pin_form.in_words(key.pin_rule)
    if source.is_terminal:
        output.note(_("Choose one that is hard to guess: not your birth date, not your telephone number."))
    new = _read(key, source, _("New {name} ({form}): ", name=pin_title(key), form=form))
    try:
        _require_good(key, new, old)
        if source.is_terminal:
            _require_same(key, source, new)
    except BaseException:
        wipe(new)
        raise
    return new


def _require_same(key: PinLayout, source: PinSource, new: bytearray) -> None:
    again = _read(key, source, _("Enter it again: "))
    is_same = new == again
    wipe(again)
    if not is_same:
        raise ToolError(exits.PIN_FORM, "new-pins-differ", _("The two entries differ. Nothing was changed."))


def _require_good(key: PinLayout, new: bytearray, old: bytearray) -> None:
    """What cards do not look at. Source: the municipalities' rule 英数字混在 for the password of the signature key"""
    if new == old:
        message = _("The new PIN is the same as the old one. Nothing was changed.")
        raise ToolError(exits.PIN_FORM, "new-pin-is-old", message)
    if key.pin_rule.alphabet != DIGITS and (new.isalpha() or new.isdigit()):
        message = _("A digital signature password needs at least one letter and one digit. Nothing was changed.")
        raise ToolError(exits.PIN_FORM, "new-pin-mix", message)


def tries(left: int | None, rule: PinRule) -> str:
    """The tries left in words."""
    if left is None:
        return _("the card does not report how many tries are left")
    if left == 0:
        return _("blocked")
    return ngettext("{count} of {all} tries left", "{count} of {all} tries left", left, all=rule.max_tries)


def _prompt(key: PinLayout) -> str:
    return _("{name} ({form}): ", name=pin_title(key), form=pin_form.in_words(key.pin_rule))


def _read(key: PinLayout, source: PinSource, prompt: str) -> bytearray:
    for attempts_left in reversed(range(ATTEMPTS if source.is_terminal else 1)):
        typed = _type(prompt) if source.is_terminal else _read_line(source)
        folded = pin_form.folded(typed)
        try:
            if folded != typed:
                output.note(_("Full-width characters were read as half-width ones."))
            return normalize(folded, key.pin_rule)
        except PinFormError as error:
            if not attempts_left:
                raise
            output.note(pin_form.fault(error), _(pin_form.NOT_SENT))
        finally:
            wipe(typed)
            wipe(folded)
    raise AssertionError("the last attempt returns or raises")


def _type(prompt: str) -> bytearray:
    """What the user types on the terminal, also where standard input is something else."""
    from pyjpki11.cli.card import secret_terminal  # only here: most commands ask for nothing

    progress.clear()
    try:
        return secret_terminal.read(prompt)
    except EOFError:
        raise click.Abort from None
    except secret_terminal.NoTerminal:
        message = _("There is no terminal on which to ask for the PIN.")
        remedy = _("Use --pin-file FILE or --pin-fd N.")
        raise ToolError(exits.USAGE, "no-terminal", message, remedy) from None


def _read_line(source: PinSource) -> bytearray:
    from pyjpki11.cli.card import secret_file  # only here, as above

    if source.file not in (None, "-"):
        return secret_file.line_of(str(source.file))
    return secret_file.line_from(0 if source.fd is None else source.fd)
