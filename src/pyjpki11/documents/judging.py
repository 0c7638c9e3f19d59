"""Whether a signature is one of a content, and of whom. Spec: RFC 5652 5.4, 5.6; RFC 5035 3"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from asn1crypto import algos, cms, tsp  # noqa: F401 - tsp teaches cms the attributes of RFC 5035
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding

from pyjpki11.certificates.anchors import load
from pyjpki11.certificates.errors import BadCertificate
from pyjpki11.certificates.findings import BAD, GOOD, OPEN, UNPROVEN, Finding
from pyjpki11.certificates.revocation import CLOCK_SKEW
from pyjpki11.certificates.strength import STRONG_HASHES, is_strong_key
from pyjpki11.documents.errors import NotSignedData

STRONG: Mapping[str, hashes.HashAlgorithm] = {name: getattr(hashes, name.upper())() for name in STRONG_HASHES}

#: More of them in one signature are not judged; one to three of each are usual.
MAX_SIGNERS, MAX_CERTIFICATES = 32, 64

#: Attribute that names the signer's certificate -> hash that it does so with where it does not say. Spec: RFC 5035 3, 4
BINDINGS = {"signing_certificate_v2": "sha256", "signing_certificate": "sha1"}


class Signature(NamedTuple):
    """One signer's part of a signature. `certificate` is None where it is not enclosed."""

    certificate: x509.Certificate | None
    digest: str
    signing_time: datetime | None
    findings: list[Finding]


class SignedDocument:
    """A CMS signature without its content."""

    def __init__(self, skeleton: bytes) -> None:
        """:raises NotSignedData: its fields are not those of a signature."""
        with _only_not_signed_data():
            self._data: cms.SignedData = cms.ContentInfo.load(skeleton, strict=True)["content"]
            self._enclosed = [
                it.chosen for it in self._data["certificates"] or () if isinstance(it.chosen, asn1_x509.Certificate)
            ]
            self._signers: list[cms.SignerInfo] = list(self._data["signer_infos"])
            if not 0 < len(self._signers) <= MAX_SIGNERS or len(self._enclosed) > MAX_CERTIFICATES:
                raise NotSignedData("too-many-signers" if self._signers else "no-signer")
            self.certificates = [load(it.dump()) for it in self._enclosed]
            self.digests = {info["digest_algorithm"]["algorithm"].native for info in self._signers} & set(STRONG)

    def judge(self, content_hashes: Mapping[str, bytes], now: datetime) -> list[Signature]:
        """What is to be said of each signer, given the content's hashes, by the names in `digests`."""
        with _only_not_signed_data():
            return [self._judge(info, content_hashes, now) for info in self._signers]

    def _judge(self, info: cms.SignerInfo, content_hashes: Mapping[str, bytes], now: datetime) -> Signature:
        digest = info["digest_algorithm"]["algorithm"].native
        attributes = _attributes(info)
        time = _time(attributes)
        certificate = self._certificate_of(info)
        findings = [
            self._content(attributes, digest, content_hashes),
            _signature(info, certificate, digest) if attributes else Finding("signature", UNPROVEN, "not-judged"),
            _binding(attributes, certificate),
            _signing_time(time, now),
        ]
        if "signature_time_stamp_token" in {it["type"].native for it in info["unsigned_attrs"] or ()}:
            findings.append(Finding("time-stamp", OPEN, "time-stamp-not-checked"))
        return Signature(certificate, digest, time, findings)

    def _content(self, attributes: Mapping[str, Any], digest: str, content_hashes: Mapping[str, bytes]) -> Finding:
        if digest not in STRONG:
            return Finding("content", BAD, "weak-digest", {"digest": digest})
        if not attributes:
            # They could be the attributes of another content, or the other way round: nothing tells which was meant.
            return Finding("content", UNPROVEN, "no-attributes")
        if attributes["content_type"].native != self._data["encap_content_info"]["content_type"].native:
            return Finding("content", BAD, "other-content-type")
        if attributes["message_digest"].native != content_hashes[digest]:
            return Finding("content", BAD, "changed", {"digest": digest})
        return Finding("content", GOOD, "unchanged", {"digest": digest})

    def _certificate_of(self, info: cms.SignerInfo) -> x509.Certificate | None:
        """Spec: RFC 5652 5.3"""
        wanted = info["sid"].chosen
        for parsed, certificate in zip(self._enclosed, self.certificates, strict=True):
            if isinstance(wanted, cms.IssuerAndSerialNumber):
                issuer, serial = wanted["issuer"].dump(), wanted["serial_number"].native
                is_wanted = (parsed.issuer.dump(), parsed.serial_number) == (issuer, serial)
            else:
                is_wanted = parsed.key_identifier == wanted.native
            if is_wanted:
                return certificate
        return None


