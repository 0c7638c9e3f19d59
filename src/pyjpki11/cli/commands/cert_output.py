"""The forms in which `cert show` and `cert export` give a certificate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pyjpki11.certificates.person import person_of
from pyjpki11.cli.card import card_certificates, cards
from pyjpki11.cli.card.card_certificates import PLACES, Place
from pyjpki11.cli.card.pin_prompt import PinSource
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import files, output
from pyjpki11.cli.terminal import options as shared
from pyjpki11.cli.terminal.options import Options
from pyjpki11.cli.wording import certificate_text
from pyjpki11.printable import printable

Function = TypeVar("Function", bound=Callable[..., Any])


def options(form: str) -> Callable[[Function], Function]:
    """Which certificate, --format with that default, -o, --force."""

    def decorate(function: Function) -> Function:
        help_text = _("The format; default: {form}.", form=form)
        with_form = click.option("--format", "form", type=click.Choice(list(FORMS)), default=form, help=help_text)
        with_which = click.argument("which", type=click.Choice(list(PLACES)), metavar="|".join(PLACES))
        with_output = shared.output_options(_("Write to FILE; - is standard output."), default=files.STDOUT)
        return with_which(with_form(with_output(function)))

    return decorate


def give(options: Options, which: str, form: str, target: files.Target, pin: PinSource) -> None:
    """Read a certificate, and write it in that form.

    :raises OSError: the file cannot be written.
    """
    with cards.open_card(options) as card:
        certificate = card_certificates.read(card, which, pin)
    content = _json(certificate) if options.json else FORMS[form](certificate, PLACES[which])
    if target.is_stdout and _is_text(options, form):
        output.print_lines(content.decode().removesuffix("\n").split("\n"))
        return
    with files.writing(target, files.PRIVATE if person_of(certificate) else files.ORDINARY) as file:
        file.write(content)


def look(options: Options, form: str, path: str, force: bool) -> files.Target:
    """Where it goes, looked at before a PIN is asked for. See files.look for what it raises."""
    return files.look(path, force, is_binary=not _is_text(options, form))


def _is_text(options: Options, form: str) -> bool:
    return options.json or form != "der"


def _json(certificate: x509.Certificate) -> bytes:
    return _lines(json.dumps(certificate_text.document(certificate), ensure_ascii=False, indent=2).split("\n"))


def _text(certificate: x509.Certificate, place: Place) -> bytes:
    return _lines(certificate_text.lines(certificate, _(place.title)))


def _ssh(certificate: x509.Certificate, place: Place) -> bytes:
    return certificate_text.ssh_line(certificate, place.comment).encode() + b"\n"


def _lines(lines: Iterable[str]) -> bytes:
    """Text that steers no terminal on which it is read later."""
    return "".join(f"{printable(line)}\n" for line in lines).encode()


#: Form -> what makes it.
FORMS: dict[str, Callable[[x509.Certificate, Place], bytes]] = {
    "pem": lambda certificate, _place: certificate.public_bytes(Encoding.PEM),
    "der": lambda certificate, _place: certificate.public_bytes(Encoding.DER),
    "text": _text,
    "ssh": _ssh,
}
