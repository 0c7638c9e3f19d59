"""Signatures through every mechanism, judged by `cryptography`."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate
from module.numbers import NUMBERS
from provider.desk import DATA, Desk, DeskMaker, verify
from provider.readers import SELECT_JPKI
from support.steps import advance

from pyjpki11.cryptoki import cka, ckf, ckm, cko
from pyjpki11.cryptoki.attributes import ulong
from pyjpki11.cryptoki.mechanisms import MECHANISMS, PssParameters
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import steps

KEYS = ("auth", "sign")
HASHES: dict[int, hashes.HashAlgorithm] = {
    ckm.SHA1_RSA_PKCS: hashes.SHA1(),  # noqa: S303 (offered, not recommended)
    ckm.SHA224_RSA_PKCS: hashes.SHA224(),
    ckm.SHA256_RSA_PKCS: hashes.SHA256(),
    ckm.SHA384_RSA_PKCS: hashes.SHA384(),
    ckm.SHA512_RSA_PKCS: hashes.SHA512(),
}
V15_MECHANISMS = [ckm.RSA_PKCS, *HASHES]
PSS_SHA256 = PssParameters("sha256", "sha256", 32)
SHA256_DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420") + hashlib.sha256(DATA).digest()


@pytest.fixture
def logged_in(make_desk: DeskMaker) -> Desk:
    """Both tokens, logged in for as many signatures as one likes."""
    desk = make_desk(signature_consent="each-login")
    for name in KEYS:
        desk.open(name)
        desk.login(name)
    return desk


def raw(desk: Desk, name: str, block: bytes) -> bytes:
    """The signature of a block, by CKM_RSA_PKCS."""
    desk.sign_init(name, ckm.RSA_PKCS)
    return desk.signature(name, block)


def recovered(certificate: bytes, signature: bytes) -> bytes:
    """What was padded and signed."""
    key = load_der_x509_certificate(certificate).public_key()
    assert isinstance(key, RSAPublicKey)
    return key.recover_data_from_signature(signature, PKCS1v15(), None)


def test_every_mechanism_is_tested() -> None:
    signing = {number for number, row in MECHANISMS.items() if row.flags & ckf.SIGN}
    assert signing == {*V15_MECHANISMS, ckm.RSA_PKCS_PSS, ckm.SHA256_RSA_PKCS_PSS}  # PSS: test_pss.py


@pytest.mark.parametrize("data", [b"", b"x", DATA, bytes(100_000)], ids=len)
@pytest.mark.parametrize("mechanism", HASHES, ids=hex)
@pytest.mark.parametrize("name", KEYS)
def test_hashing_mechanism(logged_in: Desk, name: str, mechanism: int, data: bytes) -> None:
    logged_in.sign_init(name, mechanism)
    assert logged_in.signature_len(name) == 256
    signature = logged_in.signature(name, data)
    assert len(signature) == 256
    verify(logged_in.certificate(name), signature, data, HASHES[mechanism])


@pytest.mark.parametrize("parts", [[DATA], [b"", b""], [b"a"] * 100, [bytes(64), b"", bytes(63)]], ids=len)
@pytest.mark.parametrize("mechanism", HASHES, ids=hex)
def test_data_in_parts(logged_in: Desk, mechanism: int, parts: list[bytes]) -> None:
    logged_in.sign_init("auth", mechanism)
    for part in parts:
        logged_in.sign_update("auth", part)
    signature = logged_in.sign_final("auth")
    verify(logged_in.certificate("auth"), signature, b"".join(parts), HASHES[mechanism])


def test_no_part_at_all(logged_in: Desk) -> None:
    """C_SignFinal right after C_SignInit signs the empty text."""
    logged_in.sign_init("auth")
    verify(logged_in.certificate("auth"), logged_in.sign_final("auth"), b"", hashes.SHA256())


@pytest.mark.parametrize("length", [1, 20, 36, 51, 244, 245])
@pytest.mark.parametrize("name", KEYS)
def test_raw_block(logged_in: Desk, name: str, length: int) -> None:
    block = bytes(range(length))
    assert recovered(logged_in.certificate(name), raw(logged_in, name, block)) == block


@pytest.mark.parametrize("name", KEYS)
def test_raw_digest_info_is_a_signature_of_the_data(logged_in: Desk, name: str) -> None:
    """How TLS 1.2 and ssh sign."""
    signature = raw(logged_in, name, SHA256_DIGEST_INFO)
    verify(logged_in.certificate(name), signature, DATA, hashes.SHA256())


@pytest.mark.parametrize("length", [0, 246, 256, 257, 10_000])
@pytest.mark.parametrize("name", KEYS)
def test_blocks_of_impossible_length(make_desk: DeskMaker, name: str, length: int) -> None:
    """Nothing is sent, and the consent of the login stays."""
    desk = make_desk()
    desk.open(name)
    desk.login(name)
    desk.sign_init(name, ckm.RSA_PKCS)
    desk.commands()
    assert desk.do("sign-now", name, bytes(length)) == "DATA_LEN_RANGE"
    assert desk.commands() == 0
    assert desk.do("sign", name) == "OK"


@pytest.mark.parametrize("parts", [[1, 1], [100, 100, 45], [0, 245], [245, 0]], ids=str)
def test_raw_block_in_parts(logged_in: Desk, parts: list[int]) -> None:
    """More than the standard asks for; pkcs11-tool sends them."""
    logged_in.sign_init("auth", ckm.RSA_PKCS)
    for length in parts:
        logged_in.sign_update("auth", b"x" * length)
    signature = logged_in.sign_final("auth")
    assert recovered(logged_in.certificate("auth"), signature) == b"x" * sum(parts)


@pytest.mark.parametrize("parts", [[], [0], [200, 46], [10_000], [256, 1]], ids=str)
def test_raw_block_of_impossible_length_in_parts(logged_in: Desk, parts: list[int]) -> None:
    logged_in.sign_init("auth", ckm.RSA_PKCS)
    answers = [logged_in.do("sign-update", "auth", b"x" * length) for length in parts]
    answers.append(logged_in.do("sign-final", "auth"))
    assert "DATA_LEN_RANGE" in answers
    assert logged_in.do("sign-final", "auth") == "OPERATION_NOT_INITIALIZED"
    assert logged_in.signatures() == 0


REFUSED_MECHANISMS = [
    NUMBERS["CKM_RSA_X_509"],
    NUMBERS["CKM_MD5_RSA_PKCS"],
    NUMBERS["CKM_ECDSA"],
    ckm.SHA256,
    ckm.RSA_PKCS_OAEP,
    0,
    0x80001234,
]


@pytest.mark.parametrize("mechanism", REFUSED_MECHANISMS, ids=hex)
def test_other_mechanisms(logged_in: Desk, mechanism: int) -> None:
    assert logged_in.do("sign-init", "auth", mechanism) == "MECHANISM_INVALID"
    assert logged_in.do("sign", "auth") == "OK"


@pytest.mark.parametrize("mechanism", V15_MECHANISMS, ids=hex)
def test_no_such_mechanism_takes_a_parameter(logged_in: Desk, mechanism: int) -> None:
    answer = logged_in.do("sign-init", "auth", mechanism, PSS_SHA256)
    assert answer == "MECHANISM_PARAM_INVALID"


@pytest.mark.parametrize("kind", [cko.CERTIFICATE, cko.PUBLIC_KEY, cko.PROFILE])
def test_what_is_no_private_key_does_not_sign(logged_in: Desk, kind: int) -> None:
    expected = "KEY_FUNCTION_NOT_PERMITTED" if kind == cko.PUBLIC_KEY else "KEY_HANDLE_INVALID"
    found = logged_in.find("auth", [(cka.CLASS, ulong(kind))])
    assert found
    for handle in found:
        assert logged_in.do("start-signing", "auth", handle, ckm.SHA256_RSA_PKCS) == expected


def test_keys_of_the_other_token(logged_in: Desk) -> None:
    key = logged_in.key("sign")
    assert logged_in.do("start-signing", "auth", key, ckm.SHA256_RSA_PKCS) == "KEY_HANDLE_INVALID"


@pytest.mark.parametrize("name", KEYS)
def test_no_handle_whatever_signs_without_login(desk: Desk, name: str) -> None:
    """Though the card would, for anybody. Design: decision 6"""
    desk.reader.other_verifies(name, {"auth": "1234", "sign": "ABC123"}[name])
    assert desk.card_signs(name)
    desk.open(name)
    desk.find(name)
    made = desk.signatures()
    for handle in range(0x1000):
        answer = desk.do("start-signing", name, handle, ckm.SHA256_RSA_PKCS)
        assert answer in ("KEY_HANDLE_INVALID", "KEY_FUNCTION_NOT_PERMITTED")
    assert desk.signatures() == made


def test_one_signature_at_a_time(logged_in: Desk) -> None:
    logged_in.sign_init("auth")
    assert logged_in.do("sign-init", "auth") == "OPERATION_ACTIVE"
    assert logged_in.do("sign-init", "sign") == "OK"
    assert logged_in.do("sign-now", "auth") == "OK"
    assert logged_in.do("sign-now", "auth") == "OPERATION_NOT_INITIALIZED"


@pytest.mark.parametrize("fault", ["wrong-signature", "other-key"])
@pytest.mark.parametrize("mechanism", V15_MECHANISMS, ids=hex)
@pytest.mark.parametrize("name", KEYS)
def test_no_wrong_signature_is_handed_out(make_desk: DeskMaker, name: str, mechanism: int, fault: str) -> None:
    """Design: decision 8"""
    desk = make_desk([fault])
    desk.open(name)
    desk.login(name)
    desk.sign_init(name, mechanism)
    assert desk.do("signature", name, SHA256_DIGEST_INFO) == "DEVICE_ERROR"
    assert desk.signatures() == 1


def test_after_a_wrong_signature_the_application_is_selected_anew(desk: Desk) -> None:
    """It may have been another one that answered."""
    desk.open("auth")
    desk.login("auth")
    assert desk.do("sign", "auth") == "OK"
    desk.fault("wrong-signature")
    assert desk.do("sign", "auth") == "DEVICE_ERROR"
    desk.fault()
    before = len(desk.reader.commands())
    desk.do("sign", "auth")
    assert desk.reader.commands()[before] == SELECT_JPKI


def test_a_message_that_failed_is_no_part_of_the_next(logged_in: Desk) -> None:
    session = logged_in.session("auth")
    session.start_signing(steps.SIGN_MESSAGES, logged_in.key("auth"), ckm.SHA256_RSA_PKCS, None)
    advance(session, steps.SIGN_MESSAGE_BEGIN, lambda signing: signing.begin_message())
    advance(session, steps.SIGN_MESSAGE_NEXT, lambda signing: signing.update(b"old"))
    with pytest.raises(CryptokiError):
        advance(session, steps.SIGN_MESSAGE, lambda signing: signing.sign(b"out of order"))
    signature = advance(session, steps.SIGN_MESSAGE, lambda signing: signing.sign(DATA))
    verify(logged_in.certificate("auth"), signature, DATA, hashes.SHA256())
