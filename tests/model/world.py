"""What the standard and the design say of slots, sessions, logins: an independent model.

A call's answer is a set of outcomes: CKR_ name without prefix -> what that answer does to the world. Where the
standard leaves a choice there are several. Nothing here was taken from the module's code.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from model.outcomes import Effect, Outcomes, chain, nothing, refusal, success
from model.pins import form_problems

TOKENS = ("auth", "sign")  # in the order of their slots. Design: decision 4
PINS = {"auth": b"1234", "sign": b"ABC123"}
MAX_TRIES = {"auth": 3, "sign": 5}
CONSENTED = ("sign", "sign-recover", "sign-messages")


@dataclass
class Operation:
    """An operation of a session."""

    mechanism: int = 0
    phase: str = "ready"
    data: bytes = b""  # taken in so far
    found: list[bytes] = field(default_factory=list)  # of a search: what is still to be given
    has_consent: bool = False
    signature: bytes = b""  # where it is given first


@dataclass
class SessionObject:
    """What an application has made."""

    kind: int  # CKO_
    label: bytes
    owner: int  # handle of the session
    is_private: bool

    @property
    def name(self) -> bytes:
        """Class and label, as Library.label tells them."""
        return b"%x:%s" % (self.kind, self.label)


@dataclass
class Session:
    """An open session."""

    handle: int
    token: Token
    is_rw: bool
    operations: dict[str, Operation] = field(default_factory=dict)

    @property
    def state(self) -> int:
        """CKS_. Spec: PKCS#11 v3.1 3.3"""
        return 2 * self.is_rw + self.token.is_logged_in


@dataclass
class Token:
    """One key pair of the inserted card, as this application sees it."""

    name: str
    is_logged_in: bool = False
    has_consent: bool = False  # the last login still allows a signature
    refused: set[bytes] = field(default_factory=set)
    objects: dict[int, SessionObject] = field(default_factory=dict)
    names: dict[int, bytes] = field(default_factory=dict)  # of the card's objects that were found, by handle
    private: set[int] = field(default_factory=set)  # of these, the handles that a logout ends
    ended: set[int] = field(default_factory=set)  # and those that one has ended

    def end_handles(self) -> None:
        """A logout ends them for ever. Spec: PKCS#11 v3.1 5.6.10"""
        for handle in self.private:
            del self.names[handle]
        self.ended |= self.private
        self.private.clear()


@dataclass
class Rules:
    """The settings and the kind of reader that an example has."""

    contact: bool = False
    consents_each: bool = True
    logout_clears: bool = True


