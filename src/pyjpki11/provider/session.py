"""A session: an application's conversation with one token."""

from __future__ import annotations

from pyjpki11.cryptoki import ckf, ckr, cks, cku
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import signing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.provider.objects import Template, TokenObject
    from pyjpki11.provider.signing import SignOperation
    from pyjpki11.provider.token import Token

#: (logged in, read-write) -> session state. Spec: PKCS#11 v3.1 3.3
STATES = {
    (False, False): cks.RO_PUBLIC_SESSION,
    (True, False): cks.RO_USER_FUNCTIONS,
    (False, True): cks.RW_PUBLIC_SESSION,
    (True, True): cks.RW_USER_FUNCTIONS,
}


class Session:
    """One session; its state is computed, and its operations are at most one of a kind."""

    def __init__(self, handle: int, slot_id: int, token: Token, flags: int) -> None:
        self.handle = handle
        self.slot_id = slot_id
        self.token = token
        self.flags = flags
        self._search: list[int] | None = None
        self._signing: SignOperation | None = None

    @property
    def state(self) -> int:
        """CKS_ number."""
        return STATES[self.token.is_logged_in, bool(self.flags & ckf.RW_SESSION)]

    # -- login ----------------------------------------------------------------------------------------------

    def login(self, user_type: int, pin: bytearray) -> None:
        """C_Login for the kinds of user that the card knows. Spec: PKCS#11 v3.1 5.6.8"""
        if user_type == cku.USER:
            self.token.login(pin)
        elif user_type == cku.CONTEXT_SPECIFIC:
            operation = self.signing()
            self.token.consent(pin)
            operation.has_own_consent = True
        else:
            raise CryptokiError(ckr.USER_TYPE_INVALID, "the card has no security officer")

    def forget_private(self) -> None:
        """End what a logout ends: operations with objects that show no longer. Spec: PKCS#11 v3.1 5.6.10"""
        self._signing = None
        self._search = None

    # -- objects --------------------------------------------------------------------------------------------

    def object(self, handle: int) -> TokenObject:
        """The object with that handle.

        :raises CryptokiError: OBJECT_HANDLE_INVALID.
        """
        return self.token.object(handle)

    def start_search(self, template: Template) -> None:
        """Find all objects that fit, once."""
        if self._search is not None:
            raise CryptokiError(ckr.OPERATION_ACTIVE)
        self._search = self.token.find(template)

    def next_found(self, limit: int) -> list[int]:
        """At most so many handles that were not given before."""
        if self._search is None:
            raise CryptokiError(ckr.OPERATION_NOT_INITIALIZED)
        found, self._search = self._search[:limit], self._search[limit:]
        return found

    def end_search(self) -> None:
        """Forget the search."""
        if self._search is None:
            raise CryptokiError(ckr.OPERATION_NOT_INITIALIZED)
        self._search = None

    # -- signing --------------------------------------------------------------------------------------------

    def start_signing(self, key_handle: int, mechanism: int, has_parameter: bool) -> None:
        """Begin a signature; see `signing.start` for what it refuses."""
        if self._signing is not None:
            raise CryptokiError(ckr.OPERATION_ACTIVE)
        try:
            key = self.token.object(key_handle)
        except CryptokiError:
            raise CryptokiError(ckr.KEY_HANDLE_INVALID) from None
        self._signing = signing.start(key, mechanism, has_parameter)

    def signing(self) -> SignOperation:
        """The signature being made.

        :raises CryptokiError: OPERATION_NOT_INITIALIZED.
        """
        if self._signing is None:
            raise CryptokiError(ckr.OPERATION_NOT_INITIALIZED)
        return self._signing

    def end_signing(self) -> None:
        """Forget the signature being made."""
        self._signing = None
