"""What needs no card: verification with public keys, objects that a program makes for itself, digests."""

from __future__ import annotations

import hashlib
from operator import methodcaller
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from module.numbers import number
from provider.desk import DATA, Desk
from support.steps import advance

from pyjpki11.cryptoki import cka, ckc, ckf, ckk, ckm, cko
from pyjpki11.cryptoki.attributes import big_integer, ulong
from pyjpki11.cryptoki.mechanisms import PssParameters
from pyjpki11.provider import steps

KEY = rsa.generate_private_key(65537, 2048)
NUMBERS = KEY.public_key().public_numbers()
YES = b"\1"
PUBLIC_KEY = {
    cka.CLASS: ulong(cko.PUBLIC_KEY),
    cka.KEY_TYPE: ulong(ckk.RSA),
    cka.MODULUS: big_integer(NUMBERS.n),
    cka.PUBLIC_EXPONENT: big_integer(NUMBERS.e),
}
NOTE = {cka.CLASS: ulong(cko.DATA), cka.LABEL: b"note", cka.VALUE: b"text"}


@pytest.fixture
def opened(desk: Desk) -> Desk:
    """A session of each kind, nobody logged in."""
    for name in ("auth", "auth-rw", "sign"):
        desk.open(name)
    return desk


def create(desk: Desk, template: dict[int, bytes], name: str = "auth") -> Any:
    """The new object's handle, or the name of a refusal."""
    return desk.do("call", lambda: desk.session(name).create_object(list(template.items())))


def verify(desk: Desk, key: int, data: bytes, signature: bytes, mechanism: int, parameters: Any = None) -> Any:
    """C_VerifyInit and C_Verify."""
    session = desk.session("auth")

    def work() -> None:
        session.start_verifying(steps.VERIFY, key, mechanism, parameters)
        advance(session, steps.VERIFY_WHOLE, lambda verifying: (verifying.update(data), verifying.finish(signature))[1])

    return desk.do("call", work)


# -- verification -------------------------------------------------------------------------------------------


def test_the_cards_signature(opened: Desk) -> None:
    opened.login("auth")
    opened.sign_init("auth")
    signature = opened.signature("auth", DATA)
    [key] = opened.find("auth", [(cka.CLASS, ulong(cko.PUBLIC_KEY))])
    opened.commands()
    assert verify(opened, key, DATA, signature, ckm.SHA256_RSA_PKCS) == "OK"
    assert verify(opened, key, b"other", signature, ckm.SHA256_RSA_PKCS) == "SIGNATURE_INVALID"
    assert verify(opened, key, DATA, signature, ckm.SHA512_RSA_PKCS) == "SIGNATURE_INVALID"
    assert verify(opened, key, DATA, signature[:-1], ckm.SHA256_RSA_PKCS) == "SIGNATURE_LEN_RANGE"
    assert verify(opened, key, DATA, signature + b"\0", ckm.SHA256_RSA_PKCS) == "SIGNATURE_LEN_RANGE"
    assert verify(opened, key, DATA, b"", ckm.SHA256_RSA_PKCS) == "SIGNATURE_LEN_RANGE"
    assert opened.commands() == 0


@pytest.mark.parametrize(
    ("mechanism", "algorithm"),
    [
        (ckm.SHA224_RSA_PKCS, hashes.SHA224()),
        (ckm.SHA256_RSA_PKCS, hashes.SHA256()),
        (ckm.SHA384_RSA_PKCS, hashes.SHA384()),
        (ckm.SHA512_RSA_PKCS, hashes.SHA512()),
    ],
)
def test_a_signature_by_somebody_else(opened: Desk, mechanism: int, algorithm: hashes.HashAlgorithm) -> None:
    key = create(opened, PUBLIC_KEY)
    signature = KEY.sign(DATA, padding.PKCS1v15(), algorithm)
    assert verify(opened, key, DATA, signature, mechanism) == "OK"
    assert verify(opened, key, DATA + b"?", signature, mechanism) == "SIGNATURE_INVALID"


@pytest.mark.parametrize("salt_len", [0, 20, 32, 222])
def test_a_pss_signature_by_somebody_else(opened: Desk, salt_len: int) -> None:
    key = create(opened, PUBLIC_KEY)
    signature = KEY.sign(DATA, padding.PSS(padding.MGF1(hashes.SHA256()), salt_len), hashes.SHA256())
    mechanism = ckm.SHA256_RSA_PKCS_PSS
    right, wrong = (PssParameters("sha256", "sha256", length) for length in (salt_len, salt_len + 1))
    assert verify(opened, key, DATA, signature, mechanism, right) == "OK"
    assert verify(opened, key, DATA, signature, mechanism, wrong) == "SIGNATURE_INVALID"
    digest = hashlib.sha256(DATA).digest()
    assert verify(opened, key, digest, signature, ckm.RSA_PKCS_PSS, right) == "OK"


