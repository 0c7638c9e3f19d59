"""One card for as long as it stays in one reader."""

from __future__ import annotations

from _thread import RLock

from pyjpki11 import log
from pyjpki11.card.certificate import serial_number_in
from pyjpki11.card.jpki import JpkiCard
from pyjpki11.card.layout import AUTHENTICATION
from pyjpki11.errors import (
    BadCardData,
    CardRemoved,
    ReaderGone,
    SecurityStatusNotSatisfied,
    ServiceUnavailable,
    StatusWordError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from pyjpki11.card.certificate import Certificate
    from pyjpki11.card.token_info import TokenInfo
    from pyjpki11.reader.base import Connection

    T = TypeVar("T")

#: The card, or the way to it, is lost: nothing known about it holds any longer.
LOST = (CardRemoved, ReaderGone, ServiceUnavailable)


class Insertion:
    """What is known about an inserted card, shared by its two tokens.

    Its number never comes back, so that object handles of one card never mean something on another.
    """

    def __init__(self, number: int, connection: Connection) -> None:
        """:raises CardNotRecognized: the card is no My Number card."""
        self.number = number
        self.is_alive = True
        self.lock = RLock()
        self._card = JpkiCard(connection)
        self._heads: dict[int, bytes | None] = {}
        self._certificates: dict[int, Certificate | None] = {}
        self._token_info: TokenInfo | None = None
        self.run(lambda card: card.select())

    def run(self, step: Callable[[JpkiCard], T]) -> T:
        """Do something on the card, one caller at a time.

        :raises CardRemoved: it has left; this insertion is over then.
        """
        with self.lock:
            if not self.is_alive:
                raise CardRemoved("the card was removed")
            try:
                return step(self._card)
            except LOST as error:
                log.info(f"the card is lost: {error}")
                self.end()
                raise

    def end(self) -> None:
        """Give the card up; whatever refers to it finds that it is no longer alive."""
        with self.lock:
            if self.is_alive:
                self.is_alive = False
                self._card.close()

    def token_info(self) -> TokenInfo:
        """The card's description of itself."""
        if self._token_info is None:
            self._token_info = self.run(lambda card: card.token_info())
        return self._token_info

    def serial_number(self) -> str:
        """That of the authentication certificate in hex, which is the card's only free and unique number; where
        it cannot be read (a phone before login, a spoilt file), what the card itself says."""
        head = self.certificate_head(AUTHENTICATION.certificate_ef)
        if head is not None:
            try:
                return serial_number_in(head).hex().upper()
            except BadCardData as error:
                log.warning(f"the authentication certificate is unreadable: {error}")
        return self.token_info().serial_number

    def certificate_head(self, ef: int) -> bytes | None:
        """The beginning of the certificate in an EF, or None when the EF holds none or is not readable yet."""
        with self.lock:
            if ef not in self._heads:
                try:
                    self._heads[ef] = self.run(lambda card: card.read_head(ef))
                except SecurityStatusNotSatisfied:
                    return None  # readable after a login, so the answer is not kept
                except (StatusWordError, BadCardData) as error:
                    log.warning(f"no certificate in EF {ef:04X}: {error}")
                    self._heads[ef] = None
            return self._heads[ef]

    def certificate(self, ef: int) -> Certificate | None:
        """The certificate in an EF, or None when the EF holds none or is not readable yet."""
        with self.lock:
            head = self.certificate_head(ef)
            if head is None:
                return None
            if ef not in self._certificates:
                try:
                    self._certificates[ef] = self.run(lambda card: card.read_certificate(ef, head))
                except SecurityStatusNotSatisfied:
                    return None
                except (StatusWordError, BadCardData) as error:
                    log.warning(f"the certificate in EF {ef:04X} is unreadable: {error}")
                    self._certificates[ef] = None
            return self._certificates[ef]

    def forget_certificate(self, ef: int) -> None:
        """Read a certificate anew when it is asked for next."""
        with self.lock:
            self._heads.pop(ef, None)
            self._certificates.pop(ef, None)
