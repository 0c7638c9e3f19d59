"""Distinguished names as text. Spec: RFC 4514 2.4"""

from __future__ import annotations

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import NameOID

from pyjpki11.cli.wording.distinguished_names import distinguished


def shown(name: x509.Name) -> str:
    """A name as the tool shows it."""
    return distinguished(asn1_x509.Name.load(name.public_bytes()))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x, O=J-LIS", r"CN=x\, O\=J-LIS"),
        ("a+b", r"CN=a\+b"),
        ('say "no"; <x> \\', r"CN=say \"no\"\; \<x\> \\"),
        ("# x ", r"CN=\# x\ "),
        (" x", r"CN=\ x"),
        ("a#b c", "CN=a#b c"),
        ("試験　太郎", "CN=試験　太郎"),
    ],
)
def test_value_never_reads_as_another_attribute(value: str, expected: str) -> None:
    assert shown(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, value)])) == expected


def test_parts_stay_where_they_are() -> None:
    country = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "JP")])
    two = x509.RelativeDistinguishedName(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "A"), x509.NameAttribute(NameOID.COMMON_NAME, "B")]
    )
    assert shown(x509.Name([country, two])) in ("C=JP, O=A+CN=B", "C=JP, CN=B+O=A")
