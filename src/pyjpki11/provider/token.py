"""One key pair of an inserted card as a PKCS#11 token: its login, its PIN's tries, its objects."""

from __future__ import annotations

import os

from pyjpki11.card.layout import SIGNATURE
from pyjpki11.card.pin import normalize, wipe
from pyjpki11.cryptoki import ckf, ckr
from pyjpki11.errors import (
    CryptokiError,
    PinBlocked,
    PinRejected,
    SecurityStatusNotSatisfied,
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
    from collections.abc import Iterator, Sequence

    from pyjpki11.card.layout import KeyLayout
    from pyjpki11.provider.insertion import Insertion
    from pyjpki11.provider.objects import ObjectRow, Template
    from pyjpki11.settings import Settings

#: Bits of an object handle that tell the token and the object on it; the insertion's number stands above them.
TOKEN_SHIFT, INSERTION_SHIFT = 4, 8


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
        self._salt = os.urandom(16)
        first = insertion.number << INSERTION_SHIFT | (layout.index + 1) << TOKEN_SHIFT
        self._objects = {first + i: TokenObject(first + i, row, self) for i, row in enumerate(layout.objects)}

    def manufacturer(self) -> str:
        """Who made the token. Real cards only number themselves there, so they keep the name OpenSC gives them."""
        named = self.insertion.token_info().manufacturer
        return named if named.strip("0123456789") else "JPKI"

    def model(self) -> str:
        """The card's own name for its model."""
        return self.insertion.token_info().model

    # -- PIN ------------------------------------------------------------------------------------------------

    def pin_flags(self) -> int:
        """The CKF_USER_PIN_ flags for the tries that the card says are left. Spec: PKCS#11 v3.1 3.2.3"""
        tries_left = self.insertion.run(lambda card: card.tries_left(self.key))
        if tries_left is None or tries_left >= self.key.pin_rule.max_tries:
            return 0
        flags = ckf.USER_PIN_COUNT_LOW
        if tries_left == 1:
            flags |= ckf.USER_PIN_FINAL_TRY
        if tries_left == 0:
            flags |= ckf.USER_PIN_LOCKED
        return flags

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

    def _verify(self, pin: bytearray) -> None:
        """Design: decision 5. What the card has refused is remembered, salted, for as long as it is inserted."""
        normalized = normalize(pin, self.key.pin_rule)
        try:
            fingerprint = self._fingerprint(normalized)
            if fingerprint in self._refused:
                raise self._known_refusal()
            try:
                self.insertion.run(lambda card: card.verify_pin(self.key, normalized))
            except PinRejected:
                self._refused.add(fingerprint)
                raise
            except PinBlocked:
                self._forget_login()
                raise
        finally:
            wipe(normalized)

    def _known_refusal(self) -> PinRejected | PinBlocked:
        tries_left = self.insertion.run(lambda card: card.tries_left(self.key))
        return PinBlocked("the PIN is blocked") if tries_left == 0 else PinRejected(tries_left)

    def _fingerprint(self, pin: bytearray) -> bytes:
        hashed = digest.new("sha256")
        hashed.update(self._salt)
        hashed.update(pin)
        return hashed.digest()

    # -- logout ---------------------------------------------------------------------------------------------

    def logout(self) -> None:
        """Log out, here and on the card.

        The card can only forget both PINs at once, so while the other token is logged in it is left as it is.
        Design: decision 6

        :raises CryptokiError: USER_NOT_LOGGED_IN.
        """
        if not self.logout_if_logged_in():
            raise CryptokiError(ckr.USER_NOT_LOGGED_IN)

    def logout_if_logged_in(self) -> bool:
        """Log out; False when there was nothing to do."""
        with self.insertion.lock:
            if not self.is_logged_in:
                return False
            self._forget_login()
            if self.settings.logout == LOGOUT_CLEARS_CARD and not self.peer.is_logged_in:
                self.insertion.run(lambda card: card.clear_security_status())
            return True

    def _forget_login(self) -> None:
        self.is_logged_in = False
        self._consents = 0

    # -- objects --------------------------------------------------------------------------------------------

    def objects(self) -> Iterator[TokenObject]:
        """The objects that show in the present login state, whether or not the card really has them."""
        return (it for it in self._objects.values() if self.is_logged_in or not it.row.is_private)

    def find(self, template: Template) -> list[int]:
        """Handles of the objects that have all attribute values of the template."""
        return [it.handle for it in self.objects() if it.matches(template)]

    def object(self, handle: int) -> TokenObject:
        """The object with that handle.

        :raises CryptokiError: OBJECT_HANDLE_INVALID, also for one that only shows after a login.
        """
        found = self._objects.get(handle)
        if found is None or (found.row.is_private and not self.is_logged_in):
            raise CryptokiError(ckr.OBJECT_HANDLE_INVALID)
        return found

    # -- signing --------------------------------------------------------------------------------------------

    def sign(self, block: bytes, has_own_consent: bool) -> bytes:
        """The card's signature around a block, unverified.

        :param has_own_consent: the PIN was presented for this very signature.
        :raises CryptokiError: USER_NOT_LOGGED_IN, also when the card has lost the login, so that hosts ask anew.
        """
        with self.insertion.lock:
            self._require_consent(has_own_consent)
            try:
                return self.insertion.run(lambda card: card.sign(self.key, block))
            except SecurityStatusNotSatisfied:
                self._forget_login()
                raise CryptokiError(ckr.USER_NOT_LOGGED_IN, "the card has lost the login") from None

    def _require_consent(self, has_own_consent: bool) -> None:
        """Design: decision 7"""
        if not self.is_logged_in:
            raise CryptokiError(ckr.USER_NOT_LOGGED_IN)
        if self.key is not SIGNATURE or self.settings.signature_consent != CONSENT_EACH_SIGNATURE:
            return
        if not has_own_consent:
            if not self._consents:
                raise CryptokiError(ckr.USER_NOT_LOGGED_IN, "each signature needs the password once more")
            self._consents = 0
