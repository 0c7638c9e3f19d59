"""`pyjpki11 status`: readers, cards, certificates and tries left, without any PIN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

import click

from pyjpki11.card.layout import SIGNATURE, KeyLayout
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.cli.card import cards, pin_prompt, pin_table
from pyjpki11.cli.card.cards import MyNumberCard, Readers, card_options
from pyjpki11.cli.card.pin_table import Tries
from pyjpki11.cli.keys import KEYS
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import columns, exits, output, progress
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.options import Options
from pyjpki11.cli.wording import card_kinds, distinguished_names, failures, validity
from pyjpki11.errors import BadCardData, CardNotRecognized, JpkiError, SecurityStatusNotSatisfied, StatusWordError


class Certificate(NamedTuple):
    """What can be said of a certificate without a PIN; `period` is None unless `state` is `readable`."""

    state: str  # readable, or one of card_kinds.STATES
    subject: str = ""
    period: validity.Period | None = None
    is_of_software: bool = False

    def document(self) -> dict[str, object]:
        """For programs."""
        period = self.period.document(datetime.now().astimezone()) if self.period else {}
        return {"state": self.state, "subject": self.subject or None, **period}


class Place(NamedTuple):
    """A reader with what is in it; `problem` is why the card could not be looked at."""

    reader: str
    has_card: bool
    info: TokenInfo | None = None
    certificates: Mapping[str, Certificate] = MappingProxyType({})
    tries: Mapping[str, Tries | None] = MappingProxyType({})
    problem: JpkiError | None = None

    def document(self) -> dict[str, object]:
        """For programs."""
        return {"name": self.reader, "card": self._card() if self.has_card else None}

    @property
    def is_software(self) -> bool:
        """Whether the card says that it is a software card, or its certificates do."""
        says_so = self.info is not None and self.info.is_software
        return says_so or any(one.is_of_software for one in self.certificates.values())

    def _card(self) -> dict[str, object]:
        if self.info is None:
            is_other = isinstance(self.problem, CardNotRecognized)
            error = None if is_other or not self.problem else failures.failure(self.problem).document()["error"]
            return {"kind": "other" if is_other else None, "error": error}
        return {
            "kind": self.info.kind,
            "software": self.is_software,
            "label": self.info.label,
            "manufacturer": self.info.manufacturer,
            "model": self.info.model,
            "certificates": {name: one.document() for name, one in self.certificates.items()},
            "pins": {name: tries.document() if tries else None for name, tries in self.tries.items()},
        }


@make_command(
    "status",
    help=_(
        "Show the readers, the type of the card in each, its certificates with their validity, and how many tries "
        "each PIN has left. No PIN is needed, and no try is used."
    ),
)
@card_options
@click.pass_obj
def command(options: Options) -> int:
    """See the help."""
    with cards.readers(options) as readers, progress.shown(_("Reading the cards")):
        places = [_look(readers, name) for name in readers.names()]
    output.show(options, {"readers": [place.document() for place in places]}, _text(places))
    return exits.OK if any(place.info for place in places) else _exit_status(places)


def _exit_status(places: list[Place]) -> int:
    problems = [place.problem for place in places if place.problem]
    return failures.failure(problems[0]).exit_status if problems else exits.NO_CARD


def _look(readers: Readers, name: str) -> Place:
    """What is in a reader."""
    if not readers.has_card(name):
        return Place(name, has_card=False)
    try:
        card = readers.open(name)
    except JpkiError as error:
        return Place(name, has_card=True, problem=error)
    try:
        certificates = {one: _certificate(card, key) for one, (key, _title) in KEYS.items()}
        tries = {one: pin_table.tries(card, one) for one in pin_table.ROWS}
        return Place(name, True, card.info, certificates, tries)
    except JpkiError as error:
        return Place(name, has_card=True, problem=error)
    finally:
        card.card.end()


def _certificate(card: MyNumberCard, key: KeyLayout) -> Certificate:
    """A certificate, where the card shows it without a PIN."""
    try:
        head = card.run(card.jpki.read_head, key.certificate_ef)
    except SecurityStatusNotSatisfied:
        is_missing = key is SIGNATURE and card.run(card.jpki.has_signature_certificate) is False
        return Certificate("missing" if is_missing else "hidden")
    except (BadCardData, StatusWordError):
        return Certificate("missing")
    try:
        certificate = card.run(card.jpki.read_certificate, key.certificate_ef, head)
    except (BadCardData, StatusWordError):
        return Certificate("unreadable")
    from asn1crypto.x509 import Certificate as Decoder  # only here: it takes time to import

    decoded = Decoder.load(certificate.der)
    is_of_software = decoded.issuer.native.get("organization_name") == card_kinds.SOFTWARE_ISSUER
    subject = distinguished_names.distinguished(decoded.subject)
    return Certificate("readable", subject, validity.Period.of(decoded), is_of_software)


def _text(places: list[Place]) -> Iterator[str]:
    for number, place in enumerate(places):
        if number:
            yield ""
        yield from _place_text(place)


def _place_text(place: Place) -> Iterator[str]:
    yield from columns.table([(_("Reader"), place.reader), (_("Card"), _card_text(place)), *_doubt(place)])
    for name, certificate in place.certificates.items():
        yield from _section(_(KEYS[name].title), _certificate_rows(certificate, name), place.tries[name])
    if place.tries.get("text"):
        yield from _section(_("Text on the card"), [], place.tries["text"])


def _section(title: str, rows: list[tuple[str, str]], tries: Tries | None) -> Iterator[str]:
    yield ""
    yield title
    yield from columns.table([*rows, *([(_("PIN"), tries.text())] if tries else [])], indent=2)


def _card_text(place: Place) -> str:
    if not place.has_card:
        return _("none")
    if place.info is None:
        return failures.failure(place.problem).message if place.problem else ""
    kind = card_kinds.name_of(place.info, place.is_software)
    return _("{kind}, model {model}", kind=kind, model=place.info.model) if place.info.model else kind


def _doubt(place: Place) -> list[tuple[str, str]]:
    doubt = "" if place.info is None or place.is_software else pin_prompt.doubt(place.reader)
    return [(_("Warning"), doubt)] if doubt else []


def _certificate_rows(certificate: Certificate, name: str) -> list[tuple[str, str]]:
    if certificate.period is None:
        return [(_("Subject"), _(card_kinds.STATES[certificate.state], command=f"pyjpki11 cert show {name}"))]
    warning = certificate.period.warning(datetime.now().astimezone())
    rows = [(_("Subject"), certificate.subject), (_("Valid"), certificate.period.text())]
    return [*rows, (_("Warning"), warning)] if warning else rows