def test_private_keys_do_not_verify(opened: Desk) -> None:
    opened.login("auth")
    answer = verify(opened, opened.key("auth"), DATA, bytes(256), ckm.SHA256_RSA_PKCS)
    assert answer == "KEY_FUNCTION_NOT_PERMITTED"


# -- objects of a session -----------------------------------------------------------------------------------


def test_made_found_and_gone_with_its_session(opened: Desk) -> None:
    handle = create(opened, NOTE)
    assert opened.value("auth", handle, cka.VALUE) == b"text"
    assert opened.find("auth", [(cka.LABEL, b"note")]) == opened.find("auth-rw", [(cka.LABEL, b"note")])
    assert opened.do("value", "sign", handle, cka.VALUE) == "OBJECT_HANDLE_INVALID"
    opened.close("auth")
    assert opened.find("auth-rw", [(cka.LABEL, b"note")]) == []


def test_private_objects_go_with_the_login(opened: Desk) -> None:
    private = NOTE | {cka.PRIVATE: YES}
    assert create(opened, private) == "USER_NOT_LOGGED_IN"
    opened.login("auth")
    handle = create(opened, private)
    assert opened.value("auth", handle, cka.VALUE) == b"text"
    opened.logout("auth")
    assert opened.do("value", "auth", handle, cka.VALUE) == "OBJECT_HANDLE_INVALID"
    opened.login("auth")
    assert opened.do("value", "auth", handle, cka.VALUE) == "OBJECT_HANDLE_INVALID"


def test_private_object_that_is_made_at_once_after_the_next_login_stays(opened: Desk) -> None:
    """Nothing but the making comes between the login and the search."""
    opened.login("auth")
    opened.logout("auth")
    opened.login("auth")
    handle = create(opened, NOTE | {cka.PRIVATE: YES})
    assert opened.find("auth", [(cka.LABEL, b"note")]) == [handle]


@pytest.mark.parametrize("end", ["logout", "close-all"])
@pytest.mark.parametrize("name", ["auth", "sign"])
def test_handles_of_private_objects_end_with_the_login(desk: Desk, name: str, end: str) -> None:
    """For ever; those of public objects stay, as does the order in which all are found."""
    desk.open(name)
    desk.login(name)
    before = desk.find(name)
    private = set(desk.find(name, [(cka.PRIVATE, YES)]))
    assert private
    desk.do(end, name)
    desk.open(name)
    assert {desk.do("value", name, handle, cka.LABEL) for handle in private} == {"OBJECT_HANDLE_INVALID"}
    desk.login(name)
    assert {desk.do("value", name, handle, cka.LABEL) for handle in private} == {"OBJECT_HANDLE_INVALID"}
    assert desk.do("start_signing", name, max(private), ckm.SHA256_RSA_PKCS) == "KEY_HANDLE_INVALID"
    after = desk.find(name)
    assert [handle in before for handle in after] == [handle not in private for handle in before]
    assert desk.do("sign", name) == "OK"


def test_a_login_that_the_card_has_lost_leaves_the_handles(opened: Desk) -> None:
    """No C_Logout has succeeded; programs ask for the PIN anew and repeat the call."""
    opened.login("auth")
    key = opened.key("auth")
    opened.start_signing("auth", key, ckm.SHA256_RSA_PKCS)
    opened.other_selects("text")
    assert opened.do("signature", "auth", DATA) == "USER_NOT_LOGGED_IN"
    opened.login("auth")
    assert opened.do("start_signing", "auth", key, ckm.SHA256_RSA_PKCS) == "OK"
    assert opened.do("sign_now", "auth") == "OK"


