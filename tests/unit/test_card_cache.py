"""What is remembered of cards: known again by their certificate, never mixed up, never in the way."""

from __future__ import annotations

import errno
import os
import posix
from collections.abc import Callable
from pathlib import Path

import pytest
from unit import certificates

from pyjpki11 import cache_files
from pyjpki11.card.jpki import GLANCE_LEN
from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE, TOKEN_INFO_EF
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.provider import card_cache, digest
from pyjpki11.provider.card_cache import CardCache

HEAD_LEN = 256
OWN, AUTHORITY, SIGNATURE_AUTHORITY = (
    AUTHENTICATION.certificate_ef,
    AUTHENTICATION.ca_certificate_ef,
    SIGNATURE.ca_certificate_ef,
)
ICC = TokenInfo(b"JPKIAPICCTOKEN2".ljust(160))
PHONE = TokenInfo(b"JPKIAPGPSETOKEN".ljust(160))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache, not there yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "pyjpki11"


@pytest.fixture
def card() -> dict[int, bytes]:
    """The public certificates of a card."""
    return certificates.of_a_card()


def learn(files: dict[int, bytes], info: TokenInfo = ICC) -> None:
    """A run that reads everything."""
    known = CardCache(True)
    known.lookup(files[OWN][:HEAD_LEN])
    for ef, content in files.items():
        known.store(info, ef, content)


def recalled(files: dict[int, bytes]) -> dict[int, bytes | None]:
    """What the next run knows of that card, without reading more than its head."""
    known = CardCache(True)
    known.lookup(files[OWN][:HEAD_LEN])
    return {ef: it.der if (it := known.certificate(ef)) else None for ef in files}


def test_a_card_is_known_again(folder: Path, card: dict[int, bytes]) -> None:
    assert not CardCache(True).has_cards
    learn(card)
    known = CardCache(True)
    assert known.has_cards
    info = known.lookup(card[OWN][:HEAD_LEN])
    assert info is not None and info.data == ICC.data
    assert recalled(card) == card


@pytest.mark.parametrize("ef", [OWN, AUTHORITY, SIGNATURE_AUTHORITY])
def test_what_was_read_wrong_is_not_remembered(folder: Path, card: dict[int, bytes], ef: int) -> None:
    """A bit of it differs: no authority has signed that."""
    spoilt = card[ef][:-40] + bytes((card[ef][-40] ^ 1,)) + card[ef][-39:]
    learn({**card, ef: spoilt})
    assert recalled(card)[ef] is None
    learn(card)
    assert recalled(card) == card


def test_of_an_unknown_authority(folder: Path, card: dict[int, bytes]) -> None:
    """Nothing proves the certificate until its authority's was read, whenever that is."""
    learn({OWN: card[OWN]})
    assert not CardCache(True).has_cards
    learn(dict(reversed(card.items())))
    assert recalled(card) == card


def test_what_is_not_plausible(folder: Path, card: dict[int, bytes]) -> None:
    learn(card, TokenInfo(ICC.data[:90]))
    assert not folder.exists()


def test_a_renewed_certificate_is_another_card(folder: Path, card: dict[int, bytes]) -> None:
    learn(card)
    renewed = {**card, OWN: certificates.of_a_card(like=card)[OWN]}
    assert recalled(renewed)[OWN] is None
    learn(renewed)
    assert recalled(renewed) == renewed


def test_another_card_is_not(folder: Path, card: dict[int, bytes]) -> None:
    learn(card)
    known = CardCache(True)
    other = certificates.of_a_card()
    for head in (other[OWN][:HEAD_LEN], card[OWN][: GLANCE_LEN - 1], card[AUTHORITY][:HEAD_LEN], b""):
        assert known.lookup(head) is None
    assert known.certificate(OWN) is None
    assert known.certificate(OWN, other[OWN][:HEAD_LEN]) is None


def test_cards_side_by_side(folder: Path) -> None:
    cards = [certificates.of_a_card() for _ in range(3)]
    for files in cards:
        learn(files)
    assert [recalled(files) for files in cards] == cards


