"""The certificates are judged by openssl and by the cryptography package."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from support.process import run

from jpki_softcard import create
from jpki_softcard.errors import OptionError
from jpki_softcard.issuing.person import JAPAN, Person, last_moment

AUTH_UNIT, SIGN_UNIT = "JPKI for user authentication", "JPKI for digital signature"
EXTENSIONS = "keyUsage,certificatePolicies,issuerAltName,subjectAltName,crlDistributionPoints"
AGENCY = "Japan Agency for Local Authority Information Systems"


def load(directory: Path, name: str) -> x509.Certificate:
    """A certificate file of the state directory."""
    return x509.load_der_x509_certificate((directory / f"{name}.der").read_bytes())


def pairs(name: x509.Name) -> list[tuple[str, str]]:
    """Attribute names with values, one RDN each, in the order of the encoding."""
    assert all(len(list(rdn)) == 1 for rdn in name.rdns)
    return [(attribute.rfc4514_attribute_name, str(attribute.value)) for attribute in name]


def oids(certificate: x509.Certificate) -> list[tuple[str, bool]]:
    """Extension OIDs with their critical bits, in order."""
    return [(extension.oid.dotted_string, extension.critical) for extension in certificate.extensions]


@pytest.mark.parametrize(("leaf", "root"), [("auth", "auth_ca"), ("sign", "sign_ca")])
def test_openssl_verifies_the_chain(issued_card: Path, tmp_path: Path, leaf: str, root: str) -> None:
    """As an ordinary relying party does."""
    for name in (leaf, root):
        pem = load(issued_card, name).public_bytes(Encoding.PEM)
        (tmp_path / f"{name}.pem").write_bytes(pem)
    done = run(["openssl", "verify", "-CAfile", f"{root}.pem", f"{leaf}.pem"], cwd=tmp_path)
    assert done.stdout == f"{leaf}.pem: OK\n"


def test_openssl_prints_every_extension(issued_card: Path) -> None:
    """No extension is malformed in its eyes."""
    for name in ("auth", "sign", "auth_ca", "sign_ca"):
        command = ["openssl", "x509", "-inform", "DER", "-in", f"{name}.der", "-noout", "-ext", EXTENSIONS]
        done = run(command, cwd=issued_card)
        assert "Parse Error" not in done.stdout
        assert "X509v3 Key Usage: critical" in done.stdout


@pytest.mark.parametrize("name", ["auth", "sign", "auth_ca", "sign_ca"])
def test_no_certificate_passes_for_a_real_one(issued_card: Path, name: str) -> None:
    """The real hierarchy has O=JPKI, its service name in the alternative names."""
    certificate = load(issued_card, name)
    assert ("O", "JPKI-SOFTCARD") in pairs(certificate.issuer)
    utf8_jpki = b"\x0c\x04JPKI"  # UTF8String, 4 bytes
    assert utf8_jpki not in certificate.public_bytes(Encoding.DER)
    assert "ソフトウェアカード" in certificate_text(certificate)


def certificate_text(certificate: x509.Certificate) -> str:
    """The alternative names' attributes, joined."""
    texts = []
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.IssuerAlternativeName | x509.SubjectAlternativeName):
            names = [one for one in extension.value if isinstance(one, x509.DirectoryName)]
            texts += [value for one in names for _, value in pairs(one.value)]
    return " ".join(texts)


@pytest.mark.parametrize(("name", "unit"), [("auth_ca", AUTH_UNIT), ("sign_ca", SIGN_UNIT)])
def test_ca_profile(issued_card: Path, name: str, unit: str) -> None:
    """DN, self-signature, extensions in the real order."""
    ca = load(issued_card, name)
    dn = [("C", "JP"), ("O", "JPKI-SOFTCARD"), ("OU", unit), ("OU", AGENCY)]
    assert pairs(ca.subject) == pairs(ca.issuer) == dn
    ca.verify_directly_issued_by(ca)
    assert oids(ca) == [
        ("2.5.29.15", True),  # keyUsage
        ("2.5.29.17", False),  # subjectAltName
        ("2.5.29.19", True),  # basicConstraints
        ("2.5.29.31", False),  # cRLDistributionPoints
        ("2.5.29.14", False),  # subjectKeyIdentifier
    ]
    assert ca.not_valid_after_utc - ca.not_valid_before_utc > timedelta(days=3650)


