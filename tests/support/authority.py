"""An authority as J-LIS is one, made for a test: certificates, revocation lists, OCSP answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SIGN_UNIT, AUTH_UNIT = "JPKI for digital signature", "JPKI for user authentication"
POINT = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mogi-shi")]))
OTHER_POINT = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Betsu-shi")]))

#: By the names that asn1crypto has for them; the weak ones are there to be refused.
HASHES: dict[str, HashAlgorithm] = {"md5": MD5(), "sha1": SHA1(), "sha256": SHA256()}  # noqa: S303

_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip

Extension = tuple[x509.ExtensionType, bool]


class Holder:
    """A key with its certificate."""

    def __init__(self, key: Any, certificate: x509.Certificate) -> None:
        self.key = key
        self.certificate = certificate

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key, not encrypted."""
        form = PrivateFormat.PKCS8
        pem: bytes = self.key.private_bytes(Encoding.PEM, form, NoEncryption())
        return pem


class Authority(Holder):
    """A self-signed root; two of one name differ by `number`, as generations do."""

    def __init__(
        self,
        unit: str = SIGN_UNIT,
        organisation: str = "JPKI",
        number: int = 0,
        period: tuple[datetime, datetime] = (NOW - 3000 * DAY, NOW + 3000 * DAY),
        is_ca: bool = True,
        key: Any = None,
        signs_lists: bool = True,
    ) -> None:
        self.key = key or rsa_key(f"authority {number}")
        self.name = named(("O", organisation), ("OU", unit))
        extensions: list[Extension] = [
            (usage(key_cert_sign=True, crl_sign=signs_lists), True),
            (x509.BasicConstraints(ca=is_ca, path_length=None), True),
        ]
        super().__init__(self.key, self._sign(self.name, self.key.public_key(), period, extensions, SHA256()))

    def issue(
        self,
        name: str = "signer",
        period: tuple[datetime, datetime] = (NOW - DAY, NOW + 1000 * DAY),
        extensions: Sequence[Extension] | None = None,
        hashed: HashAlgorithm | None = None,
        key: Any = None,
    ) -> Holder:
        """A key with a certificate; by default one that may sign, listed at POINT."""
        key = key or rsa_key(name)
        default: list[Extension] = [
            (usage(digital_signature=True, content_commitment=True), True),
            (x509.CRLDistributionPoints([x509.DistributionPoint([POINT], None, None, None)]), False),
        ]
        made = self._sign(
            named(("CN", name)), key.public_key(), period, default if extensions is None else extensions,
            hashed or SHA256(),
        )  # fmt: skip
        return Holder(key, made)

    def revocation_list(
        self,
        revoked: Sequence[x509.Certificate] = (),
        since: datetime = NOW - DAY,
        until: datetime = NOW + DAY,
        point: x509.IssuingDistributionPoint | None = None,
        extension: Extension | None = None,
        entry_extension: Extension | None = None,
        issued: datetime | None = None,
    ) -> bytes:
        """A revocation list, DER."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        builder = builder.last_update(issued or min(since, until - DAY)).next_update(until)
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(since)
            if entry_extension is not None:
                entry = entry.add_extension(*entry_extension)
            builder = builder.add_revoked_certificate(entry.build())
        if point is not None:
            builder = builder.add_extension(point, True)
        if extension is not None:
            builder = builder.add_extension(*extension)
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.DER)

    def answer(
        self,
        certificate: x509.Certificate,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        period: tuple[datetime, datetime | None] = (NOW - DAY, NOW + DAY),
        responder: Holder | None = None,
        hashed: HashAlgorithm | None = None,
        extension: Extension | None = None,
    ) -> bytes:
        """An OCSP response about a certificate, DER."""
        is_revoked = status == ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate, self.certificate, hashed or SHA256(), status, *period,
            revocation_time=NOW - DAY if is_revoked else None, revocation_reason=None,
        )  # fmt: skip
        signer = responder or self
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, signer.certificate)
        if responder is not None:
            builder = builder.certificates([responder.certificate])
        if extension is not None:
            builder = builder.add_extension(*extension)
        return builder.sign(signer.key, SHA256()).public_bytes(Encoding.DER)

    def list_anew(self, data: bytes, hashed: str = "sha256", **fields: object) -> bytes:
        """A revocation list with other fields or another hash than `cryptography` would write, signed."""
        made = asn1_crl.CertificateList.load(data)
        inner = made["tbs_cert_list"]
        for name, value in fields.items():
            inner[name] = value
        inner["signature"]["algorithm"] = made["signature_algorithm"]["algorithm"] = f"{hashed}_rsa"
        made["signature"] = self.key.sign(inner.dump(force=True), PKCS1v15(), HASHES[hashed])
        return made.dump(force=True)  # type: ignore[no-any-return]

    def answer_anew(self, data: bytes, hashed: str, key: Any = None) -> bytes:
        """An OCSP response with another hash than `cryptography` would sign."""
        made = asn1_ocsp.OCSPResponse.load(data)
        basic = made["response_bytes"]["response"].parsed
        basic["signature_algorithm"]["algorithm"] = f"{hashed}_rsa"
        signed = basic["tbs_response_data"].dump()
        basic["signature"] = (key or self.key).sign(signed, PKCS1v15(), HASHES[hashed])
        anew = {"response_type": "basic_ocsp_response", "response": basic}
        status = {"response_status": "successful", "response_bytes": anew}
        return asn1_ocsp.OCSPResponse(status).dump(force=True)  # type: ignore[no-any-return]

    def _sign(
        self,
        subject: x509.Name,
        key: Any,
        period: tuple[datetime, datetime],
        extensions: Sequence[Extension],
        hashed: HashAlgorithm,
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(period[0]).not_valid_after(period[1])
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(self.key, hashed)  # type: ignore[arg-type]


@cache
def rsa_key(_name: str) -> rsa.RSAPrivateKey:
    """A key, the same for the same name."""
    return rsa.generate_private_key(65537, 2048)


def named(*parts: tuple[str, str]) -> x509.Name:
    """C=JP and more."""
    kinds = {
        "O": NameOID.ORGANIZATION_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "CN": NameOID.COMMON_NAME,
    }  # fmt: skip
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "JP")
    return x509.Name([country, *(x509.NameAttribute(kinds[kind], value) for kind, value in parts)])


def usage(**usages: bool) -> x509.KeyUsage:
    """A key usage extension."""
    return x509.KeyUsage(**{name: usages.get(name, False) for name in _USAGES})