BAD: dict[str, tuple[dict[int, bytes], str]] = {
    "nothing": ({}, "TEMPLATE_INCOMPLETE"),
    "no kind": ({cka.CLASS: ulong(cko.PUBLIC_KEY)}, "TEMPLATE_INCOMPLETE"),
    "half a key": (PUBLIC_KEY | {cka.MODULUS: b""}, "ATTRIBUTE_VALUE_INVALID"),
    "even modulus": (PUBLIC_KEY | {cka.MODULUS: big_integer(NUMBERS.n - 1)}, "ATTRIBUTE_VALUE_INVALID"),
    "exponent 1": (PUBLIC_KEY | {cka.PUBLIC_EXPONENT: b"\1"}, "ATTRIBUTE_VALUE_INVALID"),
    "trusted": (PUBLIC_KEY | {cka.TRUSTED: YES}, "ATTRIBUTE_VALUE_INVALID"),
    "no truth": (NOTE | {cka.PRIVATE: b"\2"}, "ATTRIBUTE_VALUE_INVALID"),
    "short class": (NOTE | {cka.CLASS: b"\0"}, "ATTRIBUTE_VALUE_INVALID"),
    "no attribute of data": (NOTE | {cka.MODULUS: b"\1"}, "ATTRIBUTE_TYPE_INVALID"),
    "unknown attribute": (NOTE | {0x80001234: b""}, "ATTRIBUTE_TYPE_INVALID"),
    "computed": (PUBLIC_KEY | {cka.LOCAL: YES}, "ATTRIBUTE_READ_ONLY"),
    "private key": (
        {cka.CLASS: ulong(cko.PRIVATE_KEY), cka.KEY_TYPE: ulong(ckk.RSA)},
        "ATTRIBUTE_VALUE_INVALID",
    ),
    "elliptic curve": (
        {cka.CLASS: ulong(cko.PUBLIC_KEY), cka.KEY_TYPE: ulong(number("CKK_EC"))},
        "ATTRIBUTE_VALUE_INVALID",
    ),
    "certificate without value": (
        {cka.CLASS: ulong(cko.CERTIFICATE), cka.CERTIFICATE_TYPE: ulong(ckc.X_509)},
        "TEMPLATE_INCOMPLETE",
    ),
}


@pytest.mark.parametrize(("template", "expected"), BAD.values(), ids=BAD)
def test_bad_templates(opened: Desk, template: dict[int, bytes], expected: str) -> None:
    assert create(opened, template) == expected
    assert opened.do("labels", "auth") != []


@pytest.mark.parametrize("name", ["auth", "auth-rw"])
def test_nothing_is_written_to_the_card(opened: Desk, name: str) -> None:
    assert create(opened, NOTE | {cka.TOKEN: YES}, name) == "TOKEN_WRITE_PROTECTED"


def test_the_cards_objects_cannot_be_changed(opened: Desk) -> None:
    opened.login("auth")
    session = opened.session("auth-rw")
    for handle in opened.find("auth"):
        assert opened.do("call", session.change_object, handle, [(cka.LABEL, b"x")]) == "ACTION_PROHIBITED"
        assert opened.do("call", session.destroy_object, handle) == "ACTION_PROHIBITED"
        assert opened.do("call", session.copy_object, handle, []) == "ACTION_PROHIBITED"


def test_handles_do_not_outlive_the_card(opened: Desk) -> None:
    handle = create(opened, NOTE)
    opened.reader.driver.insert()
    opened.slots()
    opened.open("auth")
    assert opened.do("value", "auth", handle, cka.VALUE) == "OBJECT_HANDLE_INVALID"
    assert create(opened, NOTE | {cka.VALUE: b"new"}) != handle


def test_a_made_key_does_not_sign(opened: Desk) -> None:
    key = create(opened, PUBLIC_KEY)
    opened.login("auth")
    assert opened.do("start-signing", "auth", key, ckm.SHA256_RSA_PKCS) == "KEY_FUNCTION_NOT_PERMITTED"


# -- digests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mechanism", "name"),
    [
        (ckm.SHA_1, "sha1"),
        (ckm.SHA224, "sha224"),
        (ckm.SHA256, "sha256"),
        (ckm.SHA384, "sha384"),
        (ckm.SHA512, "sha512"),
    ],
)
def test_digest(opened: Desk, mechanism: int, name: str) -> None:
    session = opened.session("auth")
    opened.commands()
    session.start_digest(mechanism, None)
    hashed = advance(session, steps.DIGEST_WHOLE, lambda digesting: digesting.digest(DATA))
    assert hashed == hashlib.new(name, DATA, usedforsecurity=False).digest()
    session.start_digest(mechanism, None)
    for byte in DATA:
        advance(session, steps.DIGEST_UPDATE, methodcaller("update", bytes((byte,))))
    assert advance(session, steps.DIGEST_FINAL, lambda digesting: digesting.finish()) == hashed
    assert opened.commands() == 0


def test_one_operation_of_each_kind(opened: Desk) -> None:
    """They do not disturb each other."""
    opened.login("auth")
    session = opened.session("auth")
    opened.sign_init("auth")
    opened.search_init("auth")
    session.start_digest(ckm.SHA256, None)
    assert opened.do("call", session.start_digest, ckm.SHA256, None) == "OPERATION_ACTIVE"
    session.cancel(ckf.DIGEST)
    assert opened.do("call", session.start_digest, ckm.SHA256, None) == "OK"
    assert opened.do("search-next", "auth", 9) == 5
    assert opened.do("sign-now", "auth") == "OK"
