"""What the layers below say of a failure, which know no language, in the user's."""

from __future__ import annotations

from pyjpki11.cli.language import N_, _

#: Texts that are translated; others are shown as they are. What they are about may stand before them, with a colon, and
#: the number of a PC/SC result behind them, in brackets.
KNOWN = frozenset((
    # reader
    N_("pcscd is not running"),
    N_("pcscd was stopped"),
    N_("the card does not answer"),
    N_("the card has no power"),
    N_("contact with the card was lost during an exchange"),
    # card
    N_("the card's response does not end"),
    N_("the card's answers repeat without progress"),
    N_("the file is shorter than its stated length"),
    N_("the data is longer than any file"),
    N_("My Number does not have 12 digits"),
    N_("a text is not valid UTF-8"),
    N_("a certificate without dates"),
    N_("a certificate with a bad date"),
    N_("a certificate with an impossible RSA key"),
    N_("a certificate with an impossible RSA exponent"),
    N_("the certificate is shorter than its stated length"),
    N_("the certificate changed while it was read"),
    N_("a TLV header is cut off"),
    # software card
    N_("there is already a card"),
    N_("the certificates would expire before they become valid"),
    N_("the card already exists, so its PINs cannot be set"),
))  # fmt: skip


def in_words(detail: str) -> str:
    """A detail for people, in brackets; empty where there is none."""
    if not detail:
        return ""
    subject, colon, rest = detail.rpartition(": ")
    text, bracket, number = rest.partition(" (")
    return _("({detail})", detail=f"{subject}{colon}{_(text) if text in KNOWN else text}{bracket}{number}")
