"""PSS: advertised only when the card is known to make it, checked before it is handed out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate
from provider.desk import DATA, Desk, DeskMaker

from pyjpki11.cryptoki import ckm
from pyjpki11.cryptoki.mechanisms import PssParameters

RAW, WITH_HASH = ckm.RSA_PKCS_PSS, ckm.SHA256_RSA_PKCS_PSS
USUAL = PssParameters("sha256", "sha256", 32)
DIGEST = hashlib.sha256(DATA).digest()
INPUTS = {RAW: DIGEST, WITH_HASH: DATA}


def ready(desk: Desk, name: str = "auth") -> Desk:
    """Logged in."""
    desk.open(name)
    desk.login(name)
    return desk


def offers(desk: Desk) -> bool:
    """Whether C_GetMechanismList has both mechanisms; one alone is an error."""
    listed = [number in desk.module.token(0).facts.mechanisms() for number in (RAW, WITH_HASH)]
    assert listed[0] == listed[1]
    return listed[0]


def record() -> Path:
    """What is kept of cards."""
    return Path(os.environ["HOME"], ".cache", "pyjpki11", "pss")


def name_in_record(desk: Desk) -> str:
    """Of the card: a hash of what everybody may read of it."""
    return hashlib.sha256(desk.certificate("auth")[:256]).hexdigest()


def verify(desk: Desk, name: str, signature: bytes, salt_len: int = 32) -> None:
    """As TLS 1.3 does."""
    key = load_der_x509_certificate(desk.certificate(name)).public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(signature, DATA, PSS(MGF1(hashes.SHA256()), salt_len), hashes.SHA256())


def sign(desk: Desk, name: str = "auth", mechanism: int = WITH_HASH, salt_len: int = 32) -> bytes:
    """A signature of DATA."""
    desk.sign_init(name, mechanism, PssParameters("sha256", "sha256", salt_len))
    return desk.signature(name, INPUTS[mechanism])


# -- whether it is offered ----------------------------------------------------------------------------------

#: Faults -> whether it is offered before a login, and after one.
OFFERS: dict[str, tuple[bool, bool]] = {
    "": (True, True),
    "no-short-ef": (True, True),
    "sw-61xx": (True, True),
    "sw-6cxx": (True, True),
    "first-command-6f00": (True, True),
    "phone": (True, True),
    "no-pss": (False, False),
    "security-first": (False, True),
}


@pytest.mark.parametrize(("fault", "expected"), OFFERS.items())
def test_offer(make_desk: DeskMaker, fault: str, expected: tuple[bool, bool]) -> None:
    desk = make_desk([fault] if fault else [])
    before = offers(desk)
    ready(desk)
    assert (before, offers(desk)) == expected
    assert desk.signatures() == 0, "the question was a signature"
    assert desk.verifies() == 1


@pytest.mark.parametrize("fault", ["no-pss", "security-first"])
def test_what_is_not_offered_is_refused(make_desk: DeskMaker, fault: str) -> None:
    desk = make_desk([fault])
    desk.open("auth")
    for number in (RAW, WITH_HASH):
        assert desk.do("start-signing", "auth", 1, number, USUAL) == "MECHANISM_INVALID"


def test_a_known_card_is_not_asked_again(desk: Desk) -> None:
    """It is known by its certificate, which C_GetTokenInfo reads for the serial number."""
    assert offers(ready(desk))
    for event in (["insert"], ["finalize", "initialize"]):
        for word in event:
            desk.do(word)
        desk.token_info("auth")
        desk.commands()
        assert offers(desk)
        assert desk.commands() == 0


def test_what_one_card_does_takes_nothing_from_another(make_desk: DeskMaker, new_state: Callable[[], Path]) -> None:
    """All of them call themselves the same model."""
    desk = ready(make_desk(["no-pss"]))
    assert not offers(desk)
    desk.reader.exchange(new_state(), "pss-salt-20")
    assert desk.do("call", sign, ready(desk)) == "MECHANISM_PARAM_INVALID"
    desk.reader.exchange(new_state())
    assert offers(ready(desk))
    verify(desk, "auth", sign(desk))


def test_nothing_that_was_kept_takes_a_signature_from_the_same_card(make_desk: DeskMaker) -> None:
    """It may have been disturbed when it said no, or made another salt."""
    for fault in ("no-pss", "pss-salt-20"):
        desk = ready(make_desk([fault]))
        desk.do("call", sign, desk)
        desk.finalize()
        desk = ready(make_desk())
        assert offers(desk)
        verify(desk, "auth", sign(desk))
        desk.finalize()


@pytest.mark.parametrize("fault", ["no-pss", "security-first"])
def test_a_card_that_leaves_it_open_is_asked_once_before_a_login(make_desk: DeskMaker, fault: str) -> None:
    """Java asks for every mechanism one by one, each of which would cost three commands."""
    desk = make_desk([fault])
    assert not offers(desk)
    desk.commands()
    assert not offers(desk)
    assert desk.commands() == 0
    ready(desk)
    assert offers(desk) == (fault == "security-first")


def test_nothing_of_a_person_is_recorded(desk: Desk) -> None:
    sign(ready(desk))
    assert record().read_text() == f"{name_in_record(desk)} 32\n"
    assert record().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("fault", ["security-first", ""])
@pytest.mark.parametrize("application", ["text", "issuer", "jpki"])
def test_another_program_does_not_make_it_absent(make_desk: DeskMaker, fault: str, application: str) -> None:
    """What is recorded for good must be the card's own answer."""
    desk = ready(make_desk([fault] if fault else []))
    desk.other_selects(application)
    offers(desk)
    desk.do("logout", "auth")
    desk.login("auth")
    assert offers(desk)
    verify(desk, "auth", sign(desk))