def judge_bare(certificate: x509.Certificate, content_hashes: Mapping[str, bytes], signature: bytes) -> Signature:
    """What is to be said of an RSASSA-PKCS1-v1_5 signature without any shell, given all of STRONG's hashes.

    :raises NotSignedData: the certificate's key is not an RSA key.
    """
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotSignedData("not-rsa")
    if not is_strong_key(key):
        return Signature(certificate, "", None, [Finding("signature", BAD, "weak-key")])
    for digest, content_hash in content_hashes.items():
        try:
            key.verify(signature, content_hash, padding.PKCS1v15(), Prehashed(STRONG[digest]))
        except InvalidSignature:
            continue
        return Signature(certificate, digest, None, [Finding("signature", GOOD, "fits", {"digest": digest})])
    return Signature(certificate, "", None, [Finding("signature", BAD, "does-not-fit")])


def _attributes(info: cms.SignerInfo) -> dict[str, Any]:
    """The signed attributes, which have one value each. Spec: RFC 5652 5.3, 11"""
    attributes: dict[str, Any] = {}
    for attribute in info["signed_attrs"] or ():
        kind = attribute["type"].native
        if kind in attributes or len(attribute["values"]) != 1:
            raise NotSignedData("ambiguous", kind)
        attributes[kind] = attribute["values"][0]
    return attributes


def _signature(info: cms.SignerInfo, certificate: x509.Certificate | None, digest: str) -> Finding:
    if certificate is None:
        return Finding("signature", BAD, "no-certificate")
    signed: bytes = info["signed_attrs"].untag().dump()
    try:
        _verify(certificate.public_key(), info["signature"].native, signed, info["signature_algorithm"], digest)
    except InvalidSignature:
        return Finding("signature", BAD, "does-not-fit")
    except UnsupportedAlgorithm as error:
        return Finding("signature", BAD, "unsupported", {"algorithm": str(error)})
    return Finding("signature", GOOD, "fits", {"digest": digest})


def _verify(key: Any, signature: bytes, data: bytes, algorithm: algos.SignedDigestAlgorithm, digest: str) -> None:
    """
    :raises InvalidSignature: it is not one of the data.
    :raises UnsupportedAlgorithm: too weak, or not known here; the text is its name.
    """
    name = algorithm["algorithm"].native
    hashed = STRONG.get(digest)
    padded = PADDINGS.get(algorithm.signature_algo)
    if hashed is None or (name not in NAMES_WITHOUT_HASH and algorithm.hash_algo != digest):
        raise UnsupportedAlgorithm(f"{name}, {digest}")
    if not is_strong_key(key):
        raise UnsupportedAlgorithm(f"{name}, {key.key_size}" if hasattr(key, "key_size") else name)
    if isinstance(key, rsa.RSAPublicKey) and padded is not None:
        key.verify(signature, data, padded(algorithm, hashed), hashed)
    elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm.signature_algo == "ecdsa":
        key.verify(signature, data, ec.ECDSA(hashed))
    else:
        raise UnsupportedAlgorithm(f"{name}, {digest}")


def _v15(_algorithm: algos.SignedDigestAlgorithm, _hashed: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    return padding.PKCS1v15()


def _pss(algorithm: algos.SignedDigestAlgorithm, hashed: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    """Mask and message have the same hash. Spec: RFC 4056 2.2"""
    parameters = algorithm["parameters"]
    mask_hash = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    if mask_hash != hashed.name or parameters["trailer_field"].native != "trailer_field_bc":
        raise UnsupportedAlgorithm("rsassa_pss")
    return padding.PSS(padding.MGF1(hashed), parameters["salt_length"].native)


PADDINGS = {"rsassa_pkcs1v15": _v15, "rsassa_pss": _pss}
#: Identifiers that leave the hash to the signer's digest algorithm. Spec: RFC 3370 3.2
NAMES_WITHOUT_HASH = ("rsassa_pkcs1v15",)


def _binding(attributes: Mapping[str, Any], certificate: x509.Certificate | None) -> Finding:
    """Whether the signed attributes say whose certificate it is; without, another one for the same key would fit."""
    for kind, default in BINDINGS.items():
        if kind in attributes and certificate is not None:
            identity = attributes[kind]["certs"][0]
            digest = identity["hash_algorithm"]["algorithm"].native if kind == "signing_certificate_v2" else default
            der = certificate.public_bytes(Encoding.DER)
            is_same = hashlib.new(digest, der, usedforsecurity=False).digest() == identity["cert_hash"].native
            return Finding("certificate", GOOD, "named") if is_same else Finding("certificate", BAD, "another-named")
    return Finding("certificate", OPEN, "not-named")


def _time(attributes: Mapping[str, Any]) -> datetime | None:
    """:raises ValueError: it is in no time zone, or in a year that Python does not have."""
    if "signing_time" not in attributes:
        return None
    time = attributes["signing_time"].native
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ValueError("an impossible signing time")
    return time


def _signing_time(moment: datetime | None, now: datetime) -> Finding:
    if moment is None:
        return Finding("signing-time", OPEN, "not-stated")
    if moment > now + CLOCK_SKEW:
        return Finding("signing-time", BAD, "in-the-future", {"time": moment})
    return Finding("signing-time", OPEN, "stated", {"time": moment})


@contextmanager
def _only_not_signed_data() -> Iterator[None]:
    """The libraries find out late, and in many ways, that something is not built as it should be."""
    try:
        yield
    except (BadCertificate, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise NotSignedData("damaged", str(error)) from None
