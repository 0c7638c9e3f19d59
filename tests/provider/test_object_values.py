"""The objects of a card: every attribute against what `cryptography` reads in the issued certificate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from module.numbers import NUMBERS
from provider.desk import Desk, DeskMaker

from pyjpki11.cryptoki import cka, ckc, ckf, ckk, cko
from pyjpki11.cryptoki.attributes import ulong, ulongs
from pyjpki11.cryptoki.ck import UNAVAILABLE_INFORMATION
from pyjpki11.cryptoki.mechanisms import MECHANISMS
from pyjpki11.provider import token_objects
from pyjpki11.provider.objects import SENSITIVE

YES, NO = b"\1", b"\0"
#: Session -> label of an object, the issued certificate it is about. Card: notes 8.1
CERTIFICATES = [
    ("auth", "User Authentication Certificate", "auth"),
    ("auth", "User Authentication Certificate CA", "auth_ca"),
    ("auth", "Digital Signature Certificate CA", "sign_ca"),
    ("sign", "Digital Signature Certificate", "sign"),
    ("sign", "Digital Signature Certificate CA", "sign_ca"),
]
PUBLIC_KEYS = [
    ("auth", "User Authentication Public Key", "auth"),
    ("sign", "Digital Signature Public Key", "sign"),
]
PRIVATE_KEYS = [("auth", "User Authentication Key", "auth"), ("sign", "Digital Signature Key", "sign")]
ALL = [*CERTIFICATES, *PUBLIC_KEYS, *PRIVATE_KEYS]
BEFORE_LOGIN = {
    "auth": [
        "Digital Signature Certificate CA",
        "User Authentication Certificate",
        "User Authentication Certificate CA",
        "User Authentication Public Key",
    ],
    "sign": ["Digital Signature Certificate CA"],
}


class Issued:
    """A certificate as `cryptography` reads it."""

    def __init__(self, der: bytes) -> None:
        self.der = der
        self.certificate = x509.load_der_x509_certificate(der)
        key = self.certificate.public_key()
        assert isinstance(key, RSAPublicKey)
        self.numbers = key.public_numbers()
        self.public_key_info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.is_authority = self.certificate.subject == self.certificate.issuer

    @property
    def serial_number(self) -> bytes:
        """A DER INTEGER."""
        number = self.certificate.serial_number
        content = number.to_bytes(number.bit_length() // 8 + 1, "big")
        return bytes((0x02, len(content))) + content


def minimal(number: int) -> bytes:
    """Big-endian without zeros in front."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


COMMON: dict[int, Callable[[Issued], Any]] = {
    cka.TOKEN: lambda it: YES,
    cka.MODIFIABLE: lambda it: NO,
    cka.COPYABLE: lambda it: NO,
    cka.DESTROYABLE: lambda it: NO,
    cka.SUBJECT: lambda it: it.certificate.subject.public_bytes(),
    cka.PUBLIC_KEY_INFO: lambda it: it.public_key_info,
}
OF_CERTIFICATES = COMMON | {
    cka.CLASS: lambda it: ulong(cko.CERTIFICATE),
    cka.CERTIFICATE_TYPE: lambda it: ulong(ckc.X_509),
    cka.CERTIFICATE_CATEGORY: lambda it: ulong(2 if it.is_authority else 1),
    cka.TRUSTED: lambda it: NO,
    cka.ISSUER: lambda it: it.certificate.issuer.public_bytes(),
    cka.SERIAL_NUMBER: lambda it: it.serial_number,
    cka.VALUE: lambda it: it.der,
    cka.CHECK_VALUE: lambda it: hashlib.sha1(it.der, usedforsecurity=False).digest()[:3],
    cka.START_DATE: lambda it: f"{it.certificate.not_valid_before_utc:%Y%m%d}".encode(),
    cka.END_DATE: lambda it: f"{it.certificate.not_valid_after_utc:%Y%m%d}".encode(),
}
OF_KEYS = COMMON | {
    cka.KEY_TYPE: lambda it: ulong(ckk.RSA),
    cka.DERIVE: lambda it: NO,
    cka.LOCAL: lambda it: YES,
    cka.KEY_GEN_MECHANISM: lambda it: ulong(UNAVAILABLE_INFORMATION),
    cka.ALLOWED_MECHANISMS: lambda it: ulongs([n for n, row in MECHANISMS.items() if row.flags & ckf.SIGN]),
    cka.START_DATE: lambda it: b"",
    cka.END_DATE: lambda it: b"",
    cka.MODULUS: lambda it: minimal(it.numbers.n),
    cka.PUBLIC_EXPONENT: lambda it: minimal(it.numbers.e),
}
OF_PUBLIC_KEYS = OF_KEYS | {
    cka.CLASS: lambda it: ulong(cko.PUBLIC_KEY),
    cka.MODULUS_BITS: lambda it: ulong(2048),
    cka.VERIFY: lambda it: YES,
    cka.VERIFY_RECOVER: lambda it: YES,
    cka.ENCRYPT: lambda it: NO,
    cka.WRAP: lambda it: NO,
    cka.TRUSTED: lambda it: NO,
}
OF_PRIVATE_KEYS = OF_KEYS | {
    cka.CLASS: lambda it: ulong(cko.PRIVATE_KEY),
    cka.SENSITIVE: lambda it: YES,
    cka.ALWAYS_SENSITIVE: lambda it: YES,
    cka.EXTRACTABLE: lambda it: NO,
    cka.NEVER_EXTRACTABLE: lambda it: YES,
    cka.SIGN: lambda it: YES,
    cka.SIGN_RECOVER: lambda it: YES,
    cka.DECRYPT: lambda it: NO,
    cka.UNWRAP: lambda it: NO,
    cka.WRAP_WITH_TRUSTED: lambda it: NO,
}
#: What depends on more than the certificate, and is tested by itself.
ELSEWHERE = {cka.LABEL, cka.ID, cka.UNIQUE_ID, cka.PRIVATE, cka.ALWAYS_AUTHENTICATE}
KINDS = [
    (CERTIFICATES, OF_CERTIFICATES, token_objects.CERTIFICATE),
    (PUBLIC_KEYS, OF_PUBLIC_KEYS, token_objects.PUBLIC_KEY),
    (PRIVATE_KEYS, OF_PRIVATE_KEYS, token_objects.PRIVATE_KEY),
]


