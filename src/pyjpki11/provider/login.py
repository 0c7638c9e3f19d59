"""Logins: which program may use a key of an inserted card, the tries of its PIN, and the logout of the card."""

from __future__ import annotations

from posix import urandom
from time import monotonic

from pyjpki11.card.pin import normalize, wipe
from pyjpki11.cryptoki import ckf, ckr
from pyjpki11.errors import CryptokiError, PinBlocked, PinRejected
from pyjpki11.provider import consent, digest
from pyjpki11.settings import LOGOUT_CLEARS_CARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from pyjpki11.card.layout import KeyLayout
    from pyjpki11.provider.inserted_card import InsertedCard
    from pyjpki11.settings import Settings

#: Seconds for which the card's answer about a PIN's tries holds: programs ask twice in a row. It is shown, no more: a
#: try that another program uses up meanwhile is told that much later.
TRIES_HOLD_S = 0.5
#: Bytes that SHA-256 keeps at a time.
FINGERPRINT_BLOCK = 64


class CardLogout:
    """Makes the card forget the PINs that were verified here, once no login of this process needs them any longer.

    The card keeps a verified PIN for every program, and can only forget all of them at once. Design: decision 6
    """

    def __init__(self, card: InsertedCard, settings: Settings) -> None:
        self._card = card
        self._clears = settings.logout == LOGOUT_CLEARS_CARD
        #: A PIN was verified here, or may have been, that the card was not made to forget.
        self.is_due = False
        self.logged_in: set[Login] = set()

    def clear_if_unneeded(self) -> None:
        """Do it. A card that did not obey an earlier logout is told again."""
        if self.is_due and self._clears and not self.logged_in:
            self._card.run(self._card.jpki.clear_security_status)
            self.is_due = False


class Login:
    """One key's login.

    The card keeps a verified PIN for all programs, so it does not decide which one may sign: this object does.
    """

    def __init__(self, card: InsertedCard, key: KeyLayout, settings: Settings, logout: CardLogout) -> None:
        """:param logout: that of the card, which its two logins share."""
        self._card = card
        self._key = key
        self._logout = logout
        self.consent = consent.Consent(consent.is_needed(key, settings))
        #: How many logins have ended: what was private before shows no longer.
        self.ended = 0
        self._refused: set[bytes] = set()
        self._tries: tuple[float, int | None] = (0.0, None)  # until when the answer holds, and what it is
        self._salt = urandom(16)

    @property
    def is_logged_in(self) -> bool:
        """Whether this process may use the key."""
        return self in self._logout.logged_in

    def log_in(self, pin: bytearray) -> None:
        """Log in, which allows one signature where each needs its own consent.

        :raises PinError: the PIN is wrong; see `errors` for how.
        :raises CryptokiError: USER_ALREADY_LOGGED_IN.
        """
        with self._card.lock:
            if self.is_logged_in:
                raise CryptokiError(ckr.USER_ALREADY_LOGGED_IN)
            self._present(pin)
            self._logout.logged_in.add(self)
            self.consent.give()

    def present_again(self, pin: bytearray) -> None:
        """Present the PIN again, for one more signature. Errors are those of `log_in`.

        A wrong PIN takes the consent but leaves the user logged in, so that the host may ask once more.
        """
        with self._card.lock:
            if not self.is_logged_in:
                raise CryptokiError(ckr.USER_NOT_LOGGED_IN)
            self.consent.withdraw()
            self._present(pin)

    def change_pin(self, old: bytearray, new: bytearray) -> None:
        """Replace the PIN. Both are checked for form before either is sent. Errors are those of `log_in`.

        The card has then verified the old one; who had not logged in has not by this either.
        """
        with self._card.lock:
            self._present(old, new)
            self._refused.clear()
            self._logout.clear_if_unneeded()

    def _present(self, pin: bytearray, new: bytearray | None = None) -> None:
        """Send a PIN in its right form, or replace it by another, unless the card has refused this one since it was
        inserted. Design: decision 5"""
        old = normalize(pin, self._key.pin_rule)
        replacement = bytearray()
        was_due = self._logout.is_due
        try:
            if new is not None:
                replacement = normalize(new, self._key.pin_rule)
            self._refuse_known(old)
            self._logout.is_due = True  # the answer may get lost
            if new is None:
                self._card.run(self._card.jpki.verify_pin, self._key, old)
            else:
                self._card.run(self._card.jpki.change_pin, self._key, old, replacement)
        except (PinRejected, PinBlocked) as error:
            self._logout.is_due = was_due
            self._refused.add(self._fingerprint(old))
            if isinstance(error, PinBlocked):
                self.forget()
            raise
        finally:
            self._tries = (0.0, None)
            wipe(old)
            wipe(replacement)

    def _refuse_known(self, pin: bytearray) -> None:
        """Refuse a PIN as the card did, with the tries that are left now."""
        if self._fingerprint(pin) in self._refused:
            tries_left = self._card.run(self._card.jpki.tries_left, self._key)
            raise PinBlocked("the PIN is blocked") if tries_left == 0 else PinRejected(tries_left)

    def _fingerprint(self, pin: bytearray) -> bytes:
        hashed = digest.new("sha256")
        hashed.update(self._salt)
        hashed.update(pin)
        fingerprint = hashed.digest()
        hashed.update(bytes(FINGERPRINT_BLOCK))  # in place of the PIN, which it would keep until its memory is used
        hashed.digest()
        return fingerprint

    # -- tries ----------------------------------------------------------------------------------------------

    def pin_flags(self) -> int:
        """The CKF_USER_PIN_ flags for the tries that the card says are left. Spec: PKCS#11 v3.1 3.2.3"""
        tries_left = self._recent_tries_left()
        if tries_left is None or tries_left >= self._key.pin_rule.max_tries:
            return 0
        flags = ckf.USER_PIN_COUNT_LOW
        if tries_left == 1:
            flags |= ckf.USER_PIN_FINAL_TRY
        if tries_left == 0:
            flags |= ckf.USER_PIN_LOCKED
        return flags

    def _recent_tries_left(self) -> int | None:
        until, tries_left = self._tries
        if monotonic() >= until:
            tries_left = self._card.run(self._card.jpki.tries_left, self._key)
            self._tries = monotonic() + TRIES_HOLD_S, tries_left
        return tries_left

    # -- logout ---------------------------------------------------------------------------------------------

    def log_out(self) -> None:
        """Log out here, and on the card unless the other key needs it."""
        with self._card.lock:
            self.forget()
            self._logout.clear_if_unneeded()

    def forget(self) -> None:
        """The login is over here, whatever the card has verified."""
        if self.is_logged_in:
            self._logout.logged_in.discard(self)
            self.ended += 1
        self.consent.withdraw()

    def lose(self) -> NoReturn:
        """The card has lost the login.

        :raises CryptokiError: USER_NOT_LOGGED_IN, so that hosts ask for the PIN anew.
        """
        self.forget()
        raise CryptokiError(ckr.USER_NOT_LOGGED_IN, "the card has lost the login")
