"""The tables of objects and attributes: complete, and encoded as C has them. Spec: PKCS#11 v3.1 4"""

from __future__ import annotations

import sys

import pytest

from pyjpki11.cryptoki import attributes, cka, cko
from pyjpki11.cryptoki.attributes import ENCODERS
from pyjpki11.cryptoki.mechanisms import MECHANISMS
from pyjpki11.provider.objects import CHEAP, SENSITIVE, ObjectRow
from pyjpki11.provider.token_objects import (
    AUTHENTICATION_OBJECTS,
    CA_CERTIFICATE,
    CERTIFICATE,
    MECHANISM,
    PRIVATE_KEY,
    PROFILE,
    PUBLIC_KEY,
    SIGNATURE_OBJECTS,
)

CLASSES = {
    "certificate": CERTIFICATE,
    "CA certificate": CA_CERTIFICATE,
    "public key": PUBLIC_KEY,
    "private key": PRIVATE_KEY,
    "profile": PROFILE,
    "mechanism": MECHANISM,
}
ROWS = [*AUTHENTICATION_OBJECTS, *SIGNATURE_OBJECTS]

#: What the standard demands of each class, by the names of its tables.
REQUIRED = {
    "storage": "CLASS TOKEN PRIVATE MODIFIABLE LABEL COPYABLE DESTROYABLE UNIQUE_ID",
    "certificate": "CERTIFICATE_TYPE TRUSTED CERTIFICATE_CATEGORY CHECK_VALUE START_DATE END_DATE"
    " PUBLIC_KEY_INFO SUBJECT ID ISSUER SERIAL_NUMBER VALUE",
    "key": "KEY_TYPE ID START_DATE END_DATE DERIVE LOCAL KEY_GEN_MECHANISM ALLOWED_MECHANISMS",
    "public key": "SUBJECT ENCRYPT VERIFY VERIFY_RECOVER WRAP TRUSTED PUBLIC_KEY_INFO"
    " MODULUS MODULUS_BITS PUBLIC_EXPONENT",
    "private key": "SUBJECT SENSITIVE DECRYPT SIGN SIGN_RECOVER UNWRAP EXTRACTABLE ALWAYS_SENSITIVE"
    " NEVER_EXTRACTABLE WRAP_WITH_TRUSTED ALWAYS_AUTHENTICATE PUBLIC_KEY_INFO MODULUS PUBLIC_EXPONENT",
    "profile": "PROFILE_ID",
    "mechanism": "MECHANISM_TYPE",
}
TABLES = {
    "profile": ("storage", "profile"),
    "mechanism": ("storage", "mechanism"),
    "certificate": ("storage", "certificate"),
    "CA certificate": ("storage", "certificate"),
    "public key": ("storage", "key", "public key"),
    "private key": ("storage", "key", "private key"),
}


def numbers(names: str) -> set[int]:
    """CKA numbers of names."""
    return {getattr(cka, name) for name in names.split()}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_attribute_has_an_encoder(kind: str) -> None:
    assert set(CLASSES[kind]) - set(ENCODERS) == set()


@pytest.mark.parametrize("kind", CLASSES)
def test_constants_can_be_encoded(kind: str) -> None:
    for attribute, value in CLASSES[kind].items():
        if not callable(value):
            assert isinstance(ENCODERS[attribute](value), bytes)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_attribute_of_the_standard(kind: str) -> None:
    """Attributes of other kinds of keys or certificates are left out, and nothing else."""
    demanded = set().union(*(numbers(REQUIRED[table]) for table in TABLES[kind]))
    assert demanded - set(CLASSES[kind]) == set()
    assert set(CLASSES[kind]) - demanded == set()


def test_no_private_part_has_a_value() -> None:
    """Neither in the tables, nor as a plain attribute. Spec: PKCS#11 v3.1 6.1.3"""
    names = "PRIVATE_EXPONENT PRIME_1 PRIME_2 EXPONENT_1 EXPONENT_2 COEFFICIENT"
    assert numbers(names) == SENSITIVE
    assert not any(SENSITIVE & set(table) for table in CLASSES.values())


