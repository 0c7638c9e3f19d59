"""Random calls on the module, each compared with the model."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant
from model.library import Library
from model.operations import Operations
from model.outcomes import Outcomes
from model.reader import OTHER_APPLICATIONS, SELECT_JPKI, Bench
from model.steps import step
from model.world import TOKENS, Rules, Session, World

from pyjpki11.cryptoki import ckf, cku

NO_SESSION = 0x7FFFFFFF
GONE = ("SESSION_HANDLE_INVALID", "DEVICE_REMOVED")
EVENT_FLAGS = ckf.DONT_BLOCK

PICKS = range(6)
SLOTS = range(2)
BOTH = (True, False)
#: What is typed for a PIN: mostly right.
TYPED = ("right", "right", "right", "small", "wrong", "wrong", "other", "short", "long", "odd", "")
WRONG = {"auth": b"9999", "sign": b"WRONG99"}
WRONG_TOO = {"auth": b"8888", "sign": b"wrong88"}
NEW = {"auth": (b"1234", b"4321"), "sign": (b"ABC123", b"xyz789xyz")}


#: Functions -> arguments after the session, good enough to be looked at after it.
WITH_SESSION: dict[str, tuple[Any, ...]] = {
    "C_CloseSession": (),
    "C_GetSessionInfo": (None,),
    "C_Login": (cku.USER, b"1234", 4),
    "C_Logout": (),
    "C_SetPIN": (b"1234", 4, b"4321", 4),
    "C_SessionCancel": (ckf.SIGN,),
    "C_CreateObject": (None, 0, None),
    "C_DestroyObject": (1,),
    "C_GetAttributeValue": (1, None, 0),
    "C_FindObjectsInit": (None, 0),
    "C_FindObjects": (None, 0, None),
    "C_FindObjectsFinal": (),
    "C_DigestInit": (None,),
    "C_DigestUpdate": (b"a", 1),
    "C_EncryptInit": (None, 1),
    "C_SignInit": (None, 1),
    "C_Sign": (b"a", 1, None, None),
    "C_SignFinal": (None, None),
    "C_MessageSignFinal": (),
    "C_VerifyInit": (None, 1),
    "C_VerifyFinal": (None, 0),
    "C_GenerateRandom": (None, 0),
}


def always(state: Machine) -> bool:
    """No condition."""
    return True


def before_initialize(state: Machine) -> bool:
    """The module does not work yet, or no longer."""
    return not state.world.is_initialized


def while_initialized(state: Machine) -> bool:
    """The module works."""
    return state.world.is_initialized


def while_few_sessions(state: Machine) -> bool:
    """Enough is enough."""
    return state.world.is_initialized and len(state.world.sessions) < 6


def in_session(state: Machine) -> bool:
    """There is a session."""
    return bool(state.world.sessions)


def while_present(state: Machine) -> bool:
    """The card is in the reader."""
    return state.world.is_present


def while_absent(state: Machine) -> bool:
    """It is not."""
    return not state.world.is_present


class Machine(RuleBasedStateMachine):
    """One application at work. Subclasses add objects and operations."""

    library: Library
    bench: Bench

    def __init__(self) -> None:
        super().__init__()
        self.handles = [NO_SESSION]

    @initialize(contact=st.booleans(), consents=st.booleans(), clears=st.booleans())
    def begin(self, contact: bool, consents: bool, clears: bool) -> None:
        """A fresh card; a session with each token, so that there is something to do."""
        rules = Rules(contact=contact, consents_each=consents or clears, logout_clears=clears or consents)
        self.reader = self.bench.new_reader(rules)
        self.world = World(rules)
        self.keys = {name: self._public_key(name) for name in TOKENS}
        self.operations = Operations(self.world, self.keys)
        self.initialize_module()
        for slot in range(len(TOKENS)):
            self.open(slot, is_rw=bool(slot), is_serial=True)

    def _public_key(self, name: str) -> RSAPublicKey:
        key = x509.load_der_x509_certificate(self.reader.card.store.certificate(name)).public_key()
        assert isinstance(key, RSAPublicKey)
        return key

    def teardown(self) -> None:
        """The module is left as it was found."""
        if hasattr(self, "world") and self.world.is_initialized:
            self.library.call("C_Finalize", None)

    # -- comparing ------------------------------------------------------------------------------------------

    def settle(self, rv: str, outcomes: Outcomes, session: Session | None = None) -> bool:
        """Require that the model allows an answer, and let it have its effect; True for OK."""
        if session is not None and self.world.is_stale and rv in GONE:
            self.world.end_insertion()
            return False
        assert rv in outcomes, f"CKR_{rv}, where the model says {', '.join(outcomes)}"
        outcomes[rv]()
        return rv == "OK"

    def session(self, pick: int) -> Session:
        """One of the open sessions."""
        sessions = list(self.world.sessions.values())
        return sessions[pick % len(sessions)]

    @invariant()
    def the_card_agrees(self) -> None:
        """The tries of both PINs and what is verified are what the model says."""
        if hasattr(self, "world"):
            tries = self.reader.tries()
            assert tries == self.world.tries, f"the card has {tries}, the model {self.world.tries}"
            self.world.observe(self.reader.verified())

    # -- the module -----------------------------------------------------------------------------------------

    @step(before_initialize, 20)
    def initialize_module(self) -> None:
        """C_Initialize; the handles of an earlier time mean nothing any longer."""
        if self.settle(self.library.call("C_Initialize", None), self.world.initialize()):
            self.handles = [NO_SESSION]

    @step(while_initialized, 1, go_on=range(4))
    def finalize_module(self, go_on: int) -> None:
        """C_Finalize; mostly followed by C_Initialize."""
        self.settle(self.library.call("C_Finalize", None), self.world.finalize())
        if go_on:
            self.the_card_agrees()
            self.initialize_module()
            self.open(go_on % 2, is_rw=go_on > 1, is_serial=1)

    @step(while_initialized, 1)
    def initialize_twice(self) -> None:
        """C_Initialize once more."""
        self.settle(self.library.call("C_Initialize", None), self.world.initialize())

    @step(
        before_initialize,
        1,
        function=("C_GetInfo", "C_GetSlotList", "C_GetTokenInfo", "C_Finalize", "C_Login", "C_Sign"),
    )
    def nothing_before_initialize(self, function: str) -> None:
        """Every function says so."""
        arguments: dict[str, tuple[object, ...]] = {
            "C_GetSlotList": (0, None, None),
            "C_GetTokenInfo": (0, None),
            "C_Login": (1, 1, None, 0),
            "C_Sign": (1, None, 0, None, None),
        }
        rv = self.library.call(function, *arguments.get(function, (None,)))
        assert rv == "CRYPTOKI_NOT_INITIALIZED"

    # -- slots ----------------------------------------------------------------------------------------------

    @step(while_initialized, token_present=BOTH)
    def list_slots(self, token_present: bool) -> None:
        """C_GetSlotList."""
        assert self.library.slots(token_present) == ("OK", self.world.slots(token_present))

    @step(while_initialized, slot=SLOTS)
    def token_info(self, slot: int) -> None:
        """C_GetTokenInfo: what it says of tries and sessions."""
        rv, (flags, count, rw_count) = self.library.token_info(slot)
        if self.settle(rv, self.world.slot()):
            name = TOKENS[slot]
            pin = (ckf.USER_PIN_COUNT_LOW, ckf.USER_PIN_FINAL_TRY, ckf.USER_PIN_LOCKED)
            assert tuple(bool(flags & flag) for flag in pin) == self.world.pin_flags(name)
            sessions = self.world.sessions_of(self.world.tokens[name])
            assert (count, rw_count) == (len(sessions), sum(session.is_rw for session in sessions))

    @step(while_initialized)
    def slot_event(self) -> None:
        """C_WaitForSlotEvent without blocking."""
        outcomes = self.world.slot_event()
        rv, slot = self._poll()
        if self.settle(rv, outcomes):
            assert self.world.slot_events[slot] > 0
            self.world.slot_events[slot] -= 1

    def _poll(self) -> tuple[str, int]:
        import ctypes

        slot = ctypes.c_ulong()
        return self.library.call("C_WaitForSlotEvent", EVENT_FLAGS, ctypes.byref(slot), None), slot.value

    # -- sessions -------------------------------------------------------------------------------------------

    @step(while_few_sessions, 4, slot=SLOTS, is_rw=BOTH, is_serial=range(10))
    def open(self, slot: int, is_rw: bool, is_serial: int) -> None:
        """C_OpenSession."""
        flags = (ckf.RW_SESSION if is_rw else 0) | (ckf.SERIAL_SESSION if is_serial else 0)
        outcomes = self.world.open_session(bool(is_serial))
        rv, handle = self.library.open_session(slot, flags)
        if self.settle(rv, outcomes):
            assert handle not in self.handles, "a handle comes back"
            self.handles.append(handle)
            self.world.add_session(handle, TOKENS[slot], is_rw)

    @step(in_session, 1, pick=PICKS)
    def close(self, pick: int) -> None:
        """C_CloseSession."""
        session = self.session(pick)
        rv = self.library.call("C_CloseSession", session.handle)
        self.settle(rv, self.world.close(session), session)

    @step(while_initialized, 1, slot=range(3))
    def close_all(self, slot: int) -> None:
        """C_CloseAllSessions; there is no third slot."""
        rv = self.library.call("C_CloseAllSessions", slot)
        if slot == len(TOKENS):
            assert rv == "SLOT_ID_INVALID"
            return
        sessions = self.world.sessions_of(self.world.tokens[TOKENS[slot]])
        self.settle(rv, self.world.close_all(TOKENS[slot]), sessions[0] if sessions else None)

    @step(in_session, pick=PICKS)
    def session_info(self, pick: int) -> None:
        """C_GetSessionInfo, which sees that the card has left."""
        session = self.session(pick)
        is_stale = self.world.is_stale
        self.world.notice()
        rv, (slot, state, flags) = self.library.session_info(session.handle)
        assert rv == ("SESSION_HANDLE_INVALID" if is_stale else "OK")
        if not is_stale:
            wanted = ckf.SERIAL_SESSION | (ckf.RW_SESSION if session.is_rw else 0)
            assert (TOKENS[slot], state, flags) == (session.token.name, session.state, wanted)

    @step(always, pick=PICKS, function=sorted(WITH_SESSION))
    def closed_session(self, pick: int, function: str) -> None:
        """Every function with the handle of a session that is closed, or never was."""
        closed = [handle for handle in self.handles if handle not in self.world.sessions]
        rv = self.library.call(function, closed[pick % len(closed)], *WITH_SESSION[function])
        assert rv == ("SESSION_HANDLE_INVALID" if self.world.is_initialized else "CRYPTOKI_NOT_INITIALIZED")

    # -- logins ---------------------------------------------------------------------------------------------

    def typed(self, name: str, how: str) -> bytes:
        """What somebody types for a PIN."""
        right = self.world.pins[name]
        other = self.world.pins[TOKENS[1 - TOKENS.index(name)]]
        return {
            "right": right,
            "small": right.lower(),
            "wrong": WRONG[name],
            "other": WRONG_TOO[name],
            "short": right[:3],
            "long": right + b"12345678901234567",
            "odd": right[:-1] + b"\xe3",
            "": b"",
            "foreign": other,
        }[how]

    @step(in_session, 8, pick=PICKS)
    def login_well(self, pick: int) -> None:
        """C_Login with the right PIN."""
        self.login(pick, "right")

    @step(in_session, 3, pick=PICKS, how=TYPED)
    def login(self, pick: int, how: str) -> None:
        """C_Login as the user."""
        session = self.session(pick)
        pin = self.typed(session.token.name, how)
        rv = self.library.call("C_Login", session.handle, cku.USER, pin, len(pin))
        self.settle(rv, self.world.login(session, pin), session)

    @step(in_session, 6, pick=PICKS, how=TYPED)
    def login_for_operation(self, pick: int, how: str) -> None:
        """C_Login for one signature; with several started it would be anybody's guess which is meant."""
        session = self.session(pick)
        if sum(kind.startswith("sign") for kind in session.operations) < 2:
            pin = self.typed(session.token.name, how)
            rv = self.library.call("C_Login", session.handle, cku.CONTEXT_SPECIFIC, pin, len(pin))
            self.settle(rv, self.world.login_for_operation(session, pin), session)

    @step(in_session, 1, pick=PICKS, user=(cku.SO, 7))
    def login_as_nobody(self, pick: int, user: int) -> None:
        """C_Login as somebody that the card does not know."""
        session = self.session(pick)
        rv = self.library.call("C_Login", session.handle, user, b"1234", 4)
        self.settle(rv, {self._answer_to(session, user): lambda: None}, session)

    @staticmethod
    def _answer_to(session: Session, user: int) -> str:
        if user == cku.SO and not session.is_rw:
            return "SESSION_READ_ONLY_EXISTS"
        is_second = user == cku.SO and session.token.is_logged_in
        return "USER_ANOTHER_ALREADY_LOGGED_IN" if is_second else "USER_TYPE_INVALID"

    @step(in_session, pick=PICKS)
    def logout(self, pick: int) -> None:
        """C_Logout."""
        session = self.session(pick)
        self.settle(self.library.call("C_Logout", session.handle), self.world.logout(session), session)

    @step(in_session, pick=PICKS, how=TYPED, new=("old", "new", "new", "short", "odd"))
    def set_pin(self, pick: int, how: str, new: str) -> None:
        """C_SetPIN."""
        session = self.session(pick)
        name = session.token.name
        old = self.typed(name, how)
        wanted = NEW[name][new == "new"] if new in ("old", "new") else self.typed(name, new)
        rv = self.library.call("C_SetPIN", session.handle, old, len(old), wanted, len(wanted))
        self.settle(rv, self.world.set_pin(session, old, wanted), session)

    # -- the card, and other processes ----------------------------------------------------------------------

    @step(while_present, 1, is_put_back=BOTH, is_unblocked=BOTH)
    def remove(self, is_put_back: bool, is_unblocked: bool) -> None:
        """Somebody takes the card out, perhaps for a moment."""
        self.reader.remove()
        self.world.remove()
        if is_put_back:
            self.insert(is_unblocked)

    @step(while_absent, 8, is_unblocked=BOTH)
    def insert(self, is_unblocked: bool) -> None:
        """Somebody puts it back, perhaps with its PINs unblocked."""
        if is_unblocked:
            self.reader.unblock()
        self.reader.insert()
        self.world.insert(is_unblocked)

    @step(while_present, 1)
    def other_resets(self) -> None:
        """Another process resets the card."""
        self.reader.reset()
        self.world.other_resets()

    @step(while_present, 1, how=("power", *OTHER_APPLICATIONS))
    def other_clears(self, how: str) -> None:
        """Another process makes the card forget its logins."""
        if how == "power":
            self.reader.power_off()
        else:
            self.reader.other(how)
        self.world.other_clears()

    @step(while_present, 1, name=TOKENS, is_right=BOTH)
    def other_verifies(self, name: str, is_right: bool) -> None:
        """Another process presents a PIN, though not the last try."""
        if is_right or self.world.tries[name] > 1:
            self.reader.other_verifies(name, self.world.pins[name] if is_right else b"0000")
            self.world.other_verifies(name, is_right)

    @step(while_present, 1)
    def other_selects_again(self) -> None:
        """Another process selects our application, which changes nothing."""
        self.reader.other(SELECT_JPKI)
