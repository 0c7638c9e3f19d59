"""The card that the user means, opened through the same drivers as the module uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from pyjpki11 import environment, settings
from pyjpki11.card.jpki import JpkiCard
from pyjpki11.card.text import TextCard
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.cli.card.traced_connection import WatchedLine
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import exits, progress
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.terminal.options import Function, Options, json_option, shared, trace_option
from pyjpki11.errors import CardAbsent, JpkiError
from pyjpki11.iso7816.channel import Channel
from pyjpki11.printable import printable
from pyjpki11.provider.inserted_card import InsertedCard
from pyjpki11.provider.reader_watch import ReaderWatch
from pyjpki11.reader.base import Driver
from pyjpki11.reader.drivers import open_driver


class Opened:
    """A card in a reader; `run` gives it commands, as one step with one time limit (InsertedCard.run)."""

    def __init__(self, card: InsertedCard) -> None:
        self.card = card
        self.reader = card.reader
        self.run = card.run

    @property
    def jpki(self) -> JpkiCard:
        """Its JPKI application."""
        return self.card.jpki

    @property
    def text(self) -> TextCard:
        """Its input assist application; every call of it selects that application anew."""
        return TextCard(self.card.channel)

    def exchange(self, apdu: bytearray) -> bytes:
        """The response APDU to a command APDU, in a transaction of its own."""
        return self.run(_exchange, self.card.channel, apdu)

    def end(self) -> None:
        """Make the card forget the PINs that it was given, unless the settings say to keep them, and give it up: else
        every other program could use them. Design: decision 6"""
        connection = self.card.channel.connection
        carried_pin = isinstance(connection, WatchedLine) and connection.carried_pin
        try:
            if carried_pin and settings.load(environment.variables()).logout == settings.LOGOUT_CLEARS_CARD:
                self.run(self.jpki.clear_security_status)
        except JpkiError:
            pass  # the card is gone, and with it what it knew; or it is not one of ours
        finally:
            self.card.end()


class MyNumberCard(Opened):
    """A My Number card in a reader."""

    def __init__(self, card: InsertedCard) -> None:
        """:raises CardNotRecognized: it is another card."""
        super().__init__(card)
        self.info: TokenInfo = card.run(card.jpki.read_token_info)


def _exchange(channel: Channel, apdu: bytearray) -> bytes:
    with channel.transaction():
        return channel.connection.transmit(apdu)


class Readers:
    """The readers that the user means: all of them, or those that --reader names."""

    def __init__(self, driver: Driver, options: Options, timeout_s: float) -> None:
        """:param timeout_s: seconds that the service, or one step on a card, may take."""
        self._driver = driver
        self._watch = ReaderWatch(driver, timeout_s)
        self._options = options
        self._timeout_s = timeout_s

    def names(self) -> list[str]:
        """Their names, in the system's order.

        :raises ServiceUnavailable: the PC/SC service is not there.
        :raises ToolError: there is no such reader.
        """
        found = self._watch.reader_names()
        if not found:
            remedy = _("Connect one; lsusb and pcsc_scan show which readers are recognised.")
            raise ToolError(exits.NO_READER, "no-reader", _("There is no card reader."), remedy)
        wanted = self._options.reader.casefold()
        meant = [name for name in found if wanted in name.casefold()]
        if not meant:
            message = _("No reader has a name that contains '{name}'.", name=self._options.reader)
            remedy = _("Connected readers: {names}", names=", ".join(found))
            raise ToolError(exits.NO_READER, "no-reader", message, remedy)
        return meant

    def close(self) -> None:
        """Leave the service."""
        self._watch.close()

    def has_card(self, name: str) -> bool:
        """Whether there is a card in a reader."""
        return self._watch.card_event(name) is not None

    def connect(self, name: str) -> WatchedLine:
        """The line to the card in a reader. See Driver.connect for what it raises."""
        return WatchedLine(self._driver.connect(name), self._options.trace)

    def insert(self, name: str) -> InsertedCard:
        """The card in a reader, of whatever kind. See Driver.connect for what it raises."""
        card = InsertedCard(self, name, self._timeout_s)
        card.connect()
        return card

    def open(self, name: str) -> MyNumberCard:
        """The My Number card in a reader.

        :raises CardNotRecognized: it is another card.
        """
        card = self.insert(name)
        try:
            return MyNumberCard(card)
        except JpkiError:
            card.end()
            raise


@contextmanager
def readers(options: Options) -> Iterator[Readers]:
    """The readers, for as long as the block runs."""
    chosen = settings.load(environment.variables())
    open_readers = Readers(open_driver(chosen.reader), options, chosen.card_timeout)
    try:
        yield open_readers
    finally:
        open_readers.close()


@contextmanager
def open_any_card(options: Options) -> Iterator[Opened]:
    """The one card, of whatever kind, that the user means; errors and the end are those of `open_card`."""
    with readers(options) as open_readers:
        names = [name for name in open_readers.names() if open_readers.has_card(name)]
        if not names:
            raise CardAbsent("there is no card in any reader")
        if len(names) > 1:
            raise _several(names)
        card = Opened(open_readers.insert(names[0]))
        try:
            yield card
        finally:
            card.end()


@contextmanager
def open_card(options: Options) -> Iterator[MyNumberCard]:
    """The one My Number card that the user means; when the block ends, see Opened.end.

    :raises ToolError: there is no reader, or more than one such card.
    :raises CardAbsent: there is no card.
    :raises JpkiError: there are only cards that are not My Number cards, or do not answer.
    """
    with readers(options) as open_readers:
        with progress.shown(_("Looking for the card")):
            card = _only_one(open_readers)
        try:
            yield card
        finally:
            card.end()


def _only_one(open_readers: Readers) -> MyNumberCard:
    found: list[MyNumberCard] = []
    refusal: JpkiError = CardAbsent("there is no card in any reader")
    for name in open_readers.names():
        if open_readers.has_card(name):
            try:
                found.append(open_readers.open(name))
            except JpkiError as error:  # another reader may hold a card that answers
                refusal = error
    if not found:
        raise refusal
    if len(found) > 1:
        for card in found:
            card.end()
        raise _several([card.reader for card in found])
    return found[0]


def _several(names: list[str]) -> ToolError:
    message, remedy = _("There are several cards."), _("Choose one with --reader NAME: {names}", names=", ".join(names))
    return ToolError(exits.NO_CARD, "several-cards", message, remedy)


# -- options of commands that use a card -----------------------------------------------------------------------


def reader_option(function: Function) -> Function:
    """--reader NAME, of every command that uses a card."""
    text = _("Use the reader whose name contains NAME.")
    return shared("--reader", metavar="NAME", shell_complete=_complete_reader, help=text)(function)


def _complete_reader(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The readers for a shell that completes --reader; none where they cannot be asked for."""
    options = Options()
    options.reader = incomplete
    try:
        with readers(options) as open_readers:
            return [name for name in open_readers.names() if printable(name) == name]  # others no shell can be given
    except Exception:
        return []


def card_options(function: Function) -> Function:
    """The options of every command that uses a card."""
    return reader_option(trace_option(json_option(function)))
