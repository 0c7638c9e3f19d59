"""`pyjpki11 pin`: the PINs' tries, a PIN tried out, a PIN changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from pyjpki11.card.layout import PinLayout
from pyjpki11.card.pin import wipe
from pyjpki11.cli.card import cards, pin_prompt, pin_table
from pyjpki11.cli.card.cards import card_options
from pyjpki11.cli.card.pin_prompt import PinSource, new_pin_options, pin_options
from pyjpki11.cli.keys import pin_title
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import columns, output, progress
from pyjpki11.cli.terminal.click_help import group
from pyjpki11.cli.terminal.options import Options


@group(
    "pin",
    help=_(
        "Show the tries left, verify a PIN, or change it.\n\n"
        "auth is the PIN of the user authentication certificate, sign the password of the digital signature "
        "certificate, text the PIN of the text on the card."
    ),
)
def command() -> None:
    """See the help."""


def _which(is_required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.argument("name", type=click.Choice(list(pin_table.ROWS)), required=is_required)


@command.command("status", help=_("Show how many tries every PIN, or the given one, has left. No try is used."))
@_which(is_required=False)
@card_options
@click.pass_obj
def status(options: Options, name: str | None) -> None:
    """See the help."""
    wanted = [name] if name else list(pin_table.ROWS)
    with cards.open_card(options) as card, progress.shown(_("Reading the tries left")):
        found = {one: pin_table.tries(card, one) for one in wanted}
    document = {one: tries.document() if tries else None for one, tries in found.items()}
    rows = [(pin_title(pin_table.ROWS[one].layout), _text(tries)) for one, tries in found.items()]
    output.show(options, {"pins": document}, columns.table(rows))


@command.command(
    "verify",
    help=_(
        "Ask for a PIN and have the card verify it. A wrong PIN uses up a try. The form is checked before the PIN "
        "is sent."
    ),
)
@_which(is_required=True)
@pin_options
@card_options
@click.pass_obj
def verify(options: Options, name: str, pin: PinSource) -> None:
    """See the help."""
    row = pin_table.ROWS[name]
    with cards.open_card(options) as card:
        application = row.application(card)
        secret = pin_prompt.obtain(card, application, row.layout, pin)
        try:
            with progress.shown(_("Verifying the PIN")):
                card.run(application.verify_pin, row.layout, secret)
        finally:
            wipe(secret)
        left = pin_table.tries(card, name)
    document = {"pin": name, "verified": True, **(left.document() if left else {})}
    rows = [(pin_title(row.layout), _("correct; {tries}", tries=_text(left)))]
    output.show(options, document, columns.table(rows))


@command.command(
    "change",
    help=_(
        "Change a PIN. At a terminal the card first verifies the old one; the new one is asked for twice. A new "
        "digital signature password needs at least one letter and one digit; lower-case letters are treated as "
        "capitals."
    ),
)
@_which(is_required=True)
@pin_options
@new_pin_options
@card_options
@click.pass_obj
def change(options: Options, name: str, pin: PinSource, new_pin: PinSource) -> None:
    """See the help."""
    row = pin_table.ROWS[name]
    with cards.open_card(options) as card:
        application = row.application(card)
        old = pin_prompt.obtain(card, application, row.layout, pin)
        try:
            if new_pin.is_terminal:  # check the old PIN before a new one has to be chosen
                _check(card, application, row.layout, old)
            new = pin_prompt.obtain_new(row.layout, new_pin, old)
            try:
                with progress.shown(_("Changing the PIN")):
                    card.run(application.change_pin, row.layout, old, new)
            finally:
                wipe(new)
        finally:
            wipe(old)
    output.show(options, {"pin": name, "changed": True}, columns.table([(pin_title(row.layout), _("changed"))]))


def _check(card: cards.MyNumberCard, application: Any, key: PinLayout, pin: bytearray) -> None:
    """Have the card compare a PIN, and forget it: a person takes time to choose a new one.

    :raises PinError: it is wrong.
    """
    with progress.shown(_("Verifying the PIN")):
        card.run(application.verify_pin, key, pin)
        card.run(card.jpki.clear_security_status)


def _text(tries: pin_table.Tries | None) -> str:
    return tries.text() if tries else _("not on this card")
