"""The module between C_Initialize and C_Finalize: readers, slots, sessions."""

from __future__ import annotations

from _thread import allocate_lock
from itertools import count

from pyjpki11 import log
from pyjpki11.cryptoki import ckf, ckr
from pyjpki11.errors import CryptokiError, JpkiError
from pyjpki11.provider.reader_watch import ReaderWatch
from pyjpki11.reader.drivers import open_driver
from pyjpki11.settings import SLOTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.provider.reader_slots import ReaderSlots
    from pyjpki11.provider.session import Session
    from pyjpki11.provider.token import Token
    from pyjpki11.settings import Settings

SLOTS_PER_READER = len(SLOTS)


class Module:
    """All state of the module. Slot ids are 2i and 2i+1 for the i-th reader ever seen. Design: decision 4"""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        #: Which slots of a reader there are; one that is not offered keeps its id.
        self._offered = tuple(index for index, name in enumerate(SLOTS) if name in settings.slots)
        self._driver = open_driver(settings.reader)
        self._watch = ReaderWatch(self._driver, settings.card_timeout)
        self._readers: list[ReaderSlots] = []
        self._sessions: dict[int, Session] = {}
        self._sessions_of: dict[Token, dict[int, Session]] = {}  # the same, to avoid a search through all
        self._next_object_handle = count(1).__next__
        self._last_handle = 0
        self._lock = allocate_lock()
        self._is_closed = False
        self._slot_events: list[int] = []
        self.refresh_readers()
        for reader in self._readers:
            reader.has_changed()  # what is there now is not a change

    def close(self) -> None:
        """Log out, give all cards up, wake who waits for a slot event."""
        self._is_closed = True
        with self._lock:
            self._sessions.clear()
            self._sessions_of.clear()
        for reader in self._readers:
            reader.close()
        self._watch.close()

    # -- slots ----------------------------------------------------------------------------------------------

    def refresh_readers(self) -> None:
        """Look for readers; a new one gets slots behind all others, a known one keeps its own. Where there is no
        service there is none, with a line in the log."""
        try:
            names = self._watch.reader_names()
        except JpkiError as error:
            log.error(str(error))
            return
        if not names:
            return
        from pyjpki11.provider.reader_slots import ReaderSlots  # only here: many computers have no reader

        with self._lock:
            known = {it.reader for it in self._readers}
            for name in names:
                if name not in known:
                    self._readers.append(
                        ReaderSlots(self._driver, self._watch, name, self._settings, self._next_object_handle)
                    )

    def slot_ids(self, token_present: bool) -> list[int]:
        """The slots of all readers, or of those with a My Number card in them."""
        indexes = [index for index, reader in enumerate(self._readers) if not token_present or reader.has_token()]
        return [slot_id for index in indexes for slot_id in self._slots_of(index)]

    def _slots_of(self, index: int) -> list[int]:
        return [index * SLOTS_PER_READER + offered for offered in self._offered]

    def reader_slots(self, slot_id: int) -> ReaderSlots:
        """The reader of a slot.

        :raises CryptokiError: SLOT_ID_INVALID.
        """
        index, place = divmod(slot_id, SLOTS_PER_READER)
        if index >= len(self._readers) or place not in self._offered:
            raise CryptokiError(ckr.SLOT_ID_INVALID)
        return self._readers[index]

    def token(self, slot_id: int) -> Token:
        """The token in a slot. See ReaderSlots.token for what it raises."""
        return self.reader_slots(slot_id).token(slot_id % SLOTS_PER_READER)

    def has_token(self, slot_id: int) -> bool:
        """Whether a My Number card is in the slot."""
        return self.reader_slots(slot_id).has_token()

    def wait_for_slot_event(self, is_blocking: bool) -> int:
        """A slot into which a card came, or from which one went, since this was last asked.

        :raises CryptokiError: NO_EVENT, also when some seconds were waited for one in vain, or
            CRYPTOKI_NOT_INITIALIZED when the module ends meanwhile.
        """
        slot_id = self._take_slot_event()
        if slot_id is None and is_blocking:
            self._watch.wait({it.reader: it.last_event for it in self._readers})
            slot_id = self._take_slot_event()
        if slot_id is None:
            raise CryptokiError(ckr.NO_EVENT)
        return slot_id

    def _take_slot_event(self) -> int | None:
        """Each change of a reader is an event of all its slots."""
        if self._is_closed:
            raise CryptokiError(ckr.CRYPTOKI_NOT_INITIALIZED)
        self.refresh_readers()
        with self._lock:
            for index, reader in enumerate(self._readers):
                if reader.has_changed():
                    self._slot_events += self._slots_of(index)
            return self._slot_events.pop(0) if self._slot_events else None

    # -- sessions -------------------------------------------------------------------------------------------

    def open_session(self, slot_id: int, flags: int) -> int:
        """Handle of a new session with the token in a slot. Read-write ones are welcome: clients that only sign
        ask for them too, and what would write is refused by itself."""
        from pyjpki11.provider.session import Session  # only here: a host that only polls needs none

        if not flags & ckf.SERIAL_SESSION:
            raise CryptokiError(ckr.SESSION_PARALLEL_NOT_SUPPORTED)
        token = self.token(slot_id)
        token.card_facts.forget_failures()
        with self._lock:
            self._last_handle += 1
            handle = self._last_handle
            self._sessions[handle] = session = Session(handle, slot_id, token, flags)
            self._sessions_of.setdefault(token, {})[handle] = session
        return handle

    def session(self, handle: int) -> Session:
        """The session with that handle.

        :raises CryptokiError: SESSION_HANDLE_INVALID, also when its card has left.
        """
        session = self._sessions.get(handle)
        if session is None or not session.token.card.is_alive:
            self._forget_session(handle)
            raise CryptokiError(ckr.SESSION_HANDLE_INVALID)
        return session

    def present_session(self, handle: int) -> Session:
        """The session with that handle, after a look whether its card is still there. Hosts poll this one."""
        session = self.session(handle)
        self.reader_slots(session.slot_id).notice_changes()
        return self.session(handle)

    def count_sessions(self, token: Token) -> tuple[int, int]:
        """How many sessions a token has: all of them, and the read-write ones."""
        sessions = list(self._sessions_of.get(token, {}).values())
        return len(sessions), sum(1 for session in sessions if session.flags & ckf.RW_SESSION)

    def close_session(self, handle: int) -> None:
        """Close a session; the last one of a token logs out. Spec: PKCS#11 v3.1 5.6.2"""
        session = self.session(handle)
        self._forget_session(handle)
        session.token.objects.forget_objects_of(handle)
        if session.token not in self._sessions_of:
            session.token.log_out()

    def close_all_sessions(self, slot_id: int) -> None:
        """Close all sessions with the token in a slot, which logs out."""
        self.reader_slots(slot_id)
        closing = [session for session in list(self._sessions.values()) if session.slot_id == slot_id]
        for session in closing:
            self._forget_session(session.handle)
            session.token.objects.forget_objects_of(session.handle)
        for token in {session.token for session in closing if session.token.card.is_alive}:
            token.log_out()

    def logout(self, handle: int) -> None:
        """Log out of a session's token, in all sessions with it."""
        token = self.session(handle).token
        if not token.login.is_logged_in:
            raise CryptokiError(ckr.USER_NOT_LOGGED_IN)
        for session in list(self._sessions_of.get(token, {}).values()):
            session.cancel_all()
        token.log_out()

    def _forget_session(self, handle: int) -> None:
        with self._lock:
            session = self._sessions.pop(handle, None)
            if session is None:
                return
            others = self._sessions_of[session.token]
            del others[handle]
            if not others:
                del self._sessions_of[session.token]