class World:
    """One application, one reader, one card."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.is_initialized = False
        self.is_present = True
        self.insertions = 1
        self.pins = dict(PINS)
        self.tries = dict(MAX_TRIES)
        self.verified: set[str] = set()  # on the card, by anybody
        self.ours: set[str] = set()  # of these, by us
        self.may_be_cleared = False  # a logout may have taken others' logins along
        self.sessions: dict[int, Session] = {}
        self.is_stale = False  # the card that the sessions belong to has left
        self.tokens = {name: Token(name) for name in TOKENS}
        self._events_seen: int | None = None
        self.slot_events: Counter[int] = Counter()

    # -- the module -----------------------------------------------------------------------------------------

    def initialize(self) -> Outcomes:
        """C_Initialize."""
        if self.is_initialized:
            return refusal("CRYPTOKI_ALREADY_INITIALIZED")
        return success(self._begin)

    def _begin(self) -> None:
        self.is_initialized = True
        self.is_stale = False
        self._events_seen = self._event()
        self.slot_events.clear()

    def finalize(self) -> Outcomes:
        """C_Finalize, which logs out. Design: decision 6"""
        return success(self._finish)

    def _finish(self) -> None:
        self._end_logins()
        self.is_initialized = False
        self.end_insertion()

    # -- the card -------------------------------------------------------------------------------------------

    def remove(self) -> None:
        """Somebody takes the card out."""
        self.is_present = False
        self._lose_power()
        self.is_stale = True

    def insert(self, is_unblocked: bool) -> None:
        """Somebody puts it back, perhaps after the municipal office has unblocked its PINs."""
        self.remove()
        self.is_present = True
        self.insertions += 1
        if is_unblocked:
            self.tries = dict(MAX_TRIES)

    def _lose_power(self) -> None:
        self.verified.clear()
        self.ours.clear()

    def other_resets(self) -> None:
        """Another process resets the card. Card: notes 3.4"""
        if self.rules.contact:
            self._lose_power()

    def other_clears(self) -> None:
        """Another process selects another application, or takes the power. Card: notes 3.4"""
        self._lose_power()

    def other_verifies(self, name: str, is_right: bool) -> None:
        """Another process presents a PIN."""
        if is_right and self.tries[name]:
            self.tries[name] = MAX_TRIES[name]
            self.verified.add(name)
            return
        self.tries[name] = max(self.tries[name] - 1, 0)
        self.verified.discard(name)
        self.ours.discard(name)

    def end_insertion(self) -> None:
        """All sessions with a card end with it. Spec: PKCS#11 v3.1 5.5.4, 5.6"""
        self.is_stale = False
        self.sessions.clear()
        self.tokens = {name: Token(name) for name in TOKENS}

    def notice(self) -> None:
        """A call that asks for the slot's state has to see the card's absence."""
        if self.is_stale:
            self.end_insertion()

    # -- slots ----------------------------------------------------------------------------------------------

    def slot(self) -> Outcomes:
        """A call about a token in a slot that exists."""
        self.notice()
        return success() if self.is_present else refusal("TOKEN_NOT_PRESENT")

    def slots(self, token_present: bool) -> list[int]:
        """C_GetSlotList."""
        if token_present:
            self.notice()
        return [0, 1] if self.is_present or not token_present else []

    def pin_flags(self, name: str) -> tuple[bool, bool, bool]:
        """Count low, final try, locked. Spec: PKCS#11 v3.1 3.2.3"""
        tries = self.tries[name]
        return tries < MAX_TRIES[name], tries == 1, tries == 0

    def slot_event(self) -> Outcomes:
        """C_WaitForSlotEvent that does not block: a change of the reader is an event of both slots."""
        self.notice()
        if self._event() != self._events_seen:
            self._events_seen = self._event()
            self.slot_events.update((0, 1))
        return success() if self.slot_events.total() else refusal("NO_EVENT")

    def _event(self) -> int | None:
        return self.insertions if self.is_present else None

    # -- sessions -------------------------------------------------------------------------------------------

    def open_session(self, is_serial: bool) -> Outcomes:
        """C_OpenSession, without its effect; a call that is wrong in itself does not look at the slot."""
        if is_serial:
            self.notice()
        problems = [] if is_serial else ["SESSION_PARALLEL_NOT_SUPPORTED"]
        problems += [] if self.is_present else ["TOKEN_NOT_PRESENT"]
        return refusal(*problems) if problems else success()

    def add_session(self, handle: int, name: str, is_rw: bool) -> None:
        """A session that was opened."""
        assert handle and handle not in self.sessions
        self.sessions[handle] = Session(handle, self.tokens[name], is_rw)

    def sessions_of(self, token: Token) -> list[Session]:
        """All sessions with a token."""
        return [session for session in self.sessions.values() if session.token is token]

    def close(self, session: Session) -> Outcomes:
        """C_CloseSession; the last one logs out. Spec: PKCS#11 v3.1 5.6.2"""
        return success(lambda: self._close([session]))

    def close_all(self, name: str) -> Outcomes:
        """C_CloseAllSessions. Spec: PKCS#11 v3.1 5.6.3"""
        return success(lambda: self._close(self.sessions_of(self.tokens[name])))

    def _close(self, closing: list[Session]) -> None:
        for session in closing:
            del self.sessions[session.handle]
            objects = session.token.objects
            for handle in [handle for handle, made in objects.items() if made.owner == session.handle]:
                del objects[handle]
        for token in {id(session.token): session.token for session in closing}.values():
            if not self.sessions_of(token):
                self._log_out(token)

    # -- logins ---------------------------------------------------------------------------------------------

    def login(self, session: Session, pin: bytes) -> Outcomes:
        """C_Login as the user. Spec: PKCS#11 v3.1 5.6.8"""
        token = session.token
        if token.is_logged_in:
            return refusal("USER_ALREADY_LOGGED_IN", *form_problems(token.name, pin))

        def accept() -> None:
            token.is_logged_in = token.has_consent = True

        return self._present(token, pin, accept, nothing)

    def login_for_operation(self, session: Session, pin: bytes) -> Outcomes:
        """C_Login for one signature; a failure takes the consent there was. Design: decision 7"""
        token = session.token
        waiting = [session.operations[kind] for kind in CONSENTED if kind in session.operations]
        if not waiting:
            return refusal("OPERATION_NOT_INITIALIZED")
        (operation,) = waiting

        def fail() -> None:
            operation.has_consent = token.has_consent = False

        def accept() -> None:
            fail()
            operation.has_consent = True

        if not token.is_logged_in:
            return {"USER_NOT_LOGGED_IN": fail}
        return self._present(token, pin, accept, fail)

    def set_pin(self, session: Session, old: bytes, new: bytes) -> Outcomes:
        """C_SetPIN: both PINs are looked at before anything is sent. Design: decision 5"""
        token = session.token
        problems = [*form_problems(token.name, old), *form_problems(token.name, new)]
        problems += [] if session.is_rw else ["SESSION_READ_ONLY"]
        if problems:
            return refusal(*problems)

        def accept() -> None:
            self.pins[token.name] = new.upper()
            token.refused.clear()
            self._clear_card()

        return self._present(token, old, accept, nothing)

    def _present(self, token: Token, pin: bytes, accept: Effect, fail: Effect) -> Outcomes:
        """A PIN on its way to the card; whatever cannot be right never gets there. Design: decision 5"""
        name, pin = token.name, pin.upper()
        if problems := form_problems(name, pin):
            return dict.fromkeys(problems, fail)
        if pin in token.refused:
            return {"PIN_INCORRECT" if self.tries[name] else "PIN_LOCKED": fail}
        if self.tries[name] and pin == self.pins[name]:
            return success(chain(lambda: self._verify(name), accept))

        def refuse() -> None:
            self.other_verifies(name, is_right=False)
            token.refused.add(pin)
            fail()
            if not self.tries[name]:
                self._end_login(token)

        return {"PIN_INCORRECT" if self.tries[name] > 1 else "PIN_LOCKED": refuse}

    def _verify(self, name: str) -> None:
        self.other_verifies(name, is_right=True)
        self.ours.add(name)

    def logout(self, session: Session) -> Outcomes:
        """C_Logout. Spec: PKCS#11 v3.1 5.6.10"""
        if not session.token.is_logged_in:
            return refusal("USER_NOT_LOGGED_IN")
        return success(lambda: self._logout(session.token))

    def _logout(self, token: Token) -> None:
        for session in self.sessions_of(token):
            session.operations.clear()
        self._log_out(token)

    def _log_out(self, token: Token) -> None:
        if token.is_logged_in:
            token.end_handles()
        self._end_login(token)
        self._clear_card()

    def _end_logins(self) -> None:
        for token in self.tokens.values():
            self._end_login(token)
        self._clear_card()

    def _end_login(self, token: Token) -> None:
        token.is_logged_in = token.has_consent = False
        for handle in [handle for handle, made in token.objects.items() if made.is_private]:
            del token.objects[handle]

    def _clear_card(self) -> None:
        """The card forgets what we have verified, once nobody is logged in with it. Design: decision 6"""
        if not self.rules.logout_clears or any(token.is_logged_in for token in self.tokens.values()):
            return
        if self.ours:
            self._lose_power()
        else:
            self.may_be_cleared = True

    def observe(self, verified: set[str]) -> None:
        """Compare with what the card has verified."""
        if self.may_be_cleared and not verified:
            self._lose_power()
        self.may_be_cleared = False
        assert verified == self.verified, f"the card has {verified} verified, the model {self.verified}"

    # -- the login that the card has lost -------------------------------------------------------------------

    def has_lost_login(self, token: Token) -> bool:
        """Whether the card no longer knows of a login that we believe in."""
        return token.is_logged_in and token.name not in self.verified

    def may_lose_login(self, token: Token, outcomes: Outcomes) -> Outcomes:
        """Outcomes of a call that may look at the signature certificate, and see the loss. Design: decision 6"""
        if token.name == "sign" and self.has_lost_login(token):
            return {**outcomes, "USER_NOT_LOGGED_IN": lambda: self._end_login(token)}
        return outcomes

    def sign(self, token: Token, operation: Operation) -> Outcomes:
        """The card signs, or says why not. Design: decisions 6, 7"""
        if not token.is_logged_in:
            return refusal("USER_NOT_LOGGED_IN")
        needs_consent = token.name == "sign" and self.rules.consents_each
        if needs_consent and not (operation.has_consent or token.has_consent):
            return refusal("USER_NOT_LOGGED_IN")

        def take() -> None:
            if not operation.has_consent and needs_consent:
                token.has_consent = False
            operation.has_consent = False

        if self.has_lost_login(token):
            return {"USER_NOT_LOGGED_IN": chain(take, lambda: self._end_login(token))}
        return success(take)
