"""Hashes, computed by the interpreter itself.

`hashlib` is not used: it would load the system's OpenSSL into a process that may be in the middle of a call of
it (design decision 3).
"""

from __future__ import annotations

from pyjpki11.provider.steps import READY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Hash(Protocol):
        """A hash being computed."""

        def update(self, data: bytes | bytearray, /) -> None:
            """Take in more data."""

        def digest(self) -> bytes:
            """The hash of all data so far."""


#: Hash -> modules that have it, by Python version (3.12 merged the SHA-2 modules).
_MODULES = {
    "sha1": ("_sha1",),
    "sha224": ("_sha2", "_sha256"),
    "sha256": ("_sha2", "_sha256"),
    "sha384": ("_sha2", "_sha512"),
    "sha512": ("_sha2", "_sha512"),
}

#: Bytes that a hash takes in one call: 64 GiB, more than fits in memory; a longer length is an error.
NO_LIMIT = 1 << 36
#: Bytes of each hash.
OUTPUT_LEN = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
CHECK_VALUE_LEN = 3


_makers: dict[str, Callable[[], Hash]] = {}


def new(name: str) -> Hash:
    """A hash function by its name in lower case, without a hyphen."""
    if name not in _makers:  # once: a search in vain costs, and holds a lock that a fork would never see opened
        _makers[name] = _find(name)
    return _makers[name]()


def of(name: str, data: bytes) -> bytes:
    """The hash of data."""
    hashing = new(name)
    hashing.update(data)
    return hashing.digest()


def _find(name: str) -> Callable[[], Hash]:
    for module in _MODULES[name]:
        try:
            made: Callable[[], Hash] = getattr(__import__(module), name)
        except ImportError:
            continue
        return made
    raise ImportError(f"this Python has no built-in {name}")


def check_value(certificate: bytes) -> bytes:
    """CKA_CHECK_VALUE of a certificate. Spec: PKCS#11 v3.1 4.6.2"""
    sha1 = new("sha1")
    sha1.update(certificate)
    return sha1.digest()[:CHECK_VALUE_LEN]


class DigestOperation:
    """A hash being computed for the host."""

    room = NO_LIMIT

    def __init__(self, name: str) -> None:
        self.phase = READY
        self._hash = new(name)
        self.output_len = OUTPUT_LEN[name]

    def update(self, data: bytes) -> None:
        """Take in a part."""
        self._hash.update(data)

    def finish(self) -> bytes:
        """The hash of all parts."""
        return self._hash.digest()

    def digest(self, data: bytes) -> bytes:
        """The hash of all parts, with one more."""
        self._hash.update(data)
        return self._hash.digest()
