"""Files with certificates and revocation data that users name: never more of them than such files have."""

from __future__ import annotations

from pathlib import Path

from pyjpki11.certificates.errors import FileTooLong

#: The first byte of everything that is DER here; what does not begin so is text.
DER_BEGINS = b"\x30"

#: Bytes; all roots of a Linux system together have a quarter of a million.
MAX_CERTIFICATES_LEN = 1 << 20
#: Bytes; the list of a big town with 200,000 revoked certificates has 8 million.
MAX_LIST_LEN = 1 << 24
#: Bytes; a response has some thousands.
MAX_RESPONSE_LEN = 1 << 20


def is_der(data: bytes) -> bool:
    """Whether a file is DER; else it is text. What is inside never decides, because DER can contain any text."""
    return data[:1] == DER_BEGINS


def read(path: str | Path, max_len: int) -> bytes:
    """A file, whole.

    :raises OSError: it cannot be read.
    :raises FileTooLong: it is longer than a file of its kind.
    """
    with Path(path).open("rb") as file:
        data = file.read(max_len + 1)
    if len(data) > max_len:
        raise FileTooLong(str(path))
    return data
