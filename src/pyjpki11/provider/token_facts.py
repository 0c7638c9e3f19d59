"""What a token is and can do, apart from its login and objects."""

from __future__ import annotations

from pyjpki11.cryptoki import ckf, ckr
from pyjpki11.cryptoki.mechanisms import MECHANISMS, PSS
from pyjpki11.errors import CryptokiError, SecurityStatusNotSatisfied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.card.certificate import Certificate
    from pyjpki11.card.layout import KeyLayout
    from pyjpki11.cryptoki.mechanisms import Mechanism
    from pyjpki11.provider.card_facts import CardFacts
    from pyjpki11.provider.login import Login


class TokenFacts:
    """One key's view of what is known of the card; all that the values of objects are made of."""

    def __init__(self, card: CardFacts, key: KeyLayout, login: Login) -> None:
        self._card = card
        self._key = key
        self._login = login

    def manufacturer(self) -> str:
        """Who made the token. Real cards only number themselves there, so they keep the name OpenSC gives them."""
        named = self._card.token_info.manufacturer
        return named if named.strip("0123456789") else "JPKI"

    def model(self) -> str:
        """The card's own name for its model."""
        return self._card.token_info.model

    def serial_number(self) -> str:
        """See CardFacts.serial_number."""
        return self._card.serial_number()

    def certificate(self, ef: int) -> Certificate | None:
        """The certificate in an EF of the card, or None where there is none to be seen now.

        :raises CryptokiError: USER_NOT_LOGGED_IN, the card has lost the login, so that hosts ask anew.
        """
        try:
            return self._card.certificate(ef)
        except SecurityStatusNotSatisfied:
            if self._login.is_logged_in and ef == self._key.certificate_ef:
                self._login.lose()
            return None

    @property
    def asks_each_time(self) -> bool:
        """Whether each signature needs the PIN to be presented for it. Design: decision 7"""
        return self._login.consent.is_needed

    def mechanisms(self) -> dict[int, Mechanism]:
        """The mechanisms that this card serves: PSS only where it is known to. Design: decision 8"""
        if self._card.makes_pss(self._key, self._login.is_logged_in):
            return MECHANISMS
        return {number: row for number, row in MECHANISMS.items() if row.padding != PSS}

    def mechanism(self, number: int, flag: int) -> Mechanism:
        """The mechanism for a use, a CKF_ flag.

        :raises CryptokiError: MECHANISM_INVALID.
        """
        found = MECHANISMS.get(number)
        if found is None or not found.flags & flag or (found.padding == PSS and number not in self.mechanisms()):
            raise CryptokiError(ckr.MECHANISM_INVALID)
        return found

    def signing_mechanisms(self) -> list[int]:
        """The mechanisms of the card's keys."""
        return [number for number, row in self.mechanisms().items() if row.flags & ckf.SIGN]