def test_the_oldest_are_forgotten(folder: Path, card: dict[int, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_cache, "MAX_CARDS", 2)
    for files in (card, certificates.of_a_card(), certificates.of_a_card()):
        learn(files)
    assert set(recalled(card).values()) == {None}
    assert len(cache_files.read_lines(card_cache.FILE)) == 2


def test_so_many_cards_fit_into_a_file(folder: Path) -> None:
    """Even with certificates half as long again."""
    line = card_cache._line_of({ef: bytes(2000) for ef in card_cache.CERTIFICATES} | {TOKEN_INFO_EF: bytes(160)})
    assert card_cache.MAX_CARDS * len(line) * 2 // 3 < cache_files.MAX_LEN


@pytest.mark.parametrize("ef", [SIGNATURE.certificate_ef, 0x0005])
def test_what_is_never_remembered(folder: Path, card: dict[int, bytes], ef: int) -> None:
    """The signature certificate says who somebody is."""
    learn({**card, ef: card[OWN]})
    assert f" {ef:04X}" not in (folder / card_cache.FILE).read_text()
    known = CardCache(True)
    known.lookup(card[OWN][:HEAD_LEN])
    assert known.certificate(ef) is None
    assert known.certificate(ef, card[OWN][:HEAD_LEN]) is None


def test_a_phone_is_not_remembered(folder: Path, card: dict[int, bytes]) -> None:
    learn(card, PHONE)
    assert not folder.exists()


def test_nothing_without_the_setting(folder: Path, card: dict[int, bytes]) -> None:
    learn(card)
    before = (folder / card_cache.FILE).read_bytes()
    unused = CardCache(False)
    assert not unused.has_cards
    assert unused.lookup(card[OWN][:HEAD_LEN]) is None
    assert unused.certificate(AUTHORITY, card[AUTHORITY][:HEAD_LEN]) is None
    unused.store(ICC, OWN, certificates.of_a_card()[OWN])
    assert (folder / card_cache.FILE).read_bytes() == before


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "a bit": lambda content: content[:300] + bytes((content[300] ^ 1,)) + content[301:],
    "another checksum": lambda content: b"0" * 64 + content[64:],
    "cut off": lambda content: content[:-20],
    "empty": lambda content: b"",
    "one word": lambda content: b"x",
    "binary": lambda content: bytes(range(256)),
    "lines of others": lambda content: b"\n\n" + b"a b c\n",
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_file(folder: Path, card: dict[int, bytes], spoil: Callable[[bytes], bytes]) -> None:
    """It is as if there were none, and it is replaced."""
    learn(card)
    file = folder / card_cache.FILE
    file.write_bytes(spoil(file.read_bytes()))
    assert set(recalled(card).values()) == {None}
    learn(card)
    assert recalled(card) == card


@pytest.mark.parametrize("rest", ["20000 000A~3082", "today 000A=3082", "20000 EF=xyz", "", "20000 000A"])
def test_a_line_of_another_version(folder: Path, card: dict[int, bytes], rest: str) -> None:
    """Its checksum is right, its words are not ours: it is nobody's, and goes when there are enough others."""
    cache_files.write_lines(card_cache.FILE, [f"{digest.of('sha256', rest.encode()).hex()} {rest}"])
    assert set(recalled(card).values()) == {None}
    learn(card)
    assert recalled(card) == card


def test_two_programs_at_once(folder: Path, card: dict[int, bytes]) -> None:
    """Each writes the file as a whole; neither loses what the other wrote before."""
    other = certificates.of_a_card()
    first, second = CardCache(True), CardCache(True)
    first.lookup(card[OWN][:HEAD_LEN])
    second.lookup(other[OWN][:HEAD_LEN])
    for ef in card:
        first.store(ICC, ef, card[ef])
        second.store(ICC, ef, other[ef])
    assert recalled(card) == card
    assert recalled(other) == other


@pytest.mark.parametrize("problem", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_no_room(folder: Path, card: dict[int, bytes], monkeypatch: pytest.MonkeyPatch, problem: int) -> None:
    def fail(*_: object) -> int:
        raise OSError(problem, os.strerror(problem))

    learn({ef: card[ef] for ef in (OWN, AUTHORITY)})
    before = (folder / card_cache.FILE).read_bytes()
    monkeypatch.setattr(posix, "write", fail)
    learn(card)
    monkeypatch.undo()
    assert [path.name for path in folder.iterdir()] == [card_cache.FILE]
    assert (folder / card_cache.FILE).read_bytes() == before


def test_a_disk_that_fills_while_we_write(
    folder: Path, card: dict[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    some = {ef: card[ef] for ef in (OWN, AUTHORITY)}
    learn(some)
    write = posix.write
    monkeypatch.setattr(posix, "write", lambda file, data: write(file, data[:100]))
    learn(card)
    assert recalled(some) == some


def test_the_signature_authority_is_looked_at_again(
    folder: Path, card: dict[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may change without the authentication certificate, so it holds for a day."""
    today = card_cache._today()
    learn(card)
    for days, is_known in ((0, True), (1, False), (-1, False)):
        monkeypatch.setattr(card_cache, "_today", lambda days=days: today + days)
        assert (recalled(card)[SIGNATURE_AUTHORITY] is not None) == is_known
        assert recalled(card)[AUTHORITY] == card[AUTHORITY]


def test_forgotten(folder: Path, card: dict[int, bytes]) -> None:
    learn(card)
    known = CardCache(True)
    known.lookup(card[OWN][:HEAD_LEN])
    known.forget(SIGNATURE_AUTHORITY)
    assert recalled(card) == {**card, SIGNATURE_AUTHORITY: None}


# -- authorities ------------------------------------------------------------------------------------------


def test_published_authorities_are_known_by_their_beginning(folder: Path) -> None:
    published = list(card_cache._known_by_sight())
    assert len(published) >= 4
    for der in published:
        found = CardCache(True).certificate(SIGNATURE_AUTHORITY, der[:HEAD_LEN])
        assert found is not None and found.der == der


def test_heads_tell_authorities_apart(folder: Path) -> None:
    """All generations have one name; serial number and dates are in the first bytes."""
    heads = [der[:HEAD_LEN] for der in card_cache._known_by_sight()]
    assert len(set(heads)) == len(heads)


def test_the_issuer_is_known_without_asking(folder: Path, card: dict[int, bytes]) -> None:
    """A new card of an authority that was met on another: whose key verifies its certificate is its issuer."""
    learn(card)
    sibling = certificates.of_a_card(like=card)
    known = CardCache(True)
    known.lookup(sibling[OWN][:HEAD_LEN])
    known.store(ICC, OWN, sibling[OWN])
    found = known.certificate(AUTHORITY)
    assert found is not None and found.der == card[AUTHORITY]


def test_an_authority_of_the_same_name_is_no_issuer(folder: Path, card: dict[int, bytes]) -> None:
    learn(card)
    other = certificates.of_a_card()
    known = CardCache(True)
    known.store(ICC, OWN, other[OWN])
    assert known.certificate(AUTHORITY) is None
    assert known.certificate(SIGNATURE_AUTHORITY) is None