@pytest.fixture
def logged_in(desk: Desk) -> Desk:
    """Both tokens, logged in."""
    for name in ("auth", "sign"):
        desk.open(name)
        desk.login(name)
    return desk


def find(desk: Desk, session: str, label: str) -> int:
    """The handle of the one object with that label."""
    found = desk.find(session, [(cka.LABEL, label.encode())])
    assert len(found) == 1
    return found[0]


def expectations(label: str) -> dict[int, Callable[[Issued], Any]]:
    """What an object's attributes must be."""
    return next(wanted for rows, wanted, _table in KINDS if label in [row[1] for row in rows])


@pytest.mark.parametrize(("rows", "wanted", "table"), KINDS, ids=["certificates", "public", "private"])
def test_every_attribute_is_tested(rows: Any, wanted: dict[int, Any], table: dict[int, Any]) -> None:
    assert set(table) - ELSEWHERE == set(wanted)


@pytest.mark.parametrize(("session", "label", "issued"), ALL)
def test_values(logged_in: Desk, session: str, label: str, issued: str) -> None:
    handle, it = find(logged_in, session, label), Issued(logged_in.certificate(issued))
    wanted = {attribute: value(it) for attribute, value in expectations(label).items()}
    assert {attribute: logged_in.value(session, handle, attribute) for attribute in wanted} == wanted


@pytest.mark.parametrize(("session", "label", "_issued"), ALL)
def test_a_search_by_any_attribute_finds_it(logged_in: Desk, session: str, label: str, _issued: str) -> None:
    handle = find(logged_in, session, label)
    attributes = [*expectations(label), cka.LABEL, cka.ID, cka.UNIQUE_ID, cka.PRIVATE]
    for attribute in attributes:
        value = logged_in.value(session, handle, attribute)
        assert handle in logged_in.find(session, [(attribute, value)])
        assert handle not in logged_in.find(session, [(attribute, value + b"?")])
    whole = [(attribute, logged_in.value(session, handle, attribute)) for attribute in attributes]
    assert logged_in.find(session, whole) == logged_in.find(session, whole[::-1]) == [handle]


def test_searches_that_find_nothing(logged_in: Desk) -> None:
    for template in (
        [(cka.LABEL, b"")],
        [(cka.LABEL, b"user authentication certificate")],
        [(cka.ID, b"\2")],
        [(cka.ID, b"")],
        [(cka.CLASS, ulong(NUMBERS["CKO_SECRET_KEY"]))],
        [(cka.CLASS, b"\1")],
        [(cka.TOKEN, NO)],
        [(cka.PRIVATE_EXPONENT, b"")],
        [(0x80001234, b"")],
        [(cka.ID, b"\1"), (cka.CLASS, ulong(cko.DATA))],
    ):
        assert logged_in.find("auth", template) == []


def test_ids(logged_in: Desk) -> None:
    """Certificate, public and private key of a pair share theirs."""
    assert len(logged_in.find("auth", [(cka.ID, b"\1")])) == 3
    assert len(logged_in.find("sign", [(cka.ID, b"\2")])) == 3
    assert [len(logged_in.find(name, [(cka.ID, b"\4")])) for name in ("auth", "sign")] == [1, 1]
    assert len(logged_in.find("auth", [(cka.ID, b"\3")])) == 1


def test_unique_ids(logged_in: Desk) -> None:
    found = [(name, handle) for name in ("auth", "sign") for handle in logged_in.find(name)]
    unique = {logged_in.value(name, handle, cka.UNIQUE_ID) for name, handle in found}
    shared = 1  # the signature CA is in both
    assert len(unique) == len(found) - shared
    assert len({handle for _name, handle in found}) == len(found) == 9


