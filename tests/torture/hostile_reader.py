"""A reader with a card that answers what it likes: a software card with somebody in between."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

from torture import hostile_files
from torture.choices import Choices

from jpki_softcard import faults
from jpki_softcard.card import Card
from jpki_softcard.link import Link
from jpki_softcard.rsa import PrivateKey
from jpki_softcard.store import CERTIFICATES, Pin, Store
from jpki_softcard.transport import READER_NAME
from jpki_softcard.transport import Connection as CardConnection
from jpki_softcard.transport import Driver as CardDriver
from pyjpki11 import errors

VERIFY, CHANGE, SELECT, READ_BINARY, GET_RESPONSE = 0x20, 0x24, 0xA4, 0xB0, 0xC0
BY_NAME = 0x04  # P1 of SELECT
JPKI_AID = bytes.fromhex("D392F000260100000001")
PINS = {"auth": Pin(b"1234", 3), "sign": Pin(b"ABC123", 5), "text": Pin(b"1234", 3)}
#: How many of a thousand answers are spoilt, by the mood of the card.
MOODS = (0, 0, 5, 20, 60, 250, 1000)
WORDS = (
    0x9000, 0x61FF, 0x6100, 0x6110, 0x6C00, 0x6C10, 0x6282, 0x6300, 0x63C0, 0x63C1, 0x63CF, 0x6700, 0x6982, 0x6983,
    0x6984, 0x6985, 0x6986, 0x6A80, 0x6A82, 0x6A86, 0x6A88, 0x6B00, 0x6D00, 0x6E00, 0x6F00, 0x0000, 0xFFFF,
)  # fmt: skip
#: Cards that are as they are, one of which each example has.
KINDS = ("", "", "sw-6cxx", "sw-61xx", "no-short-ef", "no-pss", "pss-salt-20", "security-first", "phone", "other-key",
         "first-command-6f00", "change-clears", "foreign-card", "no-sign-cert")  # fmt: skip


def every_error() -> list[Callable[[], Exception]]:
    """Makes each exception that a layer might raise."""
    with_numbers: list[Callable[[], Exception]] = [
        lambda: errors.CryptokiError(0x30),
        lambda: errors.StatusWordError(0x6F00, 0x2A),
        lambda: errors.SecurityStatusNotSatisfied(0x6982, 0x2A),
        lambda: errors.PinRejected(2),
        lambda: errors.PinRejected(None),
    ]
    classes = [one for _name, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, Exception)]
    simple = [one for one in classes if one.__init__ is Exception.__init__]
    return [*with_numbers, *simple]


ERRORS = every_error()
LOSSES = (errors.CardMute, errors.CardRemoved, errors.ReaderGone)


@lru_cache(maxsize=4096)
def _applied(key: PrivateKey, block: bytes) -> bytes:
    return PrivateKey.apply(key, block)


class QuickKey(PrivateKey):
    """A key that remembers what it signed, since the same little is signed again and again."""

    def apply(self, block: bytes) -> bytes:
        """RSASP1."""
        return _applied(PrivateKey(*self), block)


class Memory(Store):
    """A card's memory that is not on disk, with what certificates one likes."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory)
        self.genuine = {name: super(Memory, self).certificate(name) for name in CERTIFICATES}
        self._keys = {name: QuickKey(*super(Memory, self).key(name)) for name in self._card["keys"]}
        self.forget(self.genuine)

    def forget(self, certificates: Mapping[str, bytes]) -> None:
        """As issued, but for the certificates."""
        self._certificates = certificates
        self._now = dict(PINS)

    def key(self, name: str) -> PrivateKey:
        """The private key stored under `name`."""
        return self._keys[name]

    def certificate(self, name: str) -> bytes:
        """What is in place of a certificate."""
        return self._certificates[name]

    @contextmanager
    def pins(self) -> Iterator[dict[str, Pin]]:
        """The PINs by name."""
        yield self._now


