"""Contents and signatures in files: read in chunks, recognised, armoured."""

from __future__ import annotations

import binascii
import email
import hashlib
import mmap
import re
import stat
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from os import fstat
from pathlib import Path
from typing import IO

from pyjpki11.certificates.inputs import is_der
from pyjpki11.documents.ber import Data
from pyjpki11.documents.errors import ContentChanged, NotSignedData

CHUNK_LEN = 1 << 20
#: Characters in a line of Base64, which stand for so many bytes. Spec: RFC 7468 2
PEM_COLUMNS, PEM_LINE_LEN = 64, 48

PEM_LABEL = re.compile(rb"^-----BEGIN ([A-Z0-9 ]+)-----", re.MULTILINE)
PEM = re.compile(rb"^-----BEGIN (CMS|PKCS7)-----(?P<body>[\sA-Za-z0-9+/=]+)-----END \1-----\s*\Z", re.MULTILINE)
MAIL_HEADER = re.compile(rb"^MIME-Version:", re.MULTILINE | re.IGNORECASE)
MAIL_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
PDF_BEGINS = b"%PDF-"
#: Bytes in which a file that is text shows what it is.
HEAD_LEN = 1 << 16
#: Bytes of a signature that comes out of a pipe.
MAX_PIPED_LEN = 1 << 30
#: Bytes of bare signatures, made with RSA keys of the usual lengths.
BARE_LENGTHS = (256, 384, 512)
PEM_BEGIN, PEM_END = b"-----BEGIN CMS-----\n", b"-----END CMS-----\n"
LINE_ENDS = re.compile(rb"\r?\n\r?\n")


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
        raise ContentChanged("the file was changed meanwhile")


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
    :raises NotSignedData: it is something else, or spoilt.
    """
    with path.open("rb") as given, tempfile.TemporaryFile() as copy:
        file = given if stat.S_ISREG(fstat(given.fileno()).st_mode) else _copied(given, copy)
        if not file.seek(0, 2):
            raise NotSignedData("empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield _unpacked(mapped)


def _copied(pipe: IO[bytes], copy: IO[bytes]) -> IO[bytes]:
    """What comes out of a pipe, where it can be read more than once."""
    for chunk in chunks_of(pipe):
        copy.write(chunk)
        if copy.tell() > MAX_PIPED_LEN:
            raise NotSignedData("too-long")
    copy.flush()
    return copy


def pieces_of(data: Data, pieces: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """Parts of a file, in chunks."""
    for start, end in pieces:
        for position in range(start, end, CHUNK_LEN):
            yield data[position : min(position + CHUNK_LEN, end)]


def _lines(data: bytes) -> bytes:
    encoded = b64encode(data)
    return b"".join(encoded[start : start + PEM_COLUMNS] + b"\n" for start in range(0, len(encoded), PEM_COLUMNS))


def _unpacked(data: Data) -> Data:
    """The first byte says whether a file is DER; what is signed in it never does."""
    head = data[:HEAD_LEN]
    if is_der(head):
        return data
    for is_it, unpack in READERS:
        if is_it(head):
            return unpack(data[:])
    if len(data) in BARE_LENGTHS:
        raise NotSignedData("bare")
    raise NotSignedData("pdf" if head.startswith(PDF_BEGINS) else "not-cms")


def _is_mail(head: bytes) -> bool:
    return MAIL_HEADER.search(_headers(head)) is not None


def _headers(head: bytes) -> bytes:
    """What stands before the first empty line."""
    return LINE_ENDS.split(head, maxsplit=1)[0]


def _from_mail(text: bytes) -> bytes:
    """The signature in a message that is nothing else. Spec: RFC 8551 3.5.2"""
    headers = _headers(text[:HEAD_LEN])
    message = email.message_from_bytes(headers)
    encoding = str(message.get("Content-Transfer-Encoding", "")).strip().lower()
    if message.get_content_type() not in MAIL_TYPES or encoding != "base64":
        raise NotSignedData("mail")
    return _decoded(text[len(headers) :])


def _from_pem(text: bytes) -> bytes:
    """The signature in the only block of a file. Of several, each program would take another one."""
    labels = PEM_LABEL.findall(text)
    if len(labels) != 1 or text.count(b"-----BEGIN") != 1:
        raise NotSignedData("several-pems")
    if labels[0] == b"CERTIFICATE":
        raise NotSignedData("certificate")
    found = PEM.search(text)
    if found is None:
        raise NotSignedData("bad-pem")
    return _decoded(found["body"])


def _decoded(base64: bytes) -> bytes:
    try:
        return binascii.a2b_base64(base64.translate(None, b" \t\r\n\v\f"), strict_mode=True)
    except binascii.Error:
        raise NotSignedData("bad-pem") from None


#: What text may be, told by how it begins -> how the signature is taken out of it.
READERS = (
    (_is_mail, _from_mail),
    (lambda head: PEM_LABEL.search(head) is not None, _from_pem),
)
