"""`pyjpki11 cert show`: a certificate in words, and what it says of its holder."""

from __future__ import annotations

import click

from pyjpki11.cli.card.cards import card_options
from pyjpki11.cli.card.pin_prompt import PinSource, pin_options
from pyjpki11.cli.commands import cert_output
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.options import Options


@make_command(
    "show",
    help=_(
        "Show a certificate on the card: auth is for user authentication, sign for digital signatures; auth-ca and "
        "sign-ca are those of their issuers. The signature certificate contains its holder's name, birth date, sex "
        "and address, and is shown after its password is entered."
    ),
)
@cert_output.options("text")
@card_options
@pin_options
@click.pass_obj
def command(options: Options, which: str, form: str, target: str, force: bool, pin: PinSource) -> None:
    """See the help."""
    cert_output.give(options, which, form, cert_output.look(options, form, target, force), pin)
