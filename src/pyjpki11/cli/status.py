"""`pyjpki11 status`: readers, cards, certificates and tries left, without any PIN."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import click

from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, KeyLayout
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.cli import cards, columns, exits, names, output, pin_entry, progress, validity
from pyjpki11.cli.cards import Opened, Readers
from pyjpki11.cli.frame import command as make_command
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.options import Options, card_options
from pyjpki11.errors import BadCardData, CardNotRecognized, JpkiError, SecurityStatusNotSatisfied, StatusWordError

#: What a card's label says it is -> its name in JSON, its name for people. Card: reference 5
KINDS = {
    "Individual Number Card": ("individual-number-card", N_("Individual Number Card (My Number card)")),
    "Basic Resident Registration Card": ("juki-card", N_("Basic Resident Registration Card (juki card)")),
    "Android phone": ("android", N_("Android phone")),
    "iPhone": ("iphone", N_("iPhone")),
    "other JPKI token": ("other-jpki", N_("another card with a JPKI application")),
}
#: Key pair -> its name in JSON, its certificate's name for people.
KEYS = (
    (AUTHENTICATION, "auth", N_("User authentication certificate")),
    (SIGNATURE, "sign", N_("Digital signature certificate")),
)


class Pin(NamedTuple):
    """The state of a PIN."""

    key: KeyLayout
    tries_left: int | None

    def document(self) -> dict[str, object]:
        """For programs."""
        most = self.key.pin_rule.max_tries
        return {"tries_left": self.tries_left, "tries_max": most, "blocked": self.tries_left == 0}


class Certificate(NamedTuple):
    """What can be said of a certificate without a PIN; `period` is None unless `state` is `readable`."""

    state: str  # readable, hidden behind its PIN, missing
    subject: str = ""
    period: validity.Period | None = None

    def document(self) -> dict[str, object]:
        """For programs."""
        period = self.period.document(datetime.now().astimezone()) if self.period else {}
        return {"state": self.state, "subject": self.subject or None, **period}


class Place(NamedTuple):
    """A reader with what is in it; `problem` is why the card could not be looked at."""

    reader: str
    has_card: bool
    info: TokenInfo | None = None
    certificates: tuple[Certificate, ...] = ()
    pins: tuple[Pin, ...] = ()
    problem: JpkiError | None = None

    def document(self) -> dict[str, object]:
        """For programs."""
        return {"name": self.reader, "card": self._card() if self.has_card else None}

    def _card(self) -> dict[str, object]:
        if self.info is None:
            is_other = isinstance(self.problem, CardNotRecognized)
            error = None if is_other or not self.problem else exits.failure(self.problem).document()["error"]
            return {"kind": "other" if is_other else None, "error": error}
        names = [name for _key, name, _title in KEYS]
        return {
            "kind": KINDS[self.info.kind][0],
            "label": self.info.label,
            "manufacturer": self.info.manufacturer,
            "model": self.info.model,
            "certificates": {name: one.document() for name, one in zip(names, self.certificates, strict=True)},
            "pins": {name: pin.document() for name, pin in zip(names, self.pins, strict=True)},
        }


@make_command(
    "status",
    help=_(
        "Show the readers, the cards in them and what they are, the certificates with their validity, and how many "
        "tries each PIN has left. No PIN is needed, and no try is used."
    ),
)
@card_options
@click.pass_obj
def command(options: Options) -> int:
    """See the help."""
    with cards.readers(options) as those, progress.shown(_("Reading the cards")):
        places = [_look(those, name) for name in those.names()]
    output.show(options, {"readers": [place.document() for place in places]}, _text(places))
    return exits.OK if any(place.info for place in places) else _exit_status(places)


def _exit_status(places: list[Place]) -> int:
    problems = [place.problem for place in places if place.problem]
    return exits.failure(problems[0]).exit_status if problems else exits.NO_CARD


def _look(those: Readers, name: str) -> Place:
    """What is in a reader."""
    if not those.has_card(name):
        return Place(name, has_card=False)
    try:
        card = those.open(name)
    except JpkiError as error:
        return Place(name, has_card=True, problem=error)
    try:
        certificates = tuple(_certificate(card, key) for key, _name, _title in KEYS)
        pins = tuple(Pin(key, card.jpki.tries_left(key)) for key, _name, _title in KEYS)
        return Place(name, True, card.info, certificates, pins)
    except JpkiError as error:
        return Place(name, has_card=True, problem=error)
    finally:
        card.line.close()


def _certificate(card: Opened, key: KeyLayout) -> Certificate:
    """A certificate, where the card shows it without a PIN."""
    try:
        head = card.jpki.read_head(key.certificate_ef)
        certificate = card.jpki.read_certificate(key.certificate_ef, head)
    except SecurityStatusNotSatisfied:
        return Certificate("hidden")
    except (BadCardData, StatusWordError):
        return Certificate("missing")
    from asn1crypto.x509 import Certificate as Decoder  # only here: it takes time to import

    decoded = Decoder.load(certificate.der)
    return Certificate("readable", names.distinguished(decoded.subject), validity.Period.of(decoded))


def _text(places: list[Place]) -> Iterator[str]:
    for number, place in enumerate(places):
        if number:
            yield ""
        yield from _place_text(place)


def _place_text(place: Place) -> Iterator[str]:
    yield from columns.table([(_("Reader"), place.reader), (_("Card"), _card_text(place))])
    for (key, name, title), certificate, pin in zip(KEYS, place.certificates, place.pins, strict=False):
        rows = _certificate_rows(certificate, name)
        yield ""
        yield _(title)
        word = _("PIN") if key is AUTHENTICATION else _("Password")
        yield from columns.table([*rows, (word, pin_entry.tries(pin.tries_left, key.pin_rule))], indent=2)


def _card_text(place: Place) -> str:
    if not place.has_card:
        return _("none")
    if place.info is None:
        return exits.failure(place.problem).message if place.problem else ""
    kind = _(KINDS[place.info.kind][1])
    return _("{kind}, model {model}", kind=kind, model=place.info.model) if place.info.model else kind


def _certificate_rows(certificate: Certificate, name: str) -> list[tuple[str, str]]:
    if certificate.state == "missing":
        return [(_("Subject"), _("there is no such certificate on the card"))]
    if certificate.state == "hidden" or certificate.period is None:
        return [(_("Subject"), _("shown only after its PIN: {command}", command=f"pyjpki11 cert show {name}"))]
    warning = certificate.period.warning(datetime.now().astimezone())
    rows = [(_("Subject"), certificate.subject), (_("Valid"), certificate.period.text())]
    return [*rows, (_("Warning"), warning)] if warning else rows