def test_authentication_profile(issued_card: Path) -> None:
    """Nothing about the person is in it."""
    certificate, ca = load(issued_card, "auth"), load(issued_card, "auth_ca")
    certificate.verify_directly_issued_by(ca)
    (country, common_name) = pairs(certificate.subject)
    assert country == ("C", "JP")
    assert common_name[0] == "CN"
    assert 20 <= len(common_name[1]) <= 24
    assert oids(certificate) == [
        ("2.5.29.15", True),  # keyUsage
        ("2.5.29.32", True),  # certificatePolicies
        ("2.5.29.18", False),  # issuerAltName
    ]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.content_commitment
    assert policy(certificate) == "1.2.392.200149.8.5.1.3.30"
    assert "試験".encode() not in certificate.tbs_certificate_bytes


def test_signature_profile(issued_card: Path) -> None:
    """Two localities, both usages, the CRL's directory name."""
    certificate, ca = load(issued_card, "sign"), load(issued_card, "sign_ca")
    certificate.verify_directly_issued_by(ca)
    subject = pairs(certificate.subject)
    assert subject[:3] == [("C", "JP"), ("L", "Kakuu-ken"), ("L", "Mogi-shi")]
    assert subject[3][0] == "CN"
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert policy(certificate) == "1.2.392.200149.8.5.1.1.20"
    critical = [oid for oid, is_critical in oids(certificate) if is_critical]
    assert critical == ["2.5.29.15", "2.5.29.32"]
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (name,) = points[0].full_name or []
    assert pairs(name.value) == [
        ("C", "JP"),
        ("O", "JPKI-SOFTCARD"),
        ("OU", SIGN_UNIT),
        ("OU", "CRL Distribution Points"),
        ("OU", "Kakuu-ken"),
        ("CN", "Mogi-shi"),
    ]


def policy(certificate: x509.Certificate) -> str:
    """The only certificate policy."""
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert len(policies) == 1
    return str(policies[0].policy_identifier.dotted_string)


def test_signature_names_in_the_real_order(issued_card: Path) -> None:
    """UTF8Strings: name, birth date, sex, address, substitute flags of both."""
    certificate = load(issued_card, "sign")
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not extension.critical
    arc = "1.2.392.200149.8.5.5."
    values = [(one.type_id.dotted_string.removeprefix(arc), one.value) for one in extension.value]
    address = "架空県模擬市見本町一丁目２番３号"
    expected = {"1": "試験　太郎", "4": "319800401", "3": "1", "5": address, "2": "00000", "6": "0" * 16}
    assert values == [(last, b"\x0c" + bytes([len(text.encode())]) + text.encode()) for last, text in expected.items()]


@pytest.mark.parametrize("name", ["auth", "sign"])
def test_leaf_numbers(issued_card: Path, name: str) -> None:
    """RSA-2048, a serial number of four bytes, valid now and at most five years."""
    certificate = load(issued_card, name)
    public = certificate.public_key()
    assert isinstance(public, RSAPublicKey)
    assert (public.key_size, public.public_numbers().e) == (2048, 65537)
    assert (certificate.serial_number.bit_length() + 8) // 8 == 4
    assert certificate.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.11"  # sha256WithRSAEncryption
    assert certificate.not_valid_before_utc < datetime.now(UTC) < certificate.not_valid_after_utc
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=5 * 365 + 2)


