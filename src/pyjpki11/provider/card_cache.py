"""What earlier runs have read of cards, so that it need not be read again.

A card is known again by the beginning of its authentication certificate, which no other card has. Of it are kept the
three certificates that can be read without a PIN, plus what it says of itself; never its signature certificate, nor
anything of a phone, which shows no certificate before a login. What was read wrong must not stay wrong, so only what
an authority's signature proves is kept. Design: decision 9
"""

from __future__ import annotations

from posix import listdir
from time import time

from pyjpki11 import cache_files, installation
from pyjpki11.card.application import CHUNK_LEN
from pyjpki11.card.certificate import Certificate
from pyjpki11.card.jpki import GLANCE_LEN
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, TOKEN_INFO_EF
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.errors import BadCardData
from pyjpki11.provider import digest
from pyjpki11.provider.issuer import has_issued

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: One line a card: SHA-256 of the rest of the line, day of the last look at the signature CA, then EF=content in hex.
FILE = "cards"
#: Cards remembered, the latest first; more would not fit into a file.
MAX_CARDS = 6
AUTHORITIES = (AUTHENTICATION.ca_certificate_ef, SIGNATURE.ca_certificate_ef)
#: Authorities come first: they prove the other.
CERTIFICATES = (*AUTHORITIES, AUTHENTICATION.certificate_ef)
#: Days after which EF 0002 is looked at again: it is written anew with the signature certificate, which may happen
#: without a new authentication certificate.
MAX_AGE_DAYS = 1
DAY_S = 24 * 3600
#: The CA certificates that are known by sight, in PEM: those of J-LIS, those of the software card. Here they
#: spare their reading, no more; whom to trust is the business of `certificates`.
KNOWN = tuple(f"{installation.folder()}/certificates/{name}" for name in ("published", "softcard"))

Files = dict[int, bytes]


class CardCache:
    """What is remembered of the card in a reader: EF -> content."""

    def __init__(self, is_used: bool) -> None:
        self.is_used = is_used
        self._lines = cache_files.read_lines(FILE) if is_used else []
        self._files: Files = {}
        self._unproven: Files = {}  # what was read, until an authority's signature proves it

    @property
    def has_cards(self) -> bool:
        """Whether any card is remembered."""
        return bool(self._lines)

    def lookup(self, head: bytes) -> TokenInfo | None:
        """What the card says of itself whose authentication certificate begins so; None for an unknown one.

        What else is remembered of that card is given by `certificate` from now on.
        """
        for line in self._lines:
            if len(head) >= GLANCE_LEN and _is_about(line, head):
                self._files = _files_in(line)
                break
        return TokenInfo(self._files[TOKEN_INFO_EF]) if TOKEN_INFO_EF in self._files else None

    def certificate(self, ef: int, head: bytes | None = None) -> Certificate | None:
        """The certificate in an EF, as far as it is known from the card, from its head, or from what it has issued."""
        known = _parsed(self._files.get(ef, b""))
        if known is None and self.is_used and ef in AUTHORITIES:
            known = self._authority(ef, head)
        return known if known is not None and (head is None or known.der[:CHUNK_LEN] == head) else None

    def store(self, token_info: TokenInfo, ef: int, content: bytes) -> None:
        """Remember what was read of the card, at once or as soon as it is proven."""
        if not (self.is_used and token_info.is_open and token_info.is_plausible and ef in CERTIFICATES):
            return
        if self._files.get(ef) == content:
            return
        self._unproven[ef] = content
        proven = [each for each in CERTIFICATES if each in self._unproven and self._prove(each)]
        if proven and AUTHENTICATION.certificate_ef in self._files:
            self._files[TOKEN_INFO_EF] = token_info.data
            self._save()

    def _prove(self, ef: int) -> bool:
        """Take a certificate for true whose authority, which may be itself, has signed it."""
        read = _parsed(self._unproven[ef])
        if read is None:
            return False
        issuers = (read,) if ef in AUTHORITIES else self._authorities()
        is_proven = any(has_issued(issuer, read) for issuer in issuers)
        if is_proven:
            self._files[ef] = self._unproven.pop(ef)
        return is_proven

    def forget(self, ef: int) -> None:
        """What is remembered of an EF is no longer true."""
        if self._files.pop(ef, None) is not None:
            self._save()

    def _authority(self, ef: int, head: bytes | None) -> Certificate | None:
        """A CA certificate that begins so; without its beginning, the one that has issued the user's certificate."""
        if head is not None:
            return next((it for it in self._authorities() if it.der[:CHUNK_LEN] == head), None)
        own = _parsed(self._files.get(AUTHENTICATION.certificate_ef, b""))
        issued = own if ef == AUTHENTICATION.ca_certificate_ef else None
        return next((it for it in self._authorities() if issued and has_issued(it, issued)), None)

    def _authorities(self) -> Iterator[Certificate]:
        """The CA certificates that are known: by sight, from this card, from all that are remembered."""
        met = [files[ef] for files in (self._files, *map(_files_in, self._lines)) for ef in AUTHORITIES if ef in files]
        yield from (parsed for der in (*_known_by_sight(), *met) if (parsed := _parsed(der)) is not None)

    def _save(self) -> None:
        """Put the card's line first; the file may have others by now."""
        own = self._files.get(AUTHENTICATION.certificate_ef)
        if own is None:
            return
        others = [line for line in cache_files.read_lines(FILE) if not _is_about(line, own[:GLANCE_LEN])]
        self._lines = [_line_of(self._files), *others[: MAX_CARDS - 1]]
        cache_files.write_lines(FILE, self._lines)


def _today() -> int:
    return int(time()) // DAY_S


def _line_of(files: Files) -> str:
    rest = " ".join((str(_today()), *(f"{ef:04X}={content.hex()}" for ef, content in sorted(files.items()))))
    return f"{digest.of('sha256', rest.encode()).hex()} {rest}"


def _is_about(line: str, head: bytes) -> bool:
    """Whether the card's authentication certificate begins so."""
    return f" {AUTHENTICATION.certificate_ef:04X}={head.hex()}" in line


def _files_in(line: str) -> Files:
    """The files that a line names; none in a line that was spoilt, or that another version has written."""
    checksum, _, rest = line.partition(" ")
    if digest.of("sha256", rest.encode()).hex() != checksum:
        return {}
    day, *words = rest.split(" ")
    try:
        files = {int(ef, 16): bytes.fromhex(content) for ef, _, content in (word.partition("=") for word in words)}
        is_fresh = 0 <= _today() - int(day) < MAX_AGE_DAYS
    except ValueError:
        return {}
    if not is_fresh:
        files.pop(SIGNATURE.ca_certificate_ef, None)
    return files


def _parsed(der: bytes) -> Certificate | None:
    try:
        return Certificate(der) if der else None
    except BadCardData:
        return None


def _known_by_sight() -> Iterator[bytes]:
    """The DER form of each file, a certificate between two lines of its own."""
    from binascii import a2b_base64  # only here: it is not built into every Python

    for path in (f"{folder}/{name}" for folder in KNOWN for name in sorted(listdir(folder))):
        if path.endswith(".pem"):
            with open(path, "rb", buffering=0) as file:
                yield a2b_base64(file.read().split(b"-----")[2])
