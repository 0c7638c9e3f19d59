"""What the digital signature certificate says of its holder. Card: notes 6.3"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from asn1crypto import core
from cryptography import x509

#: The fields are otherNames below this identifier.
ARC = "1.2.392.200149.8.5.5"
NAME, NAME_FLAGS, SEX, BIRTH_DATE, ADDRESS, ADDRESS_FLAGS = (f"{ARC}.{last}" for last in range(1, 7))

UNKNOWN = "unknown"
ERAS = {"1": "meiji", "2": "taisho", "3": "showa", "4": "heisei", "5": "reiwa"}
SEXES = {"1": "male", "2": "female"}
NOT_SUBSTITUTED = "0"
EYYYYMMDD = re.compile(r"[0-9]([0-9]{4})([0-9]{2})([0-9]{2})")


class BirthDate(NamedTuple):
    """`text` is the field as it stands; `day` is None where it names no day of the calendar."""

    text: str
    era: str
    day: date | None


class Person(NamedTuple):
    """The holder. A field that the certificate has not is empty.

    `name_flags` and `address_flags` have a character for each character of the text: other than 0 where it stands in
    for a character that the card could not hold.
    """

    name: str
    name_flags: str
    birth_date: BirthDate
    sex: str
    address: str
    address_flags: str


def person_of(certificate: x509.Certificate) -> Person | None:
    """The holder as the certificate names them; None where it does not, as in all but the signature certificate."""
    fields = _fields(certificate)
    if NAME not in fields:
        return None
    return Person(
        name=fields[NAME],
        name_flags=fields.get(NAME_FLAGS, ""),
        birth_date=_birth_date(fields.get(BIRTH_DATE, "")),
        sex=SEXES.get(fields.get(SEX, ""), UNKNOWN),
        address=fields.get(ADDRESS, ""),
        address_flags=fields.get(ADDRESS_FLAGS, ""),
    )


def substituted(text: str, flags: str) -> list[str]:
    """The characters of a text that stand in for others."""
    return [character for character, flag in zip(text, flags, strict=False) if flag != NOT_SUBSTITUTED]


def _fields(certificate: x509.Certificate) -> dict[str, str]:
    """The fields by identifier; one that is not text is left out."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return {}
    fields = {}
    for name in names.get_values_for_type(x509.OtherName):
        try:
            fields[name.type_id.dotted_string] = str(core.UTF8String.load(name.value, strict=True).native)
        except (ValueError, TypeError):
            continue
    return fields


def _birth_date(text: str) -> BirthDate:
    """EYYYYMMDD: the era's number, then the day in the Gregorian calendar."""
    era = ERAS.get(text[:1], UNKNOWN)
    parts = EYYYYMMDD.fullmatch(text)
    try:
        day = date(*map(int, parts.groups())) if parts else None
    except ValueError:
        day = None
    return BirthDate(text, era, day)