@pytest.mark.parametrize(
    ("birth_date", "issued", "end"),
    [
        # the first birthday after issue counts as one
        (date(1980, 4, 1), datetime(2026, 3, 31, tzinfo=UTC), "2030-04-01T23:59:59+09:00"),
        (date(1980, 4, 1), datetime(2026, 4, 1, tzinfo=UTC), "2031-04-01T23:59:59+09:00"),
        (
            date(1980, 4, 1),
            datetime(2026, 3, 31, 15, tzinfo=UTC),
            "2031-04-01T23:59:59+09:00",
        ),  # 1 April in Japan
        (date(1980, 2, 29), datetime(2026, 1, 1, tzinfo=UTC), "2030-02-28T23:59:59+09:00"),
        # Card: notes 6.3: a test card of 2025-10-27 is valid to 2030-02-17
        (date(1980, 2, 17), datetime(2025, 10, 27, tzinfo=UTC), "2030-02-17T23:59:59+09:00"),
    ],
)
def test_end_of_validity(birth_date: date, issued: datetime, end: str) -> None:
    """The fifth birthday after issue, in Japan."""
    assert last_moment(Person(birth_date=birth_date), issued).isoformat() == end


def test_an_expired_card_can_be_made(tmp_path: Path) -> None:
    """`issued` moves the whole validity."""
    create(str(tmp_path / "old"), issued=datetime(2015, 1, 1, tzinfo=UTC))
    assert load(tmp_path / "old", "auth").not_valid_after_utc < datetime(2020, 1, 1, tzinfo=UTC)


def test_a_card_for_somebody(tmp_path: Path) -> None:
    """The certificates and the text application name the same person, for as long as was asked for."""
    person = Person(name="見本\u3000花子", birth_date=date(2001, 9, 8), sex="2", address="見本町" * 30)
    first, last = datetime(2026, 1, 1, tzinfo=JAPAN), datetime(2027, 2, 3, 23, 59, 59, tzinfo=JAPAN)
    card = create(str(tmp_path), person=person, issued=first, expires=last)
    for name in ("auth", "sign"):
        certificate = load(tmp_path, name)
        assert (certificate.not_valid_before_utc, certificate.not_valid_after_utc) == (first, last)
    names = load(tmp_path, "sign").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    values = [name.value[2:].decode(errors="replace") for name in names if isinstance(name, x509.OtherName)]
    assert values[:3] == ["見本\u3000花子", "420010908", "2"]
    card.power_on()
    for command in ("00A4040C0AD3921000310001010408", "002000910431323334"):
        assert card.transmit(bytes.fromhex(command)) == bytes.fromhex("9000")
    content = card.transmit(bytes.fromhex("00B0820000")) + card.transmit(bytes.fromhex("00B0010000"))
    assert content.startswith(bytes.fromhex("FF2082")), "longer than a length of one byte can say"
    for expected in ("見本\u3000花子", "20010908", "見本町見本町"):
        assert expected.encode() in content


def test_no_certificate_ends_before_it_begins(tmp_path: Path) -> None:
    """Nothing is left behind."""
    first, last = datetime(2026, 1, 1, tzinfo=JAPAN), datetime(2025, 1, 1, tzinfo=JAPAN)
    with pytest.raises(OptionError, match="before"):
        create(str(tmp_path / "card"), issued=first, expires=last)
    assert not (tmp_path / "card" / "card.json").exists()


@pytest.mark.parametrize(
    ("day", "era"),
    [
        (date(1868, 1, 24), "0"),
        (date(1912, 7, 29), "1"),
        (date(1912, 7, 30), "2"),
        (date(1926, 12, 25), "3"),
        (date(1989, 1, 7), "3"),
        (date(1989, 1, 8), "4"),
        (date(2019, 4, 30), "4"),
        (date(2019, 5, 1), "5"),
    ],
)
def test_eras(day: date, era: str) -> None:
    """Card: notes 6.3"""
    assert Person(birth_date=day).birth_text == era + day.strftime("%Y%m%d")