@pytest.mark.parametrize("name", ["auth", "sign"])
def test_what_shows_when(desk: Desk, name: str) -> None:
    desk.open(name)
    assert desk.labels(name) == BEFORE_LOGIN[name]
    desk.login(name)
    assert desk.labels(name) == sorted(label for session, label, _issued in ALL if session == name)
    desk.logout(name)
    assert desk.labels(name) == BEFORE_LOGIN[name]


@pytest.mark.parametrize("name", ["auth", "sign"])
def test_what_shows_only_after_login_is_private(logged_in: Desk, name: str) -> None:
    private = logged_in.find(name, [(cka.PRIVATE, YES)])
    labels = {logged_in.value(name, handle, cka.LABEL).decode() for handle in private}
    assert labels == {label for session, label, _ in ALL if session == name} - set(BEFORE_LOGIN[name])
    logged_in.logout(name)
    answers = {logged_in.do("value", name, handle, cka.LABEL) for handle in private}
    assert answers == {"OBJECT_HANDLE_INVALID"}


@pytest.mark.parametrize(
    ("session", "consent", "expected"),
    [("auth", "each-signature", NO), ("sign", "each-signature", YES), ("sign", "each-login", NO)],
)
def test_always_authenticate(make_desk: DeskMaker, session: str, consent: str, expected: bytes) -> None:
    desk = make_desk(signature_consent=consent)
    desk.open(session)
    desk.login(session)
    assert desk.value(session, desk.key(session), cka.ALWAYS_AUTHENTICATE) == expected


@pytest.mark.parametrize(("session", "label", "_issued"), ALL)
def test_attributes_that_have_no_value(logged_in: Desk, session: str, label: str, _issued: str) -> None:
    handle = find(logged_in, session, label)
    is_private_key = any(label == row[1] for row in PRIVATE_KEYS)
    for attribute in SENSITIVE:
        expected = "ATTRIBUTE_SENSITIVE" if is_private_key else "ATTRIBUTE_TYPE_INVALID"
        assert logged_in.do("value", session, handle, attribute) == expected
    for attribute in (NUMBERS["CKA_EC_POINT"], NUMBERS["CKA_EC_PARAMS"], cka.URL, 0x80001234, 2**64 - 1):
        assert logged_in.do("value", session, handle, attribute) == "ATTRIBUTE_TYPE_INVALID"


@pytest.mark.parametrize("handle", [0, 2**16, 2**32, 2**64 - 1])
def test_handles_that_were_never_given(logged_in: Desk, handle: int) -> None:
    assert logged_in.do("value", "auth", handle, cka.LABEL) == "OBJECT_HANDLE_INVALID"


def test_handles_are_those_of_their_token(logged_in: Desk) -> None:
    for ours, other in (("auth", "sign"), ("sign", "auth")):
        for handle in logged_in.find(ours):
            assert logged_in.do("value", other, handle, cka.LABEL) == "OBJECT_HANDLE_INVALID"


def test_handles_of_an_earlier_insertion(logged_in: Desk) -> None:
    """They never come to mean another card's objects. Nor does a session's."""
    old = {name: logged_in.find(name) for name in ("auth", "sign")}
    sessions = set(logged_in.handles.values())
    logged_in.reader.driver.insert()
    for name in ("auth", "sign"):
        assert logged_in.do("state", name) == "SESSION_HANDLE_INVALID"
        logged_in.open(name)
        logged_in.login(name)
        assert not set(old[name]) & set(logged_in.find(name))
        answers = {logged_in.do("value", name, handle, cka.LABEL) for handle in old[name]}
        assert answers == {"OBJECT_HANDLE_INVALID"}
    assert not sessions & set(logged_in.handles.values())


def test_a_search_gives_each_object_once(logged_in: Desk) -> None:
    logged_in.search_init("auth")
    assert [logged_in.search_next("auth", limit) for limit in (2, 0, 2, 9, 9)] == [2, 0, 2, 1, 0]
    logged_in.search_final("auth")
    assert logged_in.do("search-next", "auth", 1) == "OPERATION_NOT_INITIALIZED"
    assert logged_in.do("search-final", "auth") == "OPERATION_NOT_INITIALIZED"


def test_one_search_at_a_time(logged_in: Desk) -> None:
    logged_in.search_init("auth")
    assert logged_in.do("search-init", "auth") == "OPERATION_ACTIVE"
    assert logged_in.do("search-init", "sign") == "OK"
    logged_in.search_final("auth")
    assert logged_in.do("search-init", "auth") == "OK"


def test_what_is_known_is_not_read_again(logged_in: Desk) -> None:
    for name in ("auth", "sign"):
        for handle in logged_in.find(name):
            logged_in.value(name, handle, cka.SUBJECT)
    logged_in.commands()
    for name in ("auth", "sign"):
        for handle in logged_in.find(name):
            logged_in.value(name, handle, cka.SUBJECT)
    assert logged_in.commands() == 0
