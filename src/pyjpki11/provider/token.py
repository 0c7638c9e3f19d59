"""One key pair of an inserted card as a PKCS#11 token: its login, its PIN's tries, its objects."""

from __future__ import annotations

from posix import urandom
from time import monotonic

from pyjpki11.card.layout import SIGNATURE
from pyjpki11.card.pin import normalize, wipe
from pyjpki11.cryptoki import ckf, ckr
from pyjpki11.cryptoki.mechanisms import MECHANISMS, PSS
from pyjpki11.errors import (
    CryptokiError,
    PinBlocked,
    PinRejected,
    SecurityStatusNotSatisfied,
    WrongSignature,
)
from pyjpki11.provider import digest
from pyjpki11.provider.objects import (
    AUTHENTICATION_OBJECTS,
    SIGNATURE_OBJECTS,
    TokenObject,
)
from pyjpki11.settings import CONSENT_EACH_SIGNATURE, LOGOUT_CLEARS_CARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn, TypeVar

    from pyjpki11.card.certificate import Certificate
    from pyjpki11.card.jpki import JpkiCard
    from pyjpki11.card.layout import KeyLayout
    from pyjpki11.cryptoki.mechanisms import Mechanism
    from pyjpki11.provider.insertion import Insertion
    from pyjpki11.provider.objects import ObjectRow, Template
    from pyjpki11.provider.pss import PssSupport
    from pyjpki11.provider.session_objects import SessionObject
    from pyjpki11.settings import Settings

    AnyObject = TokenObject | SessionObject
    T = TypeVar("T")

#: Seconds for which the card's answer about a PIN's tries holds: programs ask twice in a row. It is shown, no more: a
#: try that another program uses up meanwhile is told that much later.
TRIES_HOLD_S = 0.5
#: Bytes that SHA-256 keeps at a time.
FINGERPRINT_BLOCK = 64


class TokenLayout:
    """What distinguishes the two tokens; the labels are OpenSC's. Card: reference 8.2"""

    __slots__ = ("index", "label", "objects")

    def __init__(self, index: int, label: str, objects: Sequence[ObjectRow]) -> None:
        self.index = index
        self.label = label
        self.objects = objects


AUTHENTICATION_TOKEN = TokenLayout(0, "JPKI (User Authentication PIN)", AUTHENTICATION_OBJECTS)
SIGNATURE_TOKEN = TokenLayout(1, "JPKI (Digital Signature PIN)", SIGNATURE_OBJECTS)


