"""The kinds of files a card application is made of, as rows."""

from collections.abc import Callable
from typing import NamedTuple

from .rules import Rules
from .store import Store

DIGITS = b"0123456789"
CAPITALS_AND_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ" + DIGITS


class Source(NamedTuple):
    """Where the contents of files come from."""

    store: Store
    rules: Rules


FREE: tuple[int, ...] = ()  # readable without any PIN


class DataFile(NamedTuple):
    """A transparent EF, readable when one of the PIN EFs `any_of` is verified.

    `any_of` None: never readable.
    """

    fid: int
    content: Callable[[Source], bytes]
    any_of: tuple[int, ...] | None = FREE


class RecordFile(NamedTuple):
    """A linear EF, free to read; its records count from 1."""

    fid: int
    records: Callable[[Source], tuple[bytes, ...]]


class PinFile(NamedTuple):
    """A PIN, stored under `name`; `tries` is what its counter is reset to."""

    fid: int
    name: str
    tries: int
    min_len: int
    max_len: int
    alphabet: bytes = DIGITS


class KeyFile(NamedTuple):
    """A private key stored under `name`, usable when the PIN EF `pin` is verified.

    `name` None: a key that only proprietary commands use, none of which this card has.
    """

    fid: int
    name: str | None
    pin: int


File = DataFile | RecordFile | PinFile | KeyFile


class Application(NamedTuple):
    """A card application.

    `open_key`: the key that 80 2A 00 00 uses without a PIN; `challenge_key`: that of INTERNAL AUTHENTICATE.
    """

    name: str
    aid: bytes
    files: tuple[File, ...] = ()
    open_key: str | None = None
    challenge_key: str | None = None

    def find(self, fid: int) -> File | None:
        """The file with this identifier."""
        return next((file for file in self.files if file.fid == fid), None)


def fixed(content: bytes) -> Callable[[Source], bytes]:
    """Content that is the same on every card."""
    return lambda source: content
