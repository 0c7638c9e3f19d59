"""One reader, its slots, and what is inserted in it."""

from __future__ import annotations

from _thread import RLock

from pyjpki11 import log
from pyjpki11.errors import (
    BadCardData,
    CardAbsent,
    CardMute,
    CardNotRecognized,
    JpkiError,
    StatusWordError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyjpki11.provider.inserted_card import InsertedCard
    from pyjpki11.provider.reader_watch import ReaderWatch
    from pyjpki11.provider.token import Token
    from pyjpki11.reader.base import Driver
    from pyjpki11.settings import Settings

#: A card that does not identify itself, while no other program disturbs it.
TRANSIENT_ERRORS = (BadCardData, CardMute, StatusWordError)
#: Nothing to complain about: no card, or another kind of card.
EXPECTED_ERRORS = (CardAbsent, CardNotRecognized)
#: How often such a card is asked: it may have been inserted slowly, but hosts poll for as long as they run.
MAX_QUESTIONS = 5


class ReaderSlots:
    """A reader. It keeps its place, and so its slots' ids, when it is unplugged."""

    def __init__(
        self, driver: Driver, watch: ReaderWatch, reader: str, settings: Settings, next_handle: Callable[[], int]
    ) -> None:
        self.reader = reader
        self._driver = driver
        self._watch = watch
        self._settings = settings
        self._next_handle = next_handle
        self._lock = RLock()
        self._event: int | None = None
        self.last_event: int | None = None
        self._card: InsertedCard | None = None
        self._tokens: tuple[Token, ...] = ()
        self._complaint = ""  # what was last said of why there is no token
        self._questions = 0  # how often the card has not said what it is
        self._refusal = ""  # why the card is not one of ours, until it is exchanged: asking again would cost commands
        self._late: InsertedCard | None = None  # one whose first contact is still under way
        self._lateness: JpkiError = CardMute("the card did not answer")

    def token(self, index: int) -> Token:
        """The token at a place of `token.TOKENS`.

        :raises CardAbsent: there is no card in the reader.
        :raises CardNotRecognized: there is another kind of card, or one that does not say what it is.
        """
        with self._lock:
            self.notice_changes()
            if self._refusal:
                raise CardNotRecognized(self._refusal)
            if self._card is None:
                self._insert()
            return self._tokens[index]

    def has_token(self) -> bool:
        """Whether a My Number card is in the reader and answers; after the first time it costs no command."""
        try:
            self.token(0)
        except JpkiError as error:
            self._complain(error)
            return False
        self._complaint = ""
        return True

    def _complain(self, error: JpkiError) -> None:
        """Say once why there is no token: hosts ask every second."""
        complaint = f"{self.reader}: {error}"
        is_news = complaint != self._complaint and not isinstance(error, EXPECTED_ERRORS)
        log.write(log.WARNING if is_news else log.DEBUG, complaint)
        self._complaint = complaint

    def notice_changes(self) -> None:
        """End what was inserted if it is there no longer; costs no command."""
        with self._lock:
            try:
                event = self._watch.card_event(self.reader)
            except JpkiError as error:
                log.warning(f"reader {self.reader}: {error}")
                event = None
            lost = self._card is not None and not self._card.is_alive
            if event != self._event or lost:
                self._remove()
                self._event = event

    def has_changed(self) -> bool:
        """Whether a card came or went since this was last asked."""
        with self._lock:
            self.notice_changes()
            has_changed, self.last_event = self._event != self.last_event, self._event
            return has_changed

    def _insert(self) -> None:
        if self._event is None:
            raise CardAbsent(f"there is no card in {self.reader}")
        self._refuse_while_late()
        from pyjpki11.provider.card_cache import CardCache  # only here: all that is for cards is loaded with them
        from pyjpki11.provider.inserted_card import InsertedCard
        from pyjpki11.provider.token import tokens_of

        card = InsertedCard(self._driver, self.reader, self._settings.card_timeout)
        try:
            card.connect()
            cache = CardCache(self._settings.certificate_cache)
            self._tokens = tokens_of(card, cache, self._settings, self._next_handle)
        except JpkiError as error:
            if card.is_late:
                self._late, self._lateness = card, error
            card.end()
            self._note_failure(error)
            raise
        self._card = card
        log.info(f"{self.reader}: {self._tokens[0].card_facts.token_info.title}")

    def _refuse_while_late(self) -> None:
        """A first contact that takes too long is not waited for twice."""
        if self._late is not None and self._late.is_late:
            raise self._lateness
        self._late = None

    def _note_failure(self, error: JpkiError) -> None:
        """A card that is not one of ours is not asked again; one that stumbles is, but not for ever."""
        self._questions += isinstance(error, TRANSIENT_ERRORS)
        if isinstance(error, CardNotRecognized):
            log.info(f"{self.reader}: {error}")
            self._refusal = str(error)
        elif self._questions >= MAX_QUESTIONS:
            self._refusal = f"{error}; the card is left alone until it is inserted again"
            log.warning(f"{self.reader}: {self._refusal}")

    def _remove(self) -> None:
        if self._card is not None:
            self._card.end()
        self._card = None
        self._tokens = ()
        self._questions = 0
        self._refusal = ""

    def close(self) -> None:
        """Log out of what this process has logged in to, and give the card up."""
        with self._lock:
            for token in self._tokens:
                try:
                    token.log_out()
                except JpkiError as error:
                    log.warning(f"{self.reader}: the card keeps its login: {error}")
            self._remove()