@pytest.mark.parametrize(
    "content", ["", "rubbish", "{card} rubbish", "{card} 99999999999", "{card}", "\n\n", "\xff" * 99]
)
def test_a_record_that_makes_no_sense(desk: Desk, content: str) -> None:
    record().parent.mkdir(mode=0o700, parents=True)
    record().write_text(content.replace("{card}", name_in_record(desk)), encoding="latin-1")
    assert offers(ready(desk))
    verify(desk, "auth", sign(desk))


def test_no_place_for_a_record(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    assert offers(ready(desk))
    verify(desk, "auth", sign(desk))


def test_a_record_that_is_wrong(make_desk: DeskMaker) -> None:
    """The card refuses; from then on it is not offered."""
    desk = make_desk(["no-pss"])
    record().parent.mkdir(mode=0o700, parents=True)
    record().write_text(f"{name_in_record(desk)} 32\n")
    ready(desk)
    assert offers(desk)
    assert desk.do("call", sign, desk) == "DEVICE_ERROR"
    assert not offers(desk)
    assert desk.do("sign", "auth") == "OK"


# -- what it signs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanism", INPUTS, ids=hex)
@pytest.mark.parametrize("name", ["auth", "sign"])
@pytest.mark.parametrize("fault", ["", "no-short-ef", "sw-61xx", "security-first"])
def test_signature(make_desk: DeskMaker, fault: str, name: str, mechanism: int) -> None:
    desk = ready(make_desk([fault] if fault else []), name)
    verify(desk, name, sign(desk, name, mechanism))


def test_data_in_parts(desk: Desk) -> None:
    ready(desk).sign_init("auth", WITH_HASH, USUAL)
    for byte in DATA:
        desk.sign_update("auth", bytes((byte,)))
    verify(desk, "auth", desk.sign_final("auth"))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_what_is_no_hash(desk: Desk, length: int) -> None:
    ready(desk).sign_init("auth", RAW, USUAL)
    assert desk.do("signature", "auth", bytes(length)) == "DATA_LEN_RANGE"
    assert desk.signatures() == 0


OTHERS = {
    "none": None,
    "hash": PssParameters("sha384", "sha256", 32),
    "mask": PssParameters("sha256", "sha1", 32),
    "no salt": PssParameters("sha256", "sha256", 0),
    "short salt": PssParameters("sha256", "sha256", 20),
    "long salt": PssParameters("sha256", "sha256", 222),
}


@pytest.mark.parametrize("parameters", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("mechanism", INPUTS, ids=hex)
def test_what_the_card_does_not_make(desk: Desk, mechanism: int, parameters: PssParameters | None) -> None:
    ready(desk)
    assert desk.do("sign-init", "auth", mechanism, parameters) == "MECHANISM_PARAM_INVALID"
    assert desk.signatures() == 0


def test_another_salt_is_learnt(make_desk: DeskMaker) -> None:
    """The first signature is not what was asked for, so nobody gets it; the next ones are as promised."""
    desk = ready(make_desk(["pss-salt-20"]))
    assert desk.do("call", sign, desk) == "MECHANISM_PARAM_INVALID"
    assert desk.do("sign-init", "auth", WITH_HASH, USUAL) == "MECHANISM_PARAM_INVALID"
    verify(desk, "auth", sign(desk, salt_len=20), salt_len=20)
    assert desk.signatures() == 2
    assert record().read_text().endswith(" 20\n")


@pytest.mark.parametrize("fault", ["wrong-signature", "other-key"])
@pytest.mark.parametrize("mechanism", INPUTS, ids=hex)
def test_no_wrong_signature_is_handed_out(make_desk: DeskMaker, mechanism: int, fault: str) -> None:
    desk = ready(make_desk([fault]))
    assert desk.do("call", sign, desk, "auth", mechanism) == "DEVICE_ERROR"
    assert desk.signatures() == 1


def test_consent(desk: Desk) -> None:
    """Design: decision 7"""
    ready(desk, "sign")
    sign(desk, "sign")
    assert desk.do("call", sign, desk, "sign") == "USER_NOT_LOGGED_IN"
    assert desk.do("sign", "sign") == "USER_NOT_LOGGED_IN"
    desk.sign_init("sign", WITH_HASH, USUAL)
    desk.consent("sign")
    verify(desk, "sign", desk.signature("sign", DATA))
    assert desk.signatures() == 2


def test_lost_login(desk: Desk) -> None:
    ready(desk).sign_init("auth", WITH_HASH, USUAL)
    desk.other_selects("issuer")
    assert desk.do("signature", "auth", DATA) == "USER_NOT_LOGGED_IN"
    assert desk.state("auth") == "RO_PUBLIC_SESSION"
    desk.login("auth")
    verify(desk, "auth", sign(desk))
