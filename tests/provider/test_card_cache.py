"""What earlier runs remember, seen from a program: never something wrong, whatever card comes."""

from __future__ import annotations

import pytest
from provider.desk import Desk, DeskMaker
from unit.certificates import of_a_card

from jpki_softcard.store import write_certificate
from pyjpki11 import cache_files
from pyjpki11.cryptoki import cka, cko
from pyjpki11.cryptoki.attributes import ulong
from pyjpki11.provider import card_cache

IDS = {b"\x01": "auth", b"\x03": "auth_ca", b"\x04": "sign_ca"}


def certificates(desk: Desk, name: str = "auth") -> dict[str, bytes]:
    """What a session shows, by the certificates' names on the card."""
    found = desk.find(name, [(cka.CLASS, ulong(cko.CERTIFICATE))])
    return {IDS.get(desk.value(name, it, cka.ID), "sign"): desk.value(name, it, cka.VALUE) for it in found}


def run(desk: Desk) -> dict[str, bytes]:
    """A program that reads what everybody may read."""
    desk.open("auth")
    shown = certificates(desk)
    desk.finalize()
    desk.initialize()
    return shown


def issued(desk: Desk) -> dict[str, bytes]:
    """What the card really has."""
    return {name: desk.certificate(name) for name in IDS.values()}


@pytest.fixture
def known(make_desk: DeskMaker) -> Desk:
    """A desk whose card is remembered."""
    desk = make_desk()
    assert run(desk) == issued(desk)
    return desk


def test_remembered_is_the_same_as_read(known: Desk) -> None:
    assert run(known) == issued(known)


def test_a_signature_authority_that_changed_meanwhile(known: Desk) -> None:
    """With a new signature certificate, while the authentication certificate stays: what the signature certificate
    was not issued by is no longer shown as its issuer. Its file is looked at again every day anyhow."""
    directory, other = known.reader.card.store.directory, of_a_card()
    write_certificate(directory, "sign", other[0x000A])
    write_certificate(directory, "sign_ca", other[0x000B])
    known.finalize()
    known.insert()
    known.initialize()
    known.open("sign")
    known.login("sign")
    assert certificates(known, "sign")["sign"] == known.certificate("sign")
    assert run(known)["sign_ca"] == known.certificate("sign_ca")


def test_the_signature_certificate_is_never_remembered(known: Desk) -> None:
    known.open("sign")
    known.login("sign")
    assert certificates(known, "sign")["sign"] == known.certificate("sign")
    assert known.certificate("sign").hex()[:512] not in "".join(cache_files.read_lines(card_cache.FILE))


def test_off(make_desk: DeskMaker) -> None:
    desk = make_desk(certificate_cache=False)
    for _run in range(3):
        assert run(desk) == issued(desk)
    assert cache_files.read_lines(card_cache.FILE) == []
