"""The card's permanent memory, a directory."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .errors import StateError
from .padding import pkcs1_v15
from .rsa import PrivateKey

FORMAT = 1
CERTIFICATES = ("auth", "sign", "auth_ca", "sign_ca")
CARD_FILE, PIN_FILE, LOCK_FILE = "card.json", "pins.json", "lock"
#: Do not follow links or wait for the other end of a FIFO; Windows has neither.
CAREFULLY: int = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"))


class Pin(NamedTuple):
    """A PIN's value with the tries left before it is blocked."""

    value: bytes
    tries: int


class Store:
    """A state directory, read as needed.

    Keys and certificates never change; PINs are read again for every use: several processes share a card.
    """

    def __init__(self, directory: str) -> None:
        """Open the directory; StateError when there is no card in it."""
        self.directory = directory
        self._card = _read_json(os.path.join(directory, CARD_FILE))
        if self._card.get("format") != FORMAT:
            raise StateError(f"{directory}: not a software card of format {FORMAT}")

    @property
    def card_number(self) -> bytes:
        """15 ASCII digits, different on every card."""
        return str(self._card["number"]).encode()

    @property
    def holder(self) -> tuple[str, ...] | None:
        """Name, address, birth date (YYYYMMDD) and code of the sex, if the card was made for a named person."""
        holder = self._card.get("holder")
        return tuple(map(str, holder)) if holder else None

    def key(self, name: str) -> PrivateKey:
        """The private key stored under `name`."""
        numbers = self._card["keys"][name]
        return PrivateKey(**{part: int(value, 16) for part, value in numbers.items()})

    def certificate(self, name: str) -> bytes:
        """The DER certificate stored under `name`, one of CERTIFICATES."""
        return _read(os.path.join(self.directory, name + ".der"))

    def sign_raw(self, name: str, block: bytes) -> bytes:
        """PKCS #1 v1.5 over `block` as it is, big-endian."""
        key = self.key(name)
        return key.apply(pkcs1_v15(block, key.size))

    @contextmanager
    def pins(self) -> Iterator[dict[str, Pin]]:
        """The PINs by name; changes are on disk when the block ends."""
        with locked(self.directory):
            path = os.path.join(self.directory, PIN_FILE)
            before = {name: _pin(row) for name, row in _read_json(path).items()}
            now = dict(before)
            yield now
            if now != before:
                write_pins(self.directory, now)


def write_card(directory: str, number: str, keys: dict[str, PrivateKey], holder: tuple[str, ...] | None = None) -> None:
    """Write what never changes; its presence makes the directory a card, so write it last. See Store for `holder`."""
    rows = {name: {part: f"{value:x}" for part, value in key._asdict().items()} for name, key in keys.items()}
    card = {"format": FORMAT, "number": number, "keys": rows, "holder": holder}
    _write_json(os.path.join(directory, CARD_FILE), card)


def write_pins(directory: str, pins: dict[str, Pin]) -> None:
    """Replace all PINs."""
    rows = {name: {"value": pin.value.decode("latin-1"), "tries": pin.tries} for name, pin in pins.items()}
    _write_json(os.path.join(directory, PIN_FILE), rows)


def write_certificate(directory: str, name: str, der: bytes) -> None:
    """Store a DER certificate under `name`."""
    replace_file(os.path.join(directory, name + ".der"), der)


def exists(directory: str) -> bool:
    """Whether the directory holds a card."""
    return os.path.exists(os.path.join(directory, CARD_FILE))


def default_directory() -> str:
    """$XDG_STATE_HOME/jpki-softcard, or the same in ~/.local/state.

    StateError where the home is another user's, as root's can be under sudo: a card made there would be root's.
    """
    home = os.environ.get("XDG_STATE_HOME")
    if not home:
        _require_own(os.path.expanduser("~"))
        home = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(home, "jpki-softcard")


def _require_own(folder: str) -> None:
    user = getattr(os, "geteuid", None)  # Windows has none
    if user is not None and os.path.isdir(folder) and os.stat(folder).st_uid != user():
        raise StateError(f"{folder}: it belongs to another user, so name a directory for the card")


def replace_file(path: str, content: bytes) -> None:
    """Write a file of mode 0600 that is there whole or not at all. What is there already is not written to."""
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
    descriptor = _open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        raise StateError(f"{path}: {error.strerror}") from error


def _open(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | CAREFULLY, 0o600)
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from error


@contextmanager
def locked(directory: str) -> Iterator[None]:
    """Keep other processes out of the directory; does nothing where the system has no flock."""
    try:
        import fcntl
    except ImportError:  # Windows: one process at a time uses a card there
        yield
        return
    descriptor = _open(os.path.join(directory, LOCK_FILE), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child forked meanwhile has the descriptor too
        os.close(descriptor)


def _pin(row: dict[str, Any]) -> Pin:
    return Pin(str(row["value"]).encode("latin-1"), int(row["tries"]))


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from error


def _read_json(path: str) -> dict[str, Any]:
    try:
        content = json.loads(_read(path))
    except ValueError as error:
        raise StateError(f"{path}: damaged: {error}") from error
    if not isinstance(content, dict):
        raise StateError(f"{path}: damaged: not an object")
    return content


def _write_json(path: str, content: dict[str, Any]) -> None:
    replace_file(path, json.dumps(content, indent=1).encode() + b"\n")
