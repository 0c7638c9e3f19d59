"""The forms in which `cert show` and `cert export` give a certificate."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pyjpki11.cli import card_certificates, cards, certificate_text, files, output
from pyjpki11.cli import options as shared
from pyjpki11.cli.card_certificates import PLACES, Place
from pyjpki11.cli.language import _
from pyjpki11.cli.options import Options
from pyjpki11.cli.pin_entry import PinSource

Function = TypeVar("Function", bound=Callable[..., Any])


def options(form: str) -> Callable[[Function], Function]:
    """Which certificate, --format with that default, -o."""

    def decorate(function: Function) -> Function:
        help_text = _("The form; {form} without it.", form=form)
        with_form = click.option("--format", "form", type=click.Choice(list(FORMS)), default=form, help=help_text)
        with_which = click.argument("which", type=click.Choice(list(PLACES)), metavar="|".join(PLACES))
        return with_which(with_form(shared.output_option(function)))

    return decorate


def give(options: Options, which: str, form: str, path: str, pin: PinSource) -> None:
    """Read a certificate, and write it in that form.

    :raises OSError: the file cannot be written.
    """
    with cards.open_card(options) as card:
        certificate = card_certificates.read(card, which, pin)
    content = _json(certificate) if options.json else FORMS[form](certificate, PLACES[which])
    if path == files.STDOUT and form != "der":
        output.print_lines(content.decode().splitlines())
        return
    with files.writing(path) as file:
        file.write(content)


def _json(certificate: x509.Certificate) -> bytes:
    return json.dumps(certificate_text.document(certificate), ensure_ascii=False, indent=2).encode() + b"\n"


def _text(certificate: x509.Certificate, place: Place) -> bytes:
    return "".join(f"{line}\n" for line in certificate_text.lines(certificate, _(place.title))).encode()


def _ssh(certificate: x509.Certificate, place: Place) -> bytes:
    return certificate_text.ssh_line(certificate, place.comment).encode() + b"\n"


#: Form -> what makes it.
FORMS: dict[str, Callable[[x509.Certificate, Place], bytes]] = {
    "pem": lambda certificate, _place: certificate.public_bytes(Encoding.PEM),
    "der": lambda certificate, _place: certificate.public_bytes(Encoding.DER),
    "text": _text,
    "ssh": _ssh,
}