class Token:
    """One slot's view of an inserted card.

    The card keeps a verified PIN for everybody, so it does not decide who may sign: this object's own login
    does. `peer` is the other token of the same card.
    """

    def __init__(self, insertion: Insertion, key: KeyLayout, layout: TokenLayout, settings: Settings) -> None:
        self.insertion = insertion
        self.key = key
        self.layout = layout
        self.settings = settings
        self.peer: Token = self
        self.is_logged_in = False
        self._consents = 0  # signatures that the last login still allows
        self._refused: set[bytes] = set()
        self._tries: tuple[float, int | None] = (0.0, None)  # until when the answer holds, and what it is
        self._salt = urandom(16)
        self._card_objects = {it.handle: it for it in map(self._card_object, layout.objects)}
        self._session_objects: dict[int, SessionObject] = {}

    def manufacturer(self) -> str:
        """Who made the token. Real cards only number themselves there, so they keep the name OpenSC gives them."""
        named = self.insertion.token_info.manufacturer
        return named if named.strip("0123456789") else "JPKI"

    def model(self) -> str:
        """The card's own name for its model."""
        return self.insertion.token_info.model

    # -- mechanisms -----------------------------------------------------------------------------------------

    @property
    def pss(self) -> PssSupport:
        """What is known of the card's PSS signatures."""
        return self.insertion.pss

    def mechanisms(self) -> dict[int, Mechanism]:
        """The mechanisms that this card serves: PSS only where it is known to. Design: decision 8"""
        if self.pss.is_present(self.key, self.is_logged_in):
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

    # -- PIN ------------------------------------------------------------------------------------------------

    def pin_flags(self) -> int:
        """The CKF_USER_PIN_ flags for the tries that the card says are left. Spec: PKCS#11 v3.1 3.2.3"""
        tries_left = self._recent_tries_left()
        if tries_left is None or tries_left >= self.key.pin_rule.max_tries:
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
            tries_left = self.insertion.run(lambda card: card.tries_left(self.key))
            self._tries = monotonic() + TRIES_HOLD_S, tries_left
        return tries_left

    def login(self, pin: bytearray) -> None:
        """Log in, which allows one signature where each needs its own consent.

        :raises PinError: the PIN is wrong; see `errors` for how.
        :raises CryptokiError: USER_ALREADY_LOGGED_IN.
        """
        with self.insertion.lock:
            if self.is_logged_in:
                raise CryptokiError(ckr.USER_ALREADY_LOGGED_IN)
            self._verify(pin)
            self.is_logged_in = True
            self._consents = 1

    def consent(self, pin: bytearray) -> None:
        """Present the PIN again, for one more signature. Errors are those of `login`.

        A wrong PIN takes the consent but leaves the user logged in, so that the host may ask once more.
        """
        with self.insertion.lock:
            if not self.is_logged_in:
                raise CryptokiError(ckr.USER_NOT_LOGGED_IN)
            self._consents = 0
            self._verify(pin)

    def change_pin(self, old: bytearray, new: bytearray) -> None:
        """Replace the PIN. Both are checked for form before anything is sent. Errors are those of `login`.

        The card has then verified the old one; whoever had not logged in has not by this either.
        """
        old = normalize(old, self.key.pin_rule)
        try:
            new = normalize(new, self.key.pin_rule)
            try:
                self._change(old, new)
            finally:
                wipe(new)
        finally:
            wipe(old)

    def _change(self, old: bytearray, new: bytearray) -> None:
        with self.insertion.lock:
            self._present(old, lambda card: card.change_pin(self.key, old, new))
            self._refused.clear()
            self._clear_card()

    def _verify(self, pin: bytearray) -> None:
        normalized = normalize(pin, self.key.pin_rule)
        try:
            self._present(normalized, lambda card: card.verify_pin(self.key, normalized))
        finally:
            wipe(normalized)

    def _present(self, pin: bytearray, step: Callable[[JpkiCard], None]) -> None:
        """Do what sends a PIN, unless the card has refused this one since it was inserted. Design: decision 5"""
        fingerprint = self._fingerprint(pin)
        if fingerprint in self._refused:
            raise self._known_refusal()
        was_unlocked, self.insertion.is_unlocked = self.insertion.is_unlocked, True  # the answer may get lost
        try:
            self.insertion.run(step)
        except (PinRejected, PinBlocked) as error:
            self.insertion.is_unlocked = was_unlocked
            self._refused.add(fingerprint)
            if isinstance(error, PinBlocked):
                self._forget_login()
            raise
        finally:
            self._tries = (0.0, None)

    def _known_refusal(self) -> PinRejected | PinBlocked:
        tries_left = self.insertion.run(lambda card: card.tries_left(self.key))
        return PinBlocked("the PIN is blocked") if tries_left == 0 else PinRejected(tries_left)

    def _fingerprint(self, pin: bytearray) -> bytes:
        hashed = digest.new("sha256")
        hashed.update(self._salt)
        hashed.update(pin)
        fingerprint = hashed.digest()
        hashed.update(bytes(FINGERPRINT_BLOCK))  # in place of the PIN, which it would keep until its memory is used
        hashed.digest()
        return fingerprint

    # -- logout ---------------------------------------------------------------------------------------------

    def logout_if_logged_in(self) -> bool:
        """Log out, here and on the card; False when that was done before.

        The card can only forget both PINs at once, so while the other token is logged in it is left as it is; and a
        card that did not obey an earlier logout is told again. Design: decision 6
        """
        with self.insertion.lock:
            was_logged_in = self.is_logged_in
            if was_logged_in:
                self._forget_login()
                self._renew_private_handles()
            self._clear_card()
            return was_logged_in

    def _clear_card(self) -> None:
        """Make the card forget the PINs that were verified here, unless somebody is still logged in with one."""
        is_needed = self.insertion.is_unlocked and not (self.is_logged_in or self.peer.is_logged_in)
        if is_needed and self.settings.logout == LOGOUT_CLEARS_CARD:
            self.insertion.run(lambda card: card.clear_security_status())
            self.insertion.is_unlocked = False

    def _forget_login(self) -> None:
        """Private session objects go with the login. Spec: PKCS#11 v3.1 5.6.10"""
        self.is_logged_in = False
        self._consents = 0
        self._forget_objects(lambda it: it.is_private)

    # -- objects --------------------------------------------------------------------------------------------

    def _card_object(self, row: ObjectRow) -> TokenObject:
        return TokenObject(self.insertion.next_handle(), row, self)

    def _renew_private_handles(self) -> None:
        """Those of before a logout stay invalid. Spec: PKCS#11 v3.1 5.6.10"""
        renewed = (self._card_object(it.row) if it.is_private else it for it in self._card_objects.values())
        self._card_objects = {it.handle: it for it in renewed}

    def objects(self) -> list[AnyObject]:
        """The objects that show in the present login state, whether or not the card really has them."""
        known: list[AnyObject] = [*self._card_objects.values(), *self._session_objects.values()]
        return [it for it in known if self.is_logged_in or not it.is_private]

    def find(self, template: Template) -> list[int]:
        """Handles of the objects that have all attribute values of the template."""
        return [it.handle for it in self.objects() if it.matches(template)]

    def object(self, handle: int) -> AnyObject:
        """The object with that handle.

        :raises CryptokiError: OBJECT_HANDLE_INVALID, also for one that only shows after a login.
        """
        found = self._card_objects.get(handle) or self._session_objects.get(handle)
        if found is None or (found.is_private and not self.is_logged_in):
            raise CryptokiError(ckr.OBJECT_HANDLE_INVALID)
        return found

    def session_object(self, handle: int) -> SessionObject:
        """The object with that handle, to be changed.

        :raises CryptokiError: ACTION_PROHIBITED for those on the card, OBJECT_HANDLE_INVALID.
        """
        found = self.object(handle)
        if isinstance(found, TokenObject):
            raise CryptokiError(ckr.ACTION_PROHIBITED, "the card's objects cannot be changed")
        return found

    def add_object(self, make: Callable[[int], SessionObject]) -> int:
        """Handle of a new session object, which `make` makes with it.

        :raises CryptokiError: USER_NOT_LOGGED_IN for a private one.
        """
        with self.insertion.lock:
            made = make(self.insertion.next_handle())
            if made.is_private and not self.is_logged_in:
                raise CryptokiError(ckr.USER_NOT_LOGGED_IN)
            self._session_objects[made.handle] = made
            return made.handle

    def destroy_object(self, handle: int) -> None:
        """Forget a session object.

        :raises CryptokiError: ACTION_PROHIBITED, OBJECT_HANDLE_INVALID.
        """
        self.session_object(handle).require_destroyable()
        self._session_objects.pop(handle, None)

    def forget_objects_of(self, session: int) -> None:
        """Forget what a session that closes has made."""
        self._forget_objects(lambda it: it.session == session)

    def _forget_objects(self, is_over: Callable[[SessionObject], bool]) -> None:
        for it in list(self._session_objects.values()):
            if is_over(it):
                self._session_objects.pop(it.handle, None)

    def certificate(self, ef: int) -> Certificate | None:
        """The certificate in an EF of the card, or None where there is none to be seen now.

        :raises CryptokiError: USER_NOT_LOGGED_IN, the card has lost the login, so that hosts ask anew.
        """
        try:
            return self.insertion.certificate(ef)
        except SecurityStatusNotSatisfied:
            if self.is_logged_in and ef == self.key.certificate_ef:
                self._lose_login()
            return None

    def _lose_login(self) -> NoReturn:
        self._forget_login()
        raise CryptokiError(ckr.USER_NOT_LOGGED_IN, "the card has lost the login")

    # -- signing --------------------------------------------------------------------------------------------

    def sign(
        self, step: Callable[[JpkiCard], bytes], verify: Callable[[bytes], T | None], consent: bool
    ) -> tuple[bytes, T]:
        """What a signing step on the card answers, with what is found out by verifying it. Design: decision 8

        :param verify: gives None for what is no signature.
        :param consent: the PIN was presented for this very signature.
        :raises CryptokiError: USER_NOT_LOGGED_IN, also when the card has lost the login, so that hosts ask anew.
        :raises WrongSignature: the card's answer does not verify; nobody gets it.
        """
        with self.insertion.lock:  # until it is verified nobody presents a PIN, which might rely on it
            self._require_consent(consent)
            try:
                signature = self.insertion.run(step)
            except SecurityStatusNotSatisfied:
                self._lose_login()
            found = verify(signature)
            self.insertion.run(lambda card: card.judge(found is not None))
        if found is None:
            raise WrongSignature("the card's signature does not fit its certificate")
        return signature, found

    @property
    def asks_each_time(self) -> bool:
        """Whether each signature needs the PIN to be presented for it. Design: decision 7"""
        return self.key is SIGNATURE and self.settings.signature_consent == CONSENT_EACH_SIGNATURE

    def _require_consent(self, has_own_consent: bool) -> None:
        if not self.is_logged_in:
            raise CryptokiError(ckr.USER_NOT_LOGGED_IN)
        if not self.asks_each_time:
            return
        if not has_own_consent:
            if not self._consents:
                raise CryptokiError(ckr.USER_NOT_LOGGED_IN, "each signature needs the password once more")
            self._consents = 0
