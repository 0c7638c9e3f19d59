"""One card for as long as it stays in one reader."""

from __future__ import annotations

from _thread import RLock

from pyjpki11 import log
from pyjpki11.card.certificate import serial_number_in
from pyjpki11.card.jpki import CHUNK_LEN, JpkiCard
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import (
    BadCardData,
    CardRemoved,
    CryptokiError,
    ReaderGone,
    SecurityStatusNotSatisfied,
    ServiceUnavailable,
    StatusWordError,
)
from pyjpki11.provider.issuer import has_issued
from pyjpki11.provider.pss import PssSupport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from pyjpki11.card.certificate import Certificate
    from pyjpki11.card.token_info import TokenInfo
    from pyjpki11.provider.memory import CardMemory
    from pyjpki11.reader.base import Connection

    T = TypeVar("T")

#: The card, or the way to it, is lost: nothing known about it holds any longer.
LOST = (CardRemoved, ReaderGone, ServiceUnavailable)
#: How often a card that says nothing plausible of itself is asked once more.
MAX_MORE_QUESTIONS = 2


class Insertion:
    """What is known about an inserted card, shared by its two tokens.

    `next_handle` gives object handles, none twice, so that those of one card never mean something on another.
    """

    def __init__(self, next_handle: Callable[[], int], connection: Connection, memory: CardMemory) -> None:
        """:raises CardNotRecognized: the card is no My Number card."""
        self.next_handle = next_handle
        self.is_alive = True
        self.is_unlocked = False  # a PIN was verified here that the card was not made to forget
        self.lock = RLock()
        self._is_busy = False  # a step is under way; who has the lock too is a signal handler of a Python host
        self._card = JpkiCard(connection)
        self._heads: dict[int, bytes | None] = {}
        self._certificates: dict[int, Certificate | None] = {}
        self.pss = PssSupport(self)
        self._questions_left = MAX_MORE_QUESTIONS
        self._memory = memory
        recall = memory.recall if memory.has_cards else None
        self.token_info: TokenInfo = self.run(lambda card: card.identify(recall))

    def run(self, step: Callable[[JpkiCard], T]) -> T:
        """Do something on the card, one caller at a time.

        :raises CardRemoved: it has left; this insertion is over then.
        :raises CryptokiError: FUNCTION_FAILED, in a signal handler that interrupts such a step.
        """
        with self.lock:
            if not self.is_alive:
                raise CardRemoved("the card was removed")
            if self._is_busy:
                raise CryptokiError(ckr.FUNCTION_FAILED, "a signal handler cannot use the card in the midst of a call")
            self._is_busy = True
            try:
                return step(self._card)
            except LOST as error:
                log.info(f"the card is lost: {error}")
                self.is_alive = False
                raise
            finally:
                self._is_busy = False
                if not self.is_alive:
                    self._card.close()

    def end(self) -> None:
        """Give the card up; whatever refers to it finds that it is no longer alive."""
        with self.lock:
            if self.is_alive:
                self.is_alive = False
                if not self._is_busy:  # else whoever is closes it
                    self._card.close()

    def serial_number(self) -> str:
        """That of the authentication certificate in hex, which is the card's only free and unique number; where
        it cannot be read (a phone before login, a spoilt file), what the card itself says."""
        try:
            head = self.certificate_head(AUTHENTICATION.certificate_ef)
            if head is not None:
                return serial_number_in(head).hex().upper()
        except SecurityStatusNotSatisfied:
            log.info("the authentication certificate shows after a login only")
        except BadCardData as error:
            log.warning(f"the authentication certificate is unreadable: {error}")
            self._heads[AUTHENTICATION.certificate_ef] = None
        return self.token_info.serial_number

    def certificate_head(self, ef: int) -> bytes | None:
        """The beginning of the certificate in an EF, or None when the EF holds none.

        :raises SecurityStatusNotSatisfied: it is readable only after its PIN.
        """
        head = self._heads.get(ef)
        if head is not None:
            return head  # without the lock, which is held while another call waits for the card
        with self.lock:
            if ef not in self._heads:
                known = self._memory.certificate(ef)
                self._heads[ef] = known.der[:CHUNK_LEN] if known else self._read_head(ef)
            return self._heads[ef]

    def _read_head(self, ef: int) -> bytes | None:
        head = self._read(ef, lambda card: card.read_head(ef))
        if head is not None and ef == AUTHENTICATION.certificate_ef:
            self._memory.recall(head)
        return head

    def certificate(self, ef: int) -> Certificate | None:
        """The certificate in an EF, or None when the EF holds none, or none that can be read.

        :raises SecurityStatusNotSatisfied: it is readable only after its PIN.
        """
        certificate = self._certificates.get(ef)
        if certificate is not None:
            return certificate  # without the lock, as above
        with self.lock:
            head = self.certificate_head(ef)
            if head is None:
                return None
            if ef not in self._certificates:
                known = self._memory.certificate(ef, head)
                self._certificates[ef] = known or self._read(ef, lambda card: card.read_certificate(ef, head))
                self._learn(ef)
            return self._certificates[ef]

    def _learn(self, ef: int) -> None:
        learned = self._certificates[ef]
        if learned is None:
            return
        self._memory.learn(self.token_info, ef, learned.der)
        if ef == SIGNATURE.certificate_ef:
            self._doubt_authority(learned)

    def _doubt_authority(self, signature_certificate: Certificate) -> None:
        """The signature certificate may have been renewed, by another authority, since that was remembered."""
        ef = SIGNATURE.ca_certificate_ef
        known = self._memory.certificate(ef)
        if known is not None and not has_issued(known, signature_certificate):
            self._memory.forget(ef)
            self._heads.pop(ef, None)
            self._certificates.pop(ef, None)

    def forget_failures(self) -> None:
        """Ask again for what the card did not give: it may have failed for a moment only."""
        failures = (*self._heads.values(), *self._certificates.values())
        if self.token_info.is_plausible and None not in failures:
            return  # without the lock, as above
        with self.lock:
            if not self.token_info.is_plausible and self._questions_left:
                self._identify_again()
            missing = {ef for known in (self._heads, self._certificates) for ef, it in known.items() if it is None}
            for ef in missing:
                self._heads.pop(ef, None)
                self._certificates.pop(ef, None)

    def _identify_again(self) -> None:
        self._questions_left -= 1
        try:
            self.token_info = self.run(lambda card: card.identify())
        except (StatusWordError, BadCardData) as error:
            log.info(f"the card says nothing of itself: {error}")

    def _read(self, ef: int, step: Callable[[JpkiCard], T]) -> T | None:
        """What a step reads, or None, with a line in the log, when the card holds something else."""
        try:
            return self.run(step)
        except SecurityStatusNotSatisfied:
            raise
        except (StatusWordError, BadCardData) as error:
            log.warning(f"no certificate in EF {ef:04X}: {error}")
            return None
