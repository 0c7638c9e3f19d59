"""A session: an application's conversation with one token."""

from __future__ import annotations

from pyjpki11.cryptoki import cka, ckf, ckr, cks, cku
from pyjpki11.cryptoki.attributes import boolean
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import steps
from pyjpki11.provider.objects import TokenObject
from pyjpki11.provider.steps import OVER, READY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, NoReturn

    from pyjpki11.cryptoki.attributes import Template
    from pyjpki11.cryptoki.mechanisms import Mechanism
    from pyjpki11.provider.message_operation import Parameters
    from pyjpki11.provider.object_store import AnyObject
    from pyjpki11.provider.session_objects import SessionObject
    from pyjpki11.provider.steps import Step
    from pyjpki11.provider.token import Token

#: (logged in, read-write) -> session state. Spec: PKCS#11 v3.1 3.3
STATES = {
    (False, False): cks.RO_PUBLIC_SESSION,
    (True, False): cks.RO_USER_FUNCTIONS,
    (False, True): cks.RW_PUBLIC_SESSION,
    (True, True): cks.RW_USER_FUNCTIONS,
}

#: Kind of operation -> attribute by which a key allows it.
PERMISSIONS = {
    steps.SIGN: cka.SIGN,
    steps.SIGN_MESSAGES: cka.SIGN,
    steps.SIGN_RECOVER: cka.SIGN_RECOVER,
    steps.VERIFY: cka.VERIFY,
    steps.VERIFY_MESSAGES: cka.VERIFY,
    steps.VERIFY_SIGNATURE: cka.VERIFY,
    steps.VERIFY_RECOVER: cka.VERIFY_RECOVER,
    steps.ENCRYPT: cka.ENCRYPT,
    steps.DECRYPT: cka.DECRYPT,
}

#: Operations whose next signature C_Login may give its consent to.
CONSENTED = (steps.SIGN, steps.SIGN_RECOVER, steps.SIGN_MESSAGES)


class Search:
    """The objects found, which are handed out in portions."""

    def __init__(self, handles: list[int]) -> None:
        self.phase = READY
        self._handles = handles

    def take(self, limit: int) -> list[int]:
        """At most so many handles that were not given before."""
        taken, self._handles = self._handles[:limit], self._handles[limit:]
        return taken


class StepTaken:
    """See Session.step."""

    __slots__ = ("_session", "_step")

    def __init__(self, session: Session, step: Step) -> None:
        self._session = session
        self._step = step

    def __enter__(self) -> Any:
        return self._session.operation(self._step)

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self._session.succeed(self._step)
        else:
            self._session.fail(self._step)


