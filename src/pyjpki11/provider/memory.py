"""What earlier runs have read of cards, so that it need not be read again.

A card is known again by the beginning of its authentication certificate, which no other card has. Of it are kept the
three certificates that everybody may read, plus what it says of itself; never its signature certificate, nor
anything of a phone, which shows no certificate before a login. What was read wrong must not stay wrong, so only what
two runs have read alike is believed. Design: decision 9
"""

from __future__ import annotations

import os
from time import time

from pyjpki11 import storage
from pyjpki11.card.certificate import Certificate
from pyjpki11.card.jpki import CHUNK_LEN
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, TOKEN_INFO_EF
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.errors import BadCardData
from pyjpki11.provider import digest
from pyjpki11.provider.issuer import has_issued

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: One line a card: SHA-256 of the rest of the line, day of the last look at the signature CA, then each EF with its
#: content in hex, behind a sign that tells how often it was read.
FILE = "cards"
ONCE, TWICE = "~", "="
#: Cards remembered, the latest first; more would not fit into a file.
MAX_CARDS = 6
AUTHORITIES = (AUTHENTICATION.ca_certificate_ef, SIGNATURE.ca_certificate_ef)
REMEMBERED = (TOKEN_INFO_EF, AUTHENTICATION.certificate_ef, *AUTHORITIES)
#: Days after which EF 0002 is looked at again: it is written anew with the signature certificate, which may happen
#: without a new authentication certificate.
MAX_AGE_DAYS = 1
DAY_S = 24 * 3600
#: The CA certificates that J-LIS publishes, in PEM.
PUBLISHED = f"{os.path.dirname(os.path.dirname(__file__))}/certificates/published"

Files = dict[int, bytes]


class CardMemory:
    """What is remembered of the card in a reader: EF -> content."""

    def __init__(self, is_used: bool) -> None:
        self._is_used = is_used
        self._lines = storage.read_lines(FILE) if is_used else []
        self._files: Files = {}
        self._read_once: Files = {}
        self._learned: set[int] = set()  # in this run

    @property
    def has_cards(self) -> bool:
        """Whether any card is remembered well enough to be known again."""
        return any(f" {TOKEN_INFO_EF:04X}{TWICE}" in line for line in self._lines)

    def recall(self, head: bytes) -> TokenInfo | None:
        """What the card says of itself whose authentication certificate begins so; None for an unknown one.

        What else is remembered of that card is given by `certificate` from now on.
        """
        for line in self._lines:
            if len(head) == CHUNK_LEN and _is_about(line, head):
                self._read_once, self._files = _files_in(line)
                break
        return TokenInfo(self._files[TOKEN_INFO_EF]) if TOKEN_INFO_EF in self._files else None

    def certificate(self, ef: int, head: bytes | None = None) -> Certificate | None:
        """The certificate in an EF, as far as it is known from the card, from its head, or from what it has issued."""
        known = _parsed(self._files.get(ef, b""))
        if known is None and self._is_used and ef in AUTHORITIES:
            known = self._authority(ef, head)
        return known if known is not None and (head is None or known.der[:CHUNK_LEN] == head) else None

    def learn(self, token_info: TokenInfo, ef: int, content: bytes) -> None:
        """Remember what was read of the card."""
        is_news = ef not in self._learned and self._files.get(ef) != content
        if not (is_news and self._is_used and token_info.is_open and ef in REMEMBERED):
            return
        self._learned.add(ef)
        if self._read_once.pop(ef, None) == content:
            self._files[ef] = content
        else:
            self._files.pop(ef, None)
            self._read_once[ef] = content
        self._save()

    def forget(self, ef: int) -> None:
        """What is remembered of an EF is no longer true."""
        if self._files.pop(ef, None) is not None:
            self._save()

    def _authority(self, ef: int, head: bytes | None) -> Certificate | None:
        """A CA certificate that begins so; without its beginning, the one that has issued the user's certificate."""
        if head is not None:
            return next((it for it in self._authorities() if it.der[:CHUNK_LEN] == head), None)
        own = self._own()
        issued = _parsed(own) if own and ef == AUTHENTICATION.ca_certificate_ef else None
        return next((it for it in self._authorities() if issued and has_issued(it, issued)), None)

    def _own(self) -> bytes | None:
        """The card's authentication certificate."""
        ef = AUTHENTICATION.certificate_ef
        return self._files.get(ef) or self._read_once.get(ef)

    def _authorities(self) -> Iterator[Certificate]:
        """The CA certificates of all remembered cards, after those that J-LIS publishes."""
        met = (files[ef] for _once, files in map(_files_in, self._lines) for ef in AUTHORITIES if ef in files)
        yield from (parsed for der in (*_published(), *met) if (parsed := _parsed(der)) is not None)

    def _save(self) -> None:
        """Put the card's line first; the file may have others by now."""
        own = self._own()
        if own is None:
            return
        others = [line for line in storage.read_lines(FILE) if not _is_about(line, own[:CHUNK_LEN])]
        self._lines = [_line_of(self._read_once, self._files), *others[: MAX_CARDS - 1]]
        storage.write_lines(FILE, self._lines)


def _today() -> int:
    return int(time()) // DAY_S


def _line_of(once: Files, twice: Files) -> str:
    signed = ((ef, sign, content) for sign, files in ((ONCE, once), (TWICE, twice)) for ef, content in files.items())
    rest = " ".join((str(_today()), *(f"{ef:04X}{sign}{content.hex()}" for ef, sign, content in sorted(signed))))
    return f"{digest.of('sha256', rest.encode()).hex()} {rest}"


def _is_about(line: str, head: bytes) -> bool:
    """Whether the card's authentication certificate begins so."""
    return any(f" {AUTHENTICATION.certificate_ef:04X}{sign}{head.hex()}" in line for sign in (ONCE, TWICE))


def _files_in(line: str) -> tuple[Files, Files]:
    """The files that a line names, read once and read twice; none in a line that was spoilt."""
    once: Files = {}
    twice: Files = {}
    checksum, _, rest = line.partition(" ")
    if digest.of("sha256", rest.encode()).hex() != checksum:
        return once, twice
    day, *words = rest.split(" ")
    for word in words:
        ef, sign, content = word[:4], word[4], word[5:]
        (twice if sign == TWICE else once)[int(ef, 16)] = bytes.fromhex(content)
    if not 0 <= _today() - int(day) < MAX_AGE_DAYS:
        twice.pop(SIGNATURE.ca_certificate_ef, None)
    return once, twice


def _parsed(der: bytes) -> Certificate | None:
    try:
        return Certificate(der) if der else None
    except BadCardData:
        return None


def _published() -> Iterator[bytes]:
    """The DER form of each file, a certificate between two lines of its own."""
    from binascii import a2b_base64  # only here: it is not built into every Python

    for name in sorted(os.listdir(PUBLISHED)):
        if name.endswith(".pem"):
            with open(f"{PUBLISHED}/{name}", encoding="ascii") as file:
                yield a2b_base64("".join(line for line in file if not line.startswith("-----")))