class Reader:
    """A reader.base.Driver. It counts what it is sent, and notes what each answer was made of.

    `commands` and `verifications` are counted from the last `start_call` on; `is_careless` tells whether a PIN was
    presented since then without proof of whose PIN it would be.
    """

    def __init__(self, memory: Memory, choices: Choices) -> None:
        self.choices = choices
        memory.forget({name: hostile_files.certificate(choices, der) for name, der in memory.genuine.items()})
        self._inner = CardDriver(Link(Card(memory, faults.apply(filter(None, [choices.one_of(KINDS)])))))
        self._mood = choices.one_of(MOODS)
        self._never_ends = choices.happens(1, 8)
        self._dribbles = choices.happens(1, 8)
        self._earlier = [b"\x90\0"]
        self.features: set[Hashable] = set()
        self.answers = 0
        #: What no caller may do; an error alone could get lost where nobody waits for the answer.
        self.complaints: list[str] = []
        self.start_call("")

    def start_call(self, name: str) -> None:
        """Count anew."""
        self._call = name
        self.commands = 0
        self.verifications: list[bytes] = []
        self.changes = 0
        self.is_careless = False

    # -- the driver -----------------------------------------------------------------------------------------

    def reader_names(self) -> list[str]:
        """One reader, or a strange list."""
        self._may_fail()
        names = self._inner.reader_names()
        return self.choices.one_of(([], names * 2, [*names, "あ" * 100, ""])) if self._is_spoilt(1) else names

    def card_event(self, reader: str) -> int | None:
        """Now and then another card, or none."""
        self._may_fail()
        if self._is_spoilt(4):
            happening = self.choices.below(3)
            if happening == 0:
                self._inner.remove()
            elif happening == 1:
                self._inner.insert()
        return self._inner.card_event(READER_NAME)

    def connect(self, reader: str) -> Connection:
        """A connection to the card."""
        self._may_fail()
        return Connection(self, self._inner.connect(READER_NAME))

    def wait(self, known: Mapping[str, int | None]) -> None:
        """Nobody waits here."""

    def cancel(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        """The module has ended."""

    def reset(self) -> None:
        """Another program resets the card."""
        self._inner.reset()

    def swap(self) -> None:
        """The card is taken out and put back."""
        self._inner.insert()

    # -- what goes wrong ------------------------------------------------------------------------------------

    def _is_spoilt(self, divisor: int) -> bool:
        return self._mood > 0 and self.choices.happens(self._mood, 1000 * divisor)

    def _may_fail(self) -> None:
        if self._is_spoilt(4):
            raise self.choices.one_of(ERRORS)()

    def begin(self) -> bool:
        """Whether a transaction finds the card reset."""
        self._may_fail()
        if not self._is_spoilt(4):
            return False
        self._inner.reset()
        return True

    def others(self, look: Callable[[], bool]) -> bool:
        """Whether there are other programs."""
        self._may_fail()
        return look() or self._is_spoilt(1)

    def require(self, condition: bool, complaint: str) -> None:
        """Complain unless it is so."""
        if not condition:
            self.complaints.append(complaint)
            raise AssertionError(complaint)

    def note(self, command: bytes) -> None:
        """Count a command that is sent."""
        self.answers += 1
        self.commands += 1
        if command[1] == VERIFY and len(command) > 5:
            self.verifications.append(command[5:])
        self.changes += command[1] == CHANGE

    def answer(self, command: bytes, make: Callable[[], bytes]) -> bytes:
        """The card's answer, or what is made of it."""
        if command[1] == GET_RESPONSE and self._never_ends and self._mood:
            return bytes(self.choices.below(3)) + b"\x61\xff"
        if not self._is_spoilt(1):
            answer = make()
            if command[1] == READ_BINARY and self._dribbles and self._mood:
                answer = answer[: 1 + self.choices.below(3)] + answer[-2:] if len(answer) > 2 else answer
            self._earlier = [*self._earlier[-20:], answer]
        else:
            trick = self.choices.below(len(TRICKS))
            self.features.add((self._call, command[1], trick))
            answer = TRICKS[trick](self, make)
        self.features.add((self._call, command[1], answer[-2:-1], min(len(answer), 258) // 64))
        return answer

    def replayed(self) -> bytes:
        """The answer to another command."""
        return self.choices.one_of(self._earlier)


def _raise(reader: Reader, make: Callable[[], bytes]) -> bytes:
    raise reader.choices.one_of(ERRORS)()


def _lose(reader: Reader, make: Callable[[], bytes]) -> bytes:
    """The card has done what it was told, but nobody hears of it."""
    make()
    raise reader.choices.one_of(LOSSES)()


def _other_word(reader: Reader, make: Callable[[], bytes]) -> bytes:
    return make()[:-2] + reader.choices.one_of(WORDS).to_bytes(2, "big")


def _any_word(reader: Reader, make: Callable[[], bytes]) -> bytes:
    return reader.choices.below(0x10000).to_bytes(2, "big")


def _word_only(reader: Reader, make: Callable[[], bytes]) -> bytes:
    return reader.choices.one_of(WORDS).to_bytes(2, "big")


def _flip(reader: Reader, make: Callable[[], bytes]) -> bytes:
    answer = bytearray(make())
    answer[reader.choices.below(len(answer))] ^= 1 << reader.choices.below(8)
    return bytes(answer)


def _cut(reader: Reader, make: Callable[[], bytes]) -> bytes:
    answer = make()
    return answer[: reader.choices.below(len(answer) - 1)] + answer[-2:]


def _stretch(reader: Reader, make: Callable[[], bytes]) -> bytes:
    answer = make()
    return answer[:-2] + reader.choices.some_bytes(1 + reader.choices.below(300)) + answer[-2:]


#: Ways to answer something else.
TRICKS: tuple[Callable[[Reader, Callable[[], bytes]], bytes], ...] = (
    _raise,
    _lose,
    _other_word,
    _any_word,
    _word_only,
    _flip,
    _flip,
    _cut,
    _stretch,
    lambda reader, make: b"",
    lambda reader, make: reader.choices.some_bytes(1),
    lambda reader, make: reader.choices.some_bytes(0x10000) + b"\x90\0",
    lambda reader, make: reader.choices.some_bytes(reader.choices.below(258)) + b"\x90\0",
    lambda reader, make: make()[:-2] + b"\x61" + bytes((reader.choices.below(256),)),
    lambda reader, make: b"\x6c" + bytes((reader.choices.below(256),)),
    lambda reader, make: reader.replayed(),
    lambda reader, make: make()[:1] + b"\x90\0",
)


class Connection:
    """A reader.base.Connection to the card."""

    def __init__(self, reader: Reader, inner: CardConnection) -> None:
        self._reader = reader
        self._inner = inner
        self.is_under_way = False
        self._is_proven = False  # that the JPKI application is selected
        self._question = b""
        self.is_shared = inner.is_shared

    def look_for_others(self) -> bool:
        """Whether another program is connected, or an error."""
        self._reader.require(not self.is_under_way, "others looked for within a transaction")
        self.is_shared = self._reader.others(self._inner.look_for_others)
        return self.is_shared

    def begin(self) -> bool:
        """Enter a transaction; they do not overlap."""
        self._reader.require(not self.is_under_way, "a transaction within a transaction")
        self._is_proven = False
        was_reset = self._reader.begin()
        was_reset |= self._inner.begin()
        self.is_under_way = True
        return was_reset

    def transmit(self, command: bytes | bytearray) -> bytes:
        """The answer to a command."""
        self._reader.require(self.is_under_way, "a command outside of a transaction")
        copy = bytes(command)
        self._reader.note(copy)
        self._reader.is_careless |= copy[1] == VERIFY and len(copy) > 4 and not self._is_proven
        if copy[1] != GET_RESPONSE:
            self._question = copy
        answer = self._reader.answer(copy, lambda: self._inner.transmit(copy))
        if answer[-2:] == b"\x90\0" or self._question[1] == SELECT:
            self._weigh(answer[-2:] == b"\x90\0")
        return answer

    def _weigh(self, is_success: bool) -> None:
        """What an answer to a SELECT proves."""
        if self._question[1:3] == bytes((SELECT, BY_NAME)):
            self._is_proven = is_success and self._question.endswith(JPKI_AID)

    def end(self) -> None:
        """Leave the transaction."""
        self._reader.require(self.is_under_way, "the end of no transaction")
        self.is_under_way = False
        self._inner.end()

    def power_cycle(self) -> None:
        """Take the power for a moment."""
        self._reader.require(not self.is_under_way, "the power taken within a transaction")
        self._inner.power_cycle()

    def close(self) -> None:
        """Give the card up."""
        self._reader.require(not self.is_under_way, "the card given up within a transaction")
        self._inner.close()
