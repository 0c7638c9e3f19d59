"""What cards are, and why a certificate is not shown, for people."""

from __future__ import annotations

from pyjpki11.card import token_info
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.cli.language import N_, _

#: Kind of card, which JSON calls so, too -> its name for people.
KINDS = {
    token_info.INDIVIDUAL_NUMBER_CARD: N_("Individual Number Card (My Number card)"),
    token_info.JUKI_CARD: N_("Basic Resident Registration Card (juki card)"),
    token_info.ANDROID: N_("Android phone"),
    token_info.IPHONE: N_("iPhone"),
    token_info.OTHER: N_("another card with a JPKI application"),
}
#: Why a certificate is not shown, in words.
STATES = {
    "hidden": N_("shown after its PIN is entered: {command}"),
    "missing": N_("no certificate on this card"),
    "unreadable": N_("the data in its place is not a certificate"),
}
#: Who issues the certificates of software cards, and nothing else.
SOFTWARE_ISSUER = "JPKI-SOFTCARD"


def name_of(info: TokenInfo, is_software: bool) -> str:
    """What a card is, for people."""
    kind = _(KINDS[info.kind])
    return _("Software card: {kind}", kind=kind) if is_software else kind
