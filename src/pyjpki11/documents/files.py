"""Contents and signatures in files: read in chunks, recognised, armoured."""

from __future__ import annotations

import base64
import binascii
import email
import hashlib
import mmap
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pyjpki11.documents.envelope import Data
from pyjpki11.documents.errors import ContentChanged, NotSignedData

CHUNK_LEN = 1 << 20
#: Characters in a line of Base64, which stand for so many bytes. Spec: RFC 7468 2
PEM_COLUMNS, PEM_LINE_LEN = 64, 48

PEM = re.compile(rb"-----BEGIN (CMS|PKCS7)-----(?P<body>[\sA-Za-z0-9+/=]+)-----END \1-----\s*\Z")
MAIL_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
#: Bytes in which a file shows what it is.
HEAD_LEN = 4096
PEM_BEGIN, PEM_END = b"-----BEGIN CMS-----\n", b"-----END CMS-----\n"


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """What is left of a file."""
    while chunk := file.read(CHUNK_LEN):
        yield chunk


def hashes_of(chunks: Iterable[bytes], names: Iterable[str]) -> dict[str, bytes]:
    """Hashes of a content by their name, computed while it is read once."""
    hashing = {name: hashlib.new(name) for name in names}
    for chunk in chunks:
        for each in hashing.values():
            each.update(chunk)
    return {name: each.digest() for name, each in hashing.items()}


def unchanged(chunks: Iterable[bytes], hashes: Mapping[str, bytes]) -> Iterator[bytes]:
    """A content once more, as it was when its hashes were computed.

    :raises ContentChanged: it is another one, which shows only at its end.
    """
    hashing = {name: hashlib.new(name) for name in hashes}
    for chunk in chunks:
        for each in hashing.values():
            each.update(chunk)
        yield chunk
    if any(each.digest() != hashes[name] for name, each in hashing.items()):
        raise ContentChanged("somebody has changed the file meanwhile")


def armoured(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A signature in PEM."""
    yield PEM_BEGIN
    rest = b""
    for chunk in chunks:
        rest += chunk
        whole = len(rest) - len(rest) % PEM_LINE_LEN
        yield _lines(rest[:whole])
        rest = rest[whole:]
    yield _lines(rest)
    yield PEM_END


@contextmanager
def opened(path: Path) -> Iterator[Data]:
    """A signature's bytes, taken out of PEM or S/MIME.

    :raises OSError: the file cannot be read.
    :raises NotSignedData: it is empty, or spoilt PEM.
    """
    with path.open("rb") as file:
        try:
            mapped: Data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (ValueError, OSError):  # an empty file, or one that is a pipe
            mapped = file.read()
        try:
            if not mapped:
                raise NotSignedData("the file is empty")
            yield _unpacked(mapped)
        finally:
            if isinstance(mapped, mmap.mmap):
                mapped.close()


def pieces_of(data: Data, pieces: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """Parts of a file, in chunks."""
    for start, end in pieces:
        for position in range(start, end, CHUNK_LEN):
            yield data[position : min(position + CHUNK_LEN, end)]


def _lines(data: bytes) -> bytes:
    encoded = base64.b64encode(data)
    return b"".join(encoded[start : start + PEM_COLUMNS] + b"\n" for start in range(0, len(encoded), PEM_COLUMNS))


def _unpacked(data: Data) -> Data:
    head = data[:HEAD_LEN]
    if b"-----BEGIN" in head:
        return _from_pem(data[:])
    return _from_mail(data[:]) if b"pkcs7" in head and b"MIME-Version" in head else data


def _from_mail(text: bytes) -> bytes:
    """The signature in a message that is nothing else. Spec: RFC 8551 3.5.2"""
    message = email.message_from_bytes(text)
    signature = message.get_payload(decode=True)
    if message.get_content_type() not in MAIL_TYPES or not isinstance(signature, bytes):
        raise NotSignedData("it is a mail with the signature beside its content, and both have to be saved first")
    return signature


def _from_pem(text: bytes) -> bytes:
    found = PEM.search(text)
    if found is None:
        raise NotSignedData("its PEM is spoilt, or of something else")
    try:
        return base64.b64decode(b"".join(found["body"].split()), validate=True)
    except binascii.Error:
        raise NotSignedData("its PEM is spoilt") from None
