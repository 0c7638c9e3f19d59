"""The objects of a token by their handles: those on the card, and those that its sessions have made."""

from __future__ import annotations

from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError
from pyjpki11.provider.objects import TokenObject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyjpki11.cryptoki.attributes import Template
    from pyjpki11.provider.login import Login
    from pyjpki11.provider.objects import ObjectRow
    from pyjpki11.provider.session_objects import SessionObject
    from pyjpki11.provider.token_facts import TokenFacts

    AnyObject = TokenObject | SessionObject


class ObjectStore:
    """`next_handle` gives object handles, none twice, so that those of one card never mean something on another."""

    def __init__(
        self, facts: TokenFacts, login: Login, rows: Sequence[ObjectRow], next_handle: Callable[[], int]
    ) -> None:
        self._facts = facts
        self._login = login
        self._next_handle = next_handle
        self._ended = login.ended
        self._card_objects = {it.handle: it for it in map(self._card_object, rows)}
        self._session_objects: dict[int, SessionObject] = {}

    def _card_object(self, row: ObjectRow) -> TokenObject:
        return TokenObject(self._next_handle(), row, self._facts)

    def renew_private_handles(self) -> None:
        """Those of before a logout stay invalid. Spec: PKCS#11 v3.1 5.6.10"""
        renewed = (self._card_object(it.row) if it.is_private else it for it in self._card_objects.values())
        self._card_objects = {it.handle: it for it in renewed}

    def all(self) -> list[AnyObject]:
        """The objects that show in the present login state, whether or not the card really has them."""
        self._forget_what_was_private()
        known: list[AnyObject] = [*self._card_objects.values(), *self._session_objects.values()]
        return [it for it in known if self._login.is_logged_in or not it.is_private]

    def find(self, template: Template) -> list[int]:
        """Handles of the objects that have all attribute values of the template."""
        return [it.handle for it in self.all() if it.matches(template)]

    def get(self, handle: int) -> AnyObject:
        """The object with that handle.

        :raises CryptokiError: OBJECT_HANDLE_INVALID, also for one that only shows after a login.
        """
        self._forget_what_was_private()
        found = self._card_objects.get(handle) or self._session_objects.get(handle)
        if found is None or (found.is_private and not self._login.is_logged_in):
            raise CryptokiError(ckr.OBJECT_HANDLE_INVALID)
        return found

    def get_session_object(self, handle: int) -> SessionObject:
        """The object with that handle, to be changed.

        :raises CryptokiError: ACTION_PROHIBITED for those on the card, OBJECT_HANDLE_INVALID.
        """
        found = self.get(handle)
        if isinstance(found, TokenObject):
            raise CryptokiError(ckr.ACTION_PROHIBITED, "the card's objects cannot be changed")
        return found

    def new_handle(self) -> int:
        """For an object that is about to be made."""
        return self._next_handle()

    def add(self, made: SessionObject) -> int:
        """Handle of a session object, which shows from now on.

        :raises CryptokiError: USER_NOT_LOGGED_IN for a private one.
        """
        self._forget_what_was_private()
        if made.is_private and not self._login.is_logged_in:
            raise CryptokiError(ckr.USER_NOT_LOGGED_IN)
        self._session_objects[made.handle] = made
        return made.handle

    def destroy(self, handle: int) -> None:
        """Forget a session object.

        :raises CryptokiError: ACTION_PROHIBITED, OBJECT_HANDLE_INVALID.
        """
        self.get_session_object(handle).require_destroyable()
        self._session_objects.pop(handle, None)

    def forget_objects_of(self, session: int) -> None:
        """Forget what a session that closes has made."""
        for it in list(self._session_objects.values()):
            if it.session == session:
                self._session_objects.pop(it.handle, None)

    def _forget_what_was_private(self) -> None:
        """Private session objects go with the login. Spec: PKCS#11 v3.1 5.6.10"""
        if self._ended != self._login.ended:
            self._ended = self._login.ended
            for it in list(self._session_objects.values()):
                if it.is_private:
                    self._session_objects.pop(it.handle, None)
