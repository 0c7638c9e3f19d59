"""The certificates on a card, the signature certificate after its password."""

from __future__ import annotations

from typing import NamedTuple

from cryptography import x509

from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, KeyLayout
from pyjpki11.card.pin import wipe
from pyjpki11.certificates.anchors import load
from pyjpki11.certificates.errors import BadCertificate
from pyjpki11.cli.card import pin_prompt
from pyjpki11.cli.card.cards import MyNumberCard
from pyjpki11.cli.card.pin_prompt import PinSource
from pyjpki11.cli.keys import KEYS
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal import exits, progress
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.errors import BadCardData, SecurityStatusNotSatisfied, StatusWordError


class Place(NamedTuple):
    """Where a certificate is; `comment` stands behind its SSH key."""

    key: KeyLayout
    ef: int
    title: str
    comment: str


#: What commands call a certificate -> where it is. The comments are OpenSC's labels. Card: notes 1.3, 8.1
PLACES = {
    "auth": Place(
        AUTHENTICATION, AUTHENTICATION.certificate_ef, KEYS["auth"].title,
        "User Authentication Public Key",
    ),
    "sign": Place(
        SIGNATURE, SIGNATURE.certificate_ef, KEYS["sign"].title, "Digital Signature Public Key",
    ),
    "auth-ca": Place(
        AUTHENTICATION, AUTHENTICATION.ca_certificate_ef, N_("CA certificate for user authentication"),
        "User Authentication Certificate CA",
    ),
    "sign-ca": Place(
        SIGNATURE, SIGNATURE.ca_certificate_ef, N_("CA certificate for digital signatures"),
        "Digital Signature Certificate CA",
    ),
}  # fmt: skip


def read(card: MyNumberCard, name: str, source: PinSource) -> x509.Certificate:
    """A certificate by its name in PLACES; its PIN is asked for when the card wants it.

    :raises PinError: the PIN is wrong.
    :raises ToolError: the card has no such certificate.
    """
    place = PLACES[name]
    try:
        return _read(card, place)
    except SecurityStatusNotSatisfied:
        secret = pin_prompt.obtain(card, card.jpki, place.key, source)
    try:
        card.run(card.jpki.verify_pin, place.key, secret)
    finally:
        wipe(secret)
    return _read(card, place)


def _read(card: MyNumberCard, place: Place) -> x509.Certificate:
    try:
        with progress.shown(_("Reading the certificate")):
            head = card.run(card.jpki.read_head, place.ef)
            der = card.run(card.jpki.read_certificate, place.ef, head).der
        return load(der)
    except SecurityStatusNotSatisfied:
        raise
    except (BadCardData, BadCertificate, StatusWordError):
        remedy = _("A card has no signature certificate if its holder was under 15 years old or did not want one.")
        raise ToolError(exits.NO_CARD, "no-certificate", _("This certificate is not on the card."), remedy) from None
