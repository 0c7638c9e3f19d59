"""What another verifier of JPKI signatures, myna, once accepted: GHSA-58hw-cg5m-88rp, -g258-q5gf-7hvx, -rxpx-26p9-4xvr.

The first: the chain was believed without validity, key usage, and whether the issuer may issue. The second: of several
signatures the first one only was verified. The third: what the signature did not cover was accepted along with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms as asn1
from cryptography import x509
from support.authority import DAY, NOW, Authority, Holder, usage
from support.signer import SoftKey, cms, judged, openssl_cms

from pyjpki11.certificates import anchors, chain
from pyjpki11.certificates.anchors import PUBLISHED, Anchor
from pyjpki11.certificates.errors import UnfitRoot
from pyjpki11.certificates.findings import is_good
from pyjpki11.documents.errors import NotSignedData

AUTHORITY = Authority()
ROOTS = [Anchor(AUTHORITY.certificate, PUBLISHED, "sign", 3)]
SIGNER, OTHER = AUTHORITY.issue("signer"), AUTHORITY.issue("other")
CONTENT = b"what is signed"


def is_believed(holder: Holder, roots: Sequence[Anchor] = ROOTS, moment: datetime = NOW) -> bool:
    """Whether a certificate is good enough to sign."""
    return is_good(chain.judge(holder.certificate, roots, moment))


# -- GHSA-58hw-cg5m-88rp ------------------------------------------------------------------------------------


def test_validity_is_looked_at() -> None:
    assert is_believed(SIGNER)
    assert not is_believed(AUTHORITY.issue("old", period=(NOW - 9 * DAY, NOW - DAY)))
    assert not is_believed(AUTHORITY.issue("new", period=(NOW + DAY, NOW + 9 * DAY)))
    assert not is_believed(SIGNER, moment=datetime(2001, 1, 1, tzinfo=UTC))


def test_key_usage_is_looked_at() -> None:
    for bit in ("digital_signature", "content_commitment"):
        assert is_believed(AUTHORITY.issue(extensions=[(usage(**{bit: True}), True)]))
    for bit in ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"):
        holder = AUTHORITY.issue(extensions=[(usage(**{bit: True, "key_agreement": bit == "key_agreement"}), True)])
        assert not is_believed(holder)


def test_card_is_not_an_authority() -> None:
    """What a holder's own key has issued is issued by nobody, in whichever way it is presented."""
    holder = Authority(number=5, key=SIGNER.key)
    issued = holder.issue("impostor")
    assert not is_believed(issued, [*ROOTS])
    assert not anchors.test_roots([SIGNER.certificate])
    with pytest.raises(UnfitRoot):
        anchors.given(SIGNER.pem)


def test_name_and_key_identifier_of_a_root_are_not_its_signature() -> None:
    """They are what a forger copies."""
    root = anchors.published()[-1].certificate
    forger = Authority(number=6)
    forger.name = root.subject
    identifier = x509.SubjectKeyIdentifier.from_public_key(root.public_key())
    named = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    issued = forger.issue(extensions=[(usage(digital_signature=True), True), (named, False)])
    assert not is_believed(issued, anchors.published())


# -- GHSA-g258-q5gf-7hvx ------------------------------------------------------------------------------------


@pytest.mark.parametrize("forged", [0, 1])
def test_every_signer_is_judged(tmp_path: Path, forged: int) -> None:
    """One of two signatures is not one, in either place."""
    (tmp_path / "content").write_bytes(CONTENT)
    made = asn1.ContentInfo.load(
        openssl_cms(tmp_path, [SIGNER, OTHER], "-outform", "DER", "-nodetach", "-cades").read_bytes()
    )
    infos = made["content"]["signer_infos"]
    infos[forged]["signature"] = bytes(256)
    (tmp_path / "signature").write_bytes(made.dump(force=True))
    found = judged(tmp_path / "signature")
    assert len(found) == 2
    assert ["!signature does-not-fit" in it for it in found] == [number == forged for number in range(2)]


# -- GHSA-rxpx-26p9-4xvr ------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [b"\0", b"more", cms(SoftKey(SIGNER, None), b"another")], ids=["byte", "text", "cms"])
def test_nothing_is_accepted_beside_the_signature(tmp_path: Path, more: bytes) -> None:
    good = cms(SoftKey(SIGNER, None), CONTENT)
    for data in (good + more, more + good):
        (tmp_path / "signature").write_bytes(data)
        with pytest.raises(NotSignedData):
            judged(tmp_path / "signature")
