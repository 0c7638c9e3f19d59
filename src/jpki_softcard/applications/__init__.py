"""The list of the card's applications."""

from ..files import Application
from ..rules import Rules
from . import jpki, residence, text, visual

# Card: notes 1.1. What is current after power-on.
ISSUER_DOMAIN = Application("ISD", bytes.fromhex("A0000001510000"))


def installed(rules: Rules) -> tuple[Application, ...]:
    """The applications of a card with these rules, in the order in which a partial AID finds them."""
    residents = (residence.JUKI, residence.COMMON)
    return (
        ISSUER_DOMAIN,
        *((jpki.application(rules),) if rules.has_jpki else ()),
        *((text.APPLICATION, visual.APPLICATION) if rules.has_face else ()),
        *(residents if rules.has_jpki and rules.has_face else ()),
    )