class Session:
    """One session; its state is computed, and its operations are at most one of a kind."""

    def __init__(self, handle: int, slot_id: int, token: Token, flags: int) -> None:
        self.handle = handle
        self.slot_id = slot_id
        self.token = token
        self.flags = flags
        self._operations: dict[str, Any] = {}

    @property
    def is_read_write(self) -> bool:
        """Whether it was opened to write."""
        return bool(self.flags & ckf.RW_SESSION)

    @property
    def state(self) -> int:
        """CKS_ number."""
        return STATES[self.token.login.is_logged_in, self.is_read_write]

    # -- login ----------------------------------------------------------------------------------------------

    def login(self, user_type: int, pin: bytearray) -> None:
        """C_Login for the kinds of user that the card knows. Spec: PKCS#11 v3.1 5.6.8"""
        if user_type == cku.USER:
            self.token.login.log_in(pin)
        elif user_type == cku.CONTEXT_SPECIFIC:
            self._consent(pin)
        else:
            self._refuse_login(user_type)

    def _refuse_login(self, user_type: int) -> NoReturn:
        """The card has no security officer; but what would refuse one is reported first. Spec: PKCS#11 v3.1 5.6.8"""
        if user_type == cku.SO and not self.is_read_write:
            raise CryptokiError(ckr.SESSION_READ_ONLY_EXISTS)
        if user_type == cku.SO and self.token.login.is_logged_in:
            raise CryptokiError(ckr.USER_ANOTHER_ALREADY_LOGGED_IN)
        raise CryptokiError(ckr.USER_TYPE_INVALID, "the card has no such user")

    def _consent(self, pin: bytearray) -> None:
        for kind in CONSENTED:
            if kind in self._operations:
                self._operations[kind].has_own_consent = False
                self.token.login.present_again(pin)
                self._operations[kind].has_own_consent = True
                return
        raise CryptokiError(ckr.OPERATION_NOT_INITIALIZED)

    def change_pin(self, old: bytearray, new: bytearray) -> None:
        """Replace the token's PIN.

        :raises CryptokiError: SESSION_READ_ONLY.
        """
        if not self.is_read_write:
            raise CryptokiError(ckr.SESSION_READ_ONLY)
        self.token.login.change_pin(old, new)

    # -- objects --------------------------------------------------------------------------------------------

    def object(self, handle: int) -> AnyObject:
        """The object with that handle.

        :raises CryptokiError: OBJECT_HANDLE_INVALID.
        """
        return self.token.objects.get(handle)

    def create_object(self, template: Template) -> int:
        """Handle of a new session object; see `session_objects.create` for what is refused."""
        from pyjpki11.provider import session_objects

        session_objects.require_kind(template)  # "not at all" tells more than "not on the card"
        self._refuse_token_object(template)
        return self._add(session_objects.create(self.token.objects.new_handle(), self.handle, template))

    def copy_object(self, handle: int, template: Template) -> int:
        """Handle of a copy of a session object."""
        original = self.token.objects.get_session_object(handle)
        self._refuse_token_object(template)
        return self._add(original.copy(self.token.objects.new_handle(), self.handle, template))

    def change_object(self, handle: int, template: Template) -> None:
        """Set attributes of a session object."""
        self.token.objects.get_session_object(handle).change(template)

    def destroy_object(self, handle: int) -> None:
        """Forget a session object."""
        self.token.objects.destroy(handle)

    def _add(self, made: SessionObject) -> int:
        with self.token.card.lock:  # a login may not end in between
            return self.token.objects.add(made)

    def _refuse_token_object(self, template: Template) -> None:
        """In a read-only session too: the token's reason goes before the session's. Spec: PKCS#11 v3.1 5.1"""
        if (cka.TOKEN, boolean(True)) in template:
            raise CryptokiError(ckr.TOKEN_WRITE_PROTECTED)

    # -- operations: how they go on -------------------------------------------------------------------------

    def operation(self, step: Step) -> Any:
        """The operation that a step continues.

        :raises CryptokiError: OPERATION_NOT_INITIALIZED, also where the step is out of order, which ends it.
        """
        found = self._operations.get(step.kind)
        if found is None:
            raise CryptokiError(ckr.OPERATION_NOT_INITIALIZED)
        if found.phase not in step.phases:
            self.fail(step)
            raise CryptokiError(ckr.OPERATION_NOT_INITIALIZED, "another call was due")
        return found

    def step(self, step: Step) -> StepTaken:
        """Take a step: `with session.step(SIGN_WHOLE) as signing`, after which the operation is in the phase that the
        step leads to, or in that after a failure."""
        return StepTaken(self, step)

    def fail(self, step: Step) -> None:
        """What a step that failed does to its steps. The parts of a message that failed do not belong to the next."""
        if step.after_failure == READY and step.kind in self._operations:
            self._operations[step.kind].begin_message()
        self._enter(step, step.after_failure)

    def succeed(self, step: Step) -> None:
        """What a step that succeeded does to its operation."""
        self._enter(step, step.leads_to)

    def end(self, step: Step) -> None:
        """Forget the operation that a step belongs to.

        :raises CryptokiError: ARGUMENTS_BAD, there is none.
        """
        if self._operations.pop(step.kind, None) is None:
            raise CryptokiError(ckr.ARGUMENTS_BAD)

    def cancel(self, flags: int) -> None:
        """Forget operations. Spec: PKCS#11 v3.1 5.6.5"""
        for kind, flag in steps.CANCEL_FLAGS.items():
            if flags & flag:
                self._operations.pop(kind, None)

    def cancel_all(self) -> None:
        """End what a logout ends: every operation, as if its objects showed no longer. Spec: PKCS#11 v3.1 5.6.10"""
        self._operations.clear()

    def _enter(self, step: Step, phase: str) -> None:
        if phase == OVER:
            self._operations.pop(step.kind, None)
        elif step.kind in self._operations:
            self._operations[step.kind].phase = phase

    # -- operations: how they begin; each kind is imported by who first begins one --------------------------

    def start_search(self, template: Template) -> None:
        """Find all objects that fit, once."""
        self._require_free(steps.SEARCH)
        self._operations[steps.SEARCH] = Search(self.token.objects.find(template))

    def start_digest(self, mechanism: int, parameters: Parameters) -> None:
        """Begin a hash."""
        from pyjpki11.provider.digest import DigestOperation

        self._require_free(steps.DIGEST)
        found = self._mechanism(steps.DIGEST, mechanism, parameters)
        self._operations[steps.DIGEST] = DigestOperation(str(found.digest))

    def start_signing(self, kind: str, key: int, mechanism: int, parameters: Parameters) -> None:
        """Begin a signature, or a series of them, by the card."""
        from pyjpki11.provider.signing import SignOperation

        self._require_free(kind)
        found = self._mechanism(kind, mechanism, parameters)
        private_key = self._key(kind, key)
        if not isinstance(private_key, TokenObject):
            raise CryptokiError(ckr.KEY_FUNCTION_NOT_PERMITTED)
        self._operations[kind] = SignOperation(self.token, private_key, found, parameters)

    def start_verifying(
        self, kind: str, key: int, mechanism: int, parameters: Parameters, signature: bytes | None = None
    ) -> None:
        """Begin a verification, or a series of them."""
        from pyjpki11.provider.verifying import VerifyOperation

        self._require_free(kind)
        found = self._mechanism(kind, mechanism, parameters)
        public_key = self._key(kind, key).public_key()
        self._operations[kind] = VerifyOperation(public_key, found, parameters, signature)

    def start_encrypting(self, key: int, mechanism: int, parameters: Parameters) -> None:
        """Begin an encryption."""
        from pyjpki11.provider.encrypting import EncryptOperation

        self._require_free(steps.ENCRYPT)
        self._mechanism(steps.ENCRYPT, mechanism, parameters)
        self._operations[steps.ENCRYPT] = EncryptOperation(self._key(steps.ENCRYPT, key).public_key(), parameters)

    def refuse_decrypting(self, key: int) -> None:
        """Say why nothing is decrypted: no key of the card may. Card: notes 4

        :raises CryptokiError: KEY_FUNCTION_NOT_PERMITTED or KEY_HANDLE_INVALID.
        """
        self._key(steps.DECRYPT, key)
        raise CryptokiError(ckr.KEY_FUNCTION_NOT_PERMITTED)

    def _require_free(self, kind: str) -> None:
        if kind in self._operations:
            raise CryptokiError(ckr.OPERATION_ACTIVE)

    def _mechanism(self, kind: str, number: int, parameters: Parameters) -> Mechanism:
        from pyjpki11.provider.message_operation import check_parameters

        found = self.token.facts.mechanism(number, steps.CANCEL_FLAGS[kind])
        check_parameters(found, parameters)
        return found

    def _key(self, kind: str, handle: int) -> AnyObject:
        """The key with that handle, if it allows the steps."""
        try:
            key = self.token.objects.get(handle)
            key.value(cka.KEY_TYPE)
        except CryptokiError:
            raise CryptokiError(ckr.KEY_HANDLE_INVALID) from None
        try:
            is_allowed = key.value(PERMISSIONS[kind]) == boolean(True)
        except CryptokiError:
            is_allowed = False
        if not is_allowed:
            raise CryptokiError(ckr.KEY_FUNCTION_NOT_PERMITTED)
        return key
