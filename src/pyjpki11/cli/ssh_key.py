"""`pyjpki11 ssh-key`: the public key of the authentication certificate, as authorized_keys has it."""

from __future__ import annotations

import sys

import click

from pyjpki11.card.layout import AUTHENTICATION
from pyjpki11.cli import cards, output, progress
from pyjpki11.cli.frame import command as make_command
from pyjpki11.cli.language import _
from pyjpki11.cli.options import Options, card_options

#: What ssh-keygen -D and OpenSC call the key.
DEFAULT_COMMENT = "User Authentication Public Key"


@make_command(
    "ssh-key",
    help=_(
        "Print the public key of the user authentication certificate as a line for ~/.ssh/authorized_keys. No PIN is "
        "needed."
    ),
)
@click.option("--comment", default=DEFAULT_COMMENT, show_default=True, help=_("What stands behind the key."))
@card_options
@click.pass_obj
def command(options: Options, comment: str) -> None:
    """See the help."""
    with cards.open_card(options) as card, progress.shown(_("Reading the certificate")):
        head = card.jpki.read_head(AUTHENTICATION.certificate_ef)
        certificate = card.jpki.read_certificate(AUTHENTICATION.certificate_ef, head)
    kind, key = public_key(certificate.public_key_info).split(" ")
    line = f"{kind} {key} {comment}"
    output.show(options, {"type": kind, "key": key, "comment": comment, "line": line}, [line])
    if sys.stdout.isatty():
        output.note(
            _("Append it to ~/.ssh/authorized_keys of the account; then log in with:"),
            'ssh -I "$(pyjpki11 module-path)" USER@HOST',
        )


def public_key(public_key_info: bytes) -> str:
    """Type and key, in the form of OpenSSH, from a SubjectPublicKeyInfo in DER. Spec: RFC 4253 6.6, RFC 5656 3.1"""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    key = load_der_public_key(public_key_info)
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")
