"""The authorities of software cards are known by sight, but believed by nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate

from jpki_softcard.issuing import authorities
from pyjpki11.certificates import anchors
from pyjpki11.provider import card_cache

NAMES = ("auth_ca", "sign_ca")


@pytest.mark.parametrize("name", NAMES)
def test_the_module_knows_them_by_sight(name: str) -> None:
    assert authorities.load(name).der in set(card_cache._known_by_sight())


@pytest.mark.parametrize("name", NAMES)
def test_their_keys_fit(name: str) -> None:
    authority = authorities.load(name)
    certificate = load_pem_x509_certificate((authorities.FOLDER / f"{name}.pem").read_bytes())
    assert certificate.public_key() == authority.key.public_key()
    certificate.verify_directly_issued_by(certificate)


def test_they_are_no_anchors() -> None:
    believed = {anchor.certificate.subject for anchor in anchors.published()}
    assert believed.isdisjoint(authorities.load(name).name for name in NAMES)


def test_each_file_known_by_sight_is_a_certificate() -> None:
    files = [file for folder in card_cache.KNOWN for file in Path(folder).glob("*.pem")]
    assert len(files) == len(list(card_cache._known_by_sight())) == len(anchors.PUBLISHED_ROOTS) + len(NAMES)
