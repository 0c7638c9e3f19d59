"""The certificates on an inserted card: read once, or not at all where they are in the cache."""

from __future__ import annotations

from pyjpki11 import log
from pyjpki11.card.application import CHUNK_LEN
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE
from pyjpki11.errors import BadCardData, SecurityStatusNotSatisfied, StatusWordError
from pyjpki11.provider.issuer import has_issued

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.card.certificate import Certificate
    from pyjpki11.card.token_info import TokenInfo
    from pyjpki11.provider.card_cache import CardCache
    from pyjpki11.provider.inserted_card import InsertedCard


class CardCertificates:
    """Certificates by the EF that holds them; None for an EF that holds none, or none that can be read."""

    def __init__(self, card: InsertedCard, cache: CardCache) -> None:
        self._card = card
        self._cache = cache
        self._heads: dict[int, bytes | None] = {}
        self._whole: dict[int, Certificate | None] = {}

    def head(self, ef: int) -> bytes | None:
        """The first bytes, at most 256, of the certificate in an EF.

        :raises SecurityStatusNotSatisfied: it is readable only after its PIN.
        """
        head = self._heads.get(ef)
        if head is not None:
            return head  # without the lock, which is held while another call waits for the card
        with self._card.lock:
            if ef not in self._heads:
                known = self._cache.certificate(ef)
                self._heads[ef] = known.der[:CHUNK_LEN] if known else self._read_head(ef)
            return self._heads[ef]

    def get(self, ef: int, token_info: TokenInfo) -> Certificate | None:
        """The certificate in an EF of a card that says this of itself.

        :raises SecurityStatusNotSatisfied: it is readable only after its PIN.
        """
        certificate = self._whole.get(ef)
        if certificate is not None:
            return certificate  # without the lock, as above
        with self._card.lock:
            head = self.head(ef)
            if head is None:
                return None
            if ef not in self._whole:
                self._whole[ef] = found = self._cache.certificate(ef, head) or self._read(ef, head)
                if found is not None:
                    self._cache.store(token_info, ef, found.der)
                if found is not None and ef == SIGNATURE.certificate_ef:
                    self._doubt_authority(found)
            return self._whole[ef]

    def spoil(self, ef: int) -> None:
        """What was read is not a certificate."""
        self._heads[ef] = None

    @property
    def has_failures(self) -> bool:
        """Whether the card did not give one."""
        return None in self._heads.values() or None in self._whole.values()

    def forget_failures(self) -> None:
        """Ask again for what the card did not give: it may have failed for a moment only."""
        with self._card.lock:
            missing = {ef for known in (self._heads, self._whole) for ef, found in known.items() if found is None}
            for ef in missing:
                self._forget(ef)

    def _read_head(self, ef: int) -> bytes | None:
        try:
            head = self._card.run(self._card.jpki.read_head, ef)
        except (StatusWordError, BadCardData) as error:
            _explain(ef, error)
            return None
        if ef == AUTHENTICATION.certificate_ef:
            self._cache.lookup(head)
        return head

    def _read(self, ef: int, head: bytes) -> Certificate | None:
        try:
            return self._card.run(self._card.jpki.read_certificate, ef, head)
        except (StatusWordError, BadCardData) as error:
            _explain(ef, error)
            return None

    def _doubt_authority(self, signature_certificate: Certificate) -> None:
        """The signature certificate may have been renewed, by another authority, since that was cached."""
        ef = SIGNATURE.ca_certificate_ef
        known = self._cache.certificate(ef)
        if known is not None and not has_issued(known, signature_certificate):
            self._cache.forget(ef)
            self._forget(ef)

    def _forget(self, ef: int) -> None:
        self._heads.pop(ef, None)
        self._whole.pop(ef, None)


def _explain(ef: int, error: StatusWordError | BadCardData) -> None:
    """Say in the log that the card holds something else.

    :raises SecurityStatusNotSatisfied: it does not show yet.
    """
    if isinstance(error, SecurityStatusNotSatisfied):
        raise error
    log.warning(f"no certificate in EF {ef:04X}: {error}")
