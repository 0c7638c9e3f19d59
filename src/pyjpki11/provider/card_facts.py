"""What is known of an inserted card, shared by its two tokens."""

from __future__ import annotations

from pyjpki11 import log
from pyjpki11.card.certificate import serial_number_in
from pyjpki11.card.layout import AUTHENTICATION
from pyjpki11.errors import BadCardData, SecurityStatusNotSatisfied, StatusWordError
from pyjpki11.provider.card_certificates import CardCertificates
from pyjpki11.provider.pss import PssSupport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.card.certificate import Certificate
    from pyjpki11.card.layout import KeyLayout
    from pyjpki11.card.token_info import TokenInfo
    from pyjpki11.provider.card_cache import CardCache
    from pyjpki11.provider.inserted_card import InsertedCard

#: How often a card that says nothing plausible of itself is asked once more.
MAX_MORE_QUESTIONS = 2


class CardFacts:
    """What the card says of itself, its certificates, its PSS signatures."""

    def __init__(self, card: InsertedCard, cache: CardCache) -> None:
        """Recognise a card that is connected.

        :raises CardNotRecognized: it is not a My Number card.
        """
        self._card = card
        self._certificates = CardCertificates(card, cache)
        self._questions_left = MAX_MORE_QUESTIONS
        self.token_info: TokenInfo = _recall(card, cache) or card.run(card.jpki.read_token_info)
        self.pss = PssSupport(cache.is_used)

    def serial_number(self) -> str:
        """That of the authentication certificate in hex, which is the card's only free and unique number; where
        it cannot be read (a phone before login, a spoilt file), what the card itself says."""
        head = self._authentication_head()
        return serial_number_in(head).hex().upper() if head else self.token_info.serial_number

    def _authentication_head(self) -> bytes:
        """The beginning of the authentication certificate, which only this card has; empty where there is none to be
        seen now."""
        try:
            head = self._certificates.head(AUTHENTICATION.certificate_ef)
            if head is not None:
                serial_number_in(head)
                return head
        except SecurityStatusNotSatisfied:
            log.info("the authentication certificate shows after a login only")
        except BadCardData as error:
            log.warning(f"the authentication certificate is unreadable: {error}")
            self._certificates.spoil(AUTHENTICATION.certificate_ef)
        return b""

    def certificate(self, ef: int) -> Certificate | None:
        """The certificate in an EF, or None when the EF holds none, or none that can be read.

        :raises SecurityStatusNotSatisfied: it is readable only after its PIN.
        """
        return self._certificates.get(ef, self.token_info)

    def makes_pss(self, key: KeyLayout, is_logged_in: bool) -> bool:
        """Whether the card is known to sign with PSS; the card is asked unless that is known. Design: decision 8

        One that looks at the PIN first is asked again after a login. (Java asks 13 times before it.)
        """
        if not self.pss.is_looked_up:
            self.pss.look_up(self._authentication_head())
        if self.pss.is_open_question(is_logged_in):
            self.pss.learn(self._card.run(self._card.jpki.knows_pss, key), is_logged_in)
        return self.pss.is_present

    def forget_failures(self) -> None:
        """Ask again for what the card did not give: it may have failed for a moment only."""
        if self.token_info.is_plausible and not self._certificates.has_failures:
            return
        with self._card.lock:
            if not self.token_info.is_plausible and self._questions_left:
                self._identify_again()
            self._certificates.forget_failures()

    def _identify_again(self) -> None:
        """After a SELECT: nothing in the answer shows whose it was."""
        self._questions_left -= 1
        self._card.jpki.is_selected = False
        try:
            self.token_info = self._card.run(self._card.jpki.read_token_info)
        except (StatusWordError, BadCardData) as error:
            log.info(f"the card says nothing of itself: {error}")


def _recall(card: InsertedCard, cache: CardCache) -> TokenInfo | None:
    """What is cached of the card, if it is a known one: where other programs are connected, first by what they have
    probably selected, which spares a SELECT; else the card has probably no power, and would refuse."""
    if not cache.has_cards:
        return None
    for selects_first in (False, True) if card.channel.connection.is_shared else (True,):
        known = cache.lookup(card.run(card.jpki.glance, selects_first))
        if known is not None:
            card.jpki.is_selected = True  # nothing else has that certificate
            return known
    return None
