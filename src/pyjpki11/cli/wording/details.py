"""What the layers below say of a failure, which know no language, in the user's."""

from __future__ import annotations

from pyjpki11.cli.language import N_, _

#: Texts that are translated; others are shown as they are. What they are about may stand before them, with a colon, and
#: the number of a PC/SC result behind them, in brackets.
KNOWN = frozenset((
    # reader
    N_("pcscd does not run"),
    N_("pcscd was stopped"),
    N_("the card does not answer"),
    N_("the card has no power"),
    N_("the card was lost in the middle of an exchange"),
    # card
    N_("the card's response has no end"),
    N_("the card's answers lead nowhere"),
    N_("the file ends before its length"),
    N_("data longer than any file"),
    N_("a My Number that has not 12 digits"),
    N_("a text that is not UTF-8"),
    N_("a certificate longer than any file"),
    N_("the certificate ends before its length"),
    N_("the certificate changed while it was read"),
    N_("a TLV header is cut off"),
    # software card
    N_("there is a card already"),
    N_("the certificates would end before they begin"),
    N_("the card exists, its PINs cannot be given"),
))  # fmt: skip


def in_words(detail: str) -> str:
    """A detail for people, in brackets; empty where there is none."""
    if not detail:
        return ""
    subject, colon, rest = detail.rpartition(": ")
    text, bracket, number = rest.partition(" (")
    return _("({detail})", detail=f"{subject}{colon}{_(text) if text in KNOWN else text}{bracket}{number}")
