"""The holder of a card, as its signature certificate has them. Card: notes 6.3"""

from __future__ import annotations

from datetime import date

import pytest
from cryptography import x509
from support.authority import Authority

from pyjpki11.certificates.person import BirthDate, Person, person_of, substituted

ARC = "1.2.392.200149.8.5.5."
AUTHORITY = Authority()


def certificate(fields: dict[str, bytes]) -> x509.Certificate:
    """A certificate with otherNames, whose values are DER."""
    names = [x509.OtherName(x509.ObjectIdentifier(ARC + last), value) for last, value in fields.items()]
    return AUTHORITY.issue(extensions=[(x509.SubjectAlternativeName(names), False)]).certificate


def text(value: str) -> bytes:
    """UTF8String in DER."""
    data = value.encode()
    return bytes((0x0C, len(data))) + data


FIELDS = {
    "1": text("見本　花子"), "4": text("419900401"), "3": text("2"), "5": text("架空県模擬市１番"),
    "2": text("01000"), "6": text("00000000"),
}  # fmt: skip


def test_all_fields() -> None:
    assert person_of(certificate(FIELDS)) == Person(
        name="見本　花子",
        name_flags="01000",
        birth_date=BirthDate("419900401", "heisei", date(1990, 4, 1)),
        sex="female",
        address="架空県模擬市１番",
        address_flags="00000000",
    )


@pytest.mark.parametrize(
    ("code", "era"),
    [*zip("12345", ("meiji", "taisho", "showa", "heisei", "reiwa"), strict=True), ("0", "unknown"), ("9", "unknown")],
)
def test_eras(code: str, era: str) -> None:
    person = person_of(certificate(FIELDS | {"4": text(code + "19120730")}))
    assert person is not None
    assert person.birth_date == BirthDate(code + "19120730", era, date(1912, 7, 30))


@pytest.mark.parametrize("value", ["319800001", "319800230", "3", "", "31980040", "3あ", "3198004011"])
def test_birth_date_that_is_no_day(value: str) -> None:
    person = person_of(certificate(FIELDS | {"4": text(value)}))
    assert person is not None
    assert person.birth_date.text == value
    assert person.birth_date.day is None


@pytest.mark.parametrize(("code", "sex"), [("1", "male"), ("2", "female"), ("3", "unknown"), ("", "unknown")])
def test_sex(code: str, sex: str) -> None:
    person = person_of(certificate(FIELDS | {"3": text(code)}))
    assert person is not None and person.sex == sex


@pytest.mark.parametrize(
    ("flags", "expected"), [("00000", []), ("01000", ["本"]), ("10001", ["見", "子"]), ("", []), ("0000011", [])]
)
def test_substitute_characters(flags: str, expected: list[str]) -> None:
    assert substituted("見本　花子", flags) == expected


@pytest.mark.parametrize("fields", [{}, {"4": text("419900401")}, {"1": b"\x02\x01\x05"}, {"1": b"\x0c\1\xff"}])
def test_nobody(fields: dict[str, bytes]) -> None:
    """Without a name, or with one that is no text, there is no holder to show."""
    made = certificate(fields) if fields else AUTHORITY.issue().certificate
    assert person_of(made) is None
