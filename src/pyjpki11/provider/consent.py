"""The consent rule: one entry of the password, one signature with the signature key. Design: decision 7"""

from __future__ import annotations

from pyjpki11.card.layout import SIGNATURE
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError
from pyjpki11.settings import CONSENT_EACH_SIGNATURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.card.layout import KeyLayout
    from pyjpki11.settings import Settings


def is_needed(key: KeyLayout, settings: Settings) -> bool:
    """Whether each signature with a key needs its PIN to be presented for it."""
    return key is SIGNATURE and settings.signature_consent == CONSENT_EACH_SIGNATURE


class Consent:
    """The signature that a login allows by itself, for hosts that know no context-specific login."""

    def __init__(self, is_needed: bool) -> None:
        """:param is_needed: for each signature; else a login allows all."""
        self.is_needed = is_needed
        self._is_given = False

    def give(self) -> None:
        """The PIN was presented for a login."""
        self._is_given = True

    def withdraw(self) -> None:
        """The login is over, or the PIN was presented anew."""
        self._is_given = False

    def use(self, has_own: bool) -> None:
        """A signature is about to be made.

        :param has_own: the PIN was presented for this very signature.
        :raises CryptokiError: USER_NOT_LOGGED_IN, the user has not consented to it.
        """
        if self.is_needed and not has_own:
            if not self._is_given:
                raise CryptokiError(ckr.USER_NOT_LOGGED_IN, "each signature needs the password once more")
            self._is_given = False