def test_cheap_attributes_are_computed_ones() -> None:
    """The list is there to spare commands, so it names nothing that is a constant anyway."""
    computed = {number for table in CLASSES.values() for number, value in table.items() if callable(value)}
    assert CHEAP <= computed


#: Token -> label, CKA_ID, class, whether it shows only after a login. Card: notes 8.1
OPENSC = {
    AUTHENTICATION_OBJECTS: {
        ("User Authentication Certificate", b"\1", cko.CERTIFICATE, False),
        ("User Authentication Public Key", b"\1", cko.PUBLIC_KEY, False),
        ("User Authentication Key", b"\1", cko.PRIVATE_KEY, True),
        ("User Authentication Certificate CA", b"\3", cko.CERTIFICATE, False),
        ("Digital Signature Certificate CA", b"\4", cko.CERTIFICATE, False),
    },
    SIGNATURE_OBJECTS: {
        ("Digital Signature Certificate", b"\2", cko.CERTIFICATE, True),
        ("Digital Signature Public Key", b"\2", cko.PUBLIC_KEY, True),
        ("Digital Signature Key", b"\2", cko.PRIVATE_KEY, True),
        ("Digital Signature Certificate CA", b"\4", cko.CERTIFICATE, False),
    },
}


@pytest.mark.parametrize("rows", OPENSC, ids=["authentication", "signature"])
def test_objects_as_opensc_names_them(rows: tuple[ObjectRow, ...]) -> None:
    shown = [row for row in rows if not row.is_hidden]
    found = [(row.label, row.id, row.attributes[cka.CLASS], row.is_private) for row in shown]
    assert set(found) == OPENSC[rows]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("rows", OPENSC, ids=["authentication", "signature"])
def test_hidden_objects(rows: tuple[ObjectRow, ...]) -> None:
    """Each mechanism, and what profiles are claimed; never private. Spec: PKCS#11 v3.1 4.12, 4.13"""
    hidden = [row for row in rows if row.is_hidden]
    assert {row.number for row in hidden if row.attributes is MECHANISM} == set(MECHANISMS)
    assert {row.attributes[cka.CLASS] for row in hidden} == {cko.PROFILE, cko.MECHANISM}
    assert not any(row.is_private or row.needs_rsa for row in hidden)


def test_every_row_is_of_a_known_class() -> None:
    assert all(any(row.attributes is table for table in CLASSES.values()) for row in ROWS)


def test_a_private_key_is_never_public() -> None:
    assert all(row.is_private for row in ROWS if row.attributes is PRIVATE_KEY)
    assert PRIVATE_KEY[cka.SENSITIVE] is True
    assert PRIVATE_KEY[cka.EXTRACTABLE] is False


ENCODED = [
    (attributes.boolean, True, b"\x01"),
    (attributes.boolean, False, b"\x00"),
    (attributes.ulong, 0, bytes(8)),
    (attributes.ulong, 0x0102, (0x0102).to_bytes(8, sys.byteorder)),
    (attributes.ulong, 2**64 - 1, b"\xff" * 8),
    (attributes.ulongs, [], b""),
    (attributes.ulongs, [1, 2], (1).to_bytes(8, sys.byteorder) + (2).to_bytes(8, sys.byteorder)),
    (attributes.text, "", b""),
    (attributes.text, "署名", "署名".encode()),
    (attributes.big_integer, 1, b"\x01"),
    (attributes.big_integer, 65537, b"\x01\x00\x01"),
    (attributes.big_integer, 0x80, b"\x80"),
    (attributes.big_integer, 0xFF00, b"\xff\x00"),
    (attributes.raw, b"\x00\x01", b"\x00\x01"),
]


@pytest.mark.parametrize(("encoder", "value", "expected"), ENCODED)
def test_encoder(encoder: object, value: object, expected: bytes) -> None:
    assert callable(encoder)
    assert encoder(value) == expected
