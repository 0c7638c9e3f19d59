"""SHA-256 from the interpreter's own module.

hashlib would load the system's OpenSSL into foreign host processes.
"""

import importlib
from typing import Protocol, cast


class _Hash(Protocol):
    def digest(self) -> bytes: ...


class _Constructor(Protocol):
    def __call__(self, data: bytes) -> _Hash: ...


def _built_in() -> _Constructor:
    for name in ("_sha2", "_sha256"):  # Python 3.12 and later; Python 3.11
        try:
            return cast(_Constructor, importlib.import_module(name).sha256)
        except ImportError:
            continue
    return cast(_Constructor, importlib.import_module("hashlib").sha256)


_sha256 = _built_in()


def sha256(data: bytes) -> bytes:
    """The 32-byte SHA-256 digest of `data`."""
    return _sha256(data).digest()
