"""The card that the user means, opened through the same drivers as the module uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pyjpki11 import environment, settings
from pyjpki11.card.jpki import JpkiCard
from pyjpki11.card.text import TextCard
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.cli import exits, progress
from pyjpki11.cli.exits import ToolError
from pyjpki11.cli.language import _
from pyjpki11.cli.line import WatchedLine
from pyjpki11.cli.options import Options
from pyjpki11.errors import CardAbsent, JpkiError
from pyjpki11.reader.base import Driver
from pyjpki11.reader.drivers import open_driver


class Opened(NamedTuple):
    """A My Number card in a reader."""

    reader: str
    line: WatchedLine
    jpki: JpkiCard
    info: TokenInfo

    @property
    def text(self) -> TextCard:
        """Its input assist application; every call of it selects that application anew."""
        return TextCard(self.line)


class Readers:
    """The readers that the user means: all of them, or those that --reader names."""

    def __init__(self, driver: Driver, options: Options) -> None:
        self._driver = driver
        self._options = options

    def names(self) -> list[str]:
        """Their names, in the system's order.

        :raises ServiceUnavailable: the PC/SC service is not there.
        :raises ToolError: there is no such reader.
        """
        found = self._driver.reader_names()
        if not found:
            self._driver.card_event("")  # which says so where there is no service
            message, remedy = _("There is no card reader."), _("Plug one in; lsusb and pcsc_scan show what is known.")
            raise ToolError(exits.NO_READER, "no-reader", message, remedy)
        wanted = self._options.reader.casefold()
        meant = [name for name in found if wanted in name.casefold()]
        if not meant:
            message = _("No reader has '{name}' in its name.", name=self._options.reader)
            raise ToolError(exits.NO_READER, "no-reader", message, _("There are: {names}", names=", ".join(found)))
        return meant

    def has_card(self, name: str) -> bool:
        """Whether there is a card in a reader."""
        return self._driver.card_event(name) is not None

    def connect(self, name: str) -> WatchedLine:
        """The line to the card in a reader. See Driver.connect for what it raises."""
        return WatchedLine(self._driver.connect(name), self._options.trace)

    def open(self, name: str) -> Opened:
        """The My Number card in a reader.

        :raises CardNotRecognized: it is another card.
        """
        line = self.connect(name)
        try:
            jpki = JpkiCard(line)
            return Opened(name, line, jpki, jpki.identify())
        except JpkiError:
            line.close()
            raise


@contextmanager
def readers(options: Options) -> Iterator[Readers]:
    """The readers, for as long as the block runs."""
    chosen = settings.load(environment.variables())
    driver = open_driver(chosen.reader, chosen.card_timeout)
    try:
        yield Readers(driver, options)
    finally:
        driver.close()


@contextmanager
def open_line(options: Options) -> Iterator[WatchedLine]:
    """The line to the one card, of whatever kind, that the user means; errors and the end are those of `open_card`."""
    with readers(options) as those:
        names = [name for name in those.names() if those.has_card(name)]
        if not names:
            raise CardAbsent("there is no card in any reader")
        if len(names) > 1:
            raise _several(names)
        line = those.connect(names[0])
        try:
            yield line
        finally:
            _end(line, JpkiCard(line))


@contextmanager
def open_card(options: Options) -> Iterator[Opened]:
    """The one My Number card that the user means.

    When the block ends, the card is made to forget the PINs that it was given, unless the settings say to keep them:
    else every other program could use them. Design: decision 6

    :raises ToolError: there is no reader, or more than one such card.
    :raises CardAbsent: there is no card.
    :raises JpkiError: there are only cards that are no My Number cards, or do not answer.
    """
    with readers(options) as those:
        with progress.shown(_("Looking for the card")):
            card = _only_one(those)
        try:
            yield card
        finally:
            _end(card.line, card.jpki)


def _only_one(those: Readers) -> Opened:
    found: list[Opened] = []
    refusal: JpkiError = CardAbsent("there is no card in any reader")
    for name in those.names():
        if those.has_card(name):
            try:
                found.append(those.open(name))
            except JpkiError as error:  # another reader may hold a card that answers
                refusal = error
    if not found:
        raise refusal
    if len(found) > 1:
        for card in found:
            card.line.close()
        raise _several([card.reader for card in found])
    return found[0]


def _several(names: list[str]) -> ToolError:
    message, remedy = _("There are several cards."), _("Choose one with --reader NAME: {names}", names=", ".join(names))
    return ToolError(exits.NO_CARD, "several-cards", message, remedy)


def _end(line: WatchedLine, jpki: JpkiCard) -> None:
    try:
        if line.carried_pin and settings.load(environment.variables()).logout == settings.LOGOUT_CLEARS_CARD:
            jpki.clear_security_status()
    except JpkiError:
        pass  # the card is gone, and with it what it knew; or it is none of ours
    finally:
        line.close()
