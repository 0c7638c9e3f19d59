"""`pyjpki11 ssh-key`: the public key of the authentication certificate, as authorized_keys has it."""

from __future__ import annotations

import sys

import click

from pyjpki11.cli.card import cards
from pyjpki11.cli.card.cards import card_options
from pyjpki11.cli.card.pin_prompt import PinSource, pin_options
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import output
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.options import Options

#: What ssh-keygen -D and OpenSC call the key.
DEFAULT_COMMENT = "User Authentication Public Key"


@make_command(
    "ssh-key",
    help=_(
        "Print the public key of the user authentication certificate as a line for ~/.ssh/authorized_keys. This needs "
        "no PIN with a card, but does with a phone."
    ),
)
@click.option("--comment", default=DEFAULT_COMMENT, show_default=True, help=_("The comment after the key."))
@pin_options
@card_options
@click.pass_obj
def command(options: Options, comment: str, pin: PinSource) -> None:
    """See the help."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from pyjpki11.cli.card import card_certificates

    with cards.open_card(options) as card:
        certificate = card_certificates.read(card, "auth", pin)
    encoded = certificate.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    kind, key = encoded.decode("ascii").split(" ")
    line = f"{kind} {key} {comment}"
    output.show(options, {"type": kind, "key": key, "comment": comment, "line": line}, [line])
    if sys.stdout.isatty():
        output.note(
            _("Append it to ~/.ssh/authorized_keys of the account, then log in with:"),
            'ssh -I "$(pyjpki11 module-path)" USER@HOST',
        )
