"""`pyjpki11 text`: what is printed on the card, as text from its input assist application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import click

from pyjpki11.card import layout
from pyjpki11.card.pin import wipe
from pyjpki11.cli.card import cards, pin_prompt
from pyjpki11.cli.card.cards import card_options
from pyjpki11.cli.card.pin_prompt import PinSource, pin_options
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal import columns, output, progress
from pyjpki11.cli.terminal.click_help import group
from pyjpki11.cli.terminal.options import Options
from pyjpki11.cli.wording import dates

T = TypeVar("T")

#: The card's code -> its name in JSON, its name for people. Card: notes 7.1
SEXES = {"1": ("male", N_("male")), "2": ("female", N_("female"))}
OTHER_SEX = ("other", N_("other"))


@group("text", help=_("Read the details printed on the card, as text. The card text PIN (4 digits) is needed."))
def command() -> None:
    """See the help."""


@command.command("attributes", help=_("Print name, address, birth date and sex."))
@pin_options
@card_options
@click.pass_obj
def attributes(options: Options, pin: PinSource) -> None:
    """See the help."""
    found = _read(options, pin, lambda text, secret: text.read_attributes(secret))
    code, sex = SEXES.get(found.sex, OTHER_SEX)
    born = _date(found.birth_date)
    document = {"name": found.name, "address": found.address, "birth_date": born, "sex": code}
    rows = [
        (_("Name"), found.name),
        (_("Address"), found.address),
        (_("Birth date"), _date_in_words(born)),
        (_("Sex"), _(sex)),
    ]
    output.show(options, document, columns.table(rows))


@command.command(
    "mynumber",
    help=_(
        "Print My Number, the 12 digits of the Individual Number.\n\n"
        "The law limits who may ask for it and for what purpose; do not show it to anyone else."
    ),
)
@pin_options
@card_options
@click.pass_obj
def mynumber(options: Options, pin: PinSource) -> None:
    """See the help."""
    number = _read(options, pin, lambda text, secret: text.read_my_number(secret))
    output.show(options, {"my_number": number}, [number])


def _read(options: Options, source: PinSource, step: Callable[[Any, bytearray], T]) -> T:
    """What a step reads from the input assist application with its PIN."""
    with cards.open_card(options) as card:
        secret = pin_prompt.obtain(card, card.text, layout.TEXT, source)
        try:
            with progress.shown(_("Reading the card text")):
                return card.run(step, card.text, secret)
        finally:
            wipe(secret)


def _date(digits: str) -> str:
    """YYYYMMDD with hyphens; what has another form is shown as it is."""
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 and digits.isdigit() else digits


def _date_in_words(text: str) -> str:
    try:
        return dates.birth(date.fromisoformat(text))
    except ValueError:
        return text
