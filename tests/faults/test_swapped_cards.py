"""Cards that change places: nothing of one is ever taken for the other's."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate
from provider.desk import DATA, Desk, DeskMaker
from support.clients import KEYS, NewClient, Pkcs11Client
from support.openssl import openssl_verify
from support.pcsc_card import CardMaker

from pyjpki11 import cache_files
from pyjpki11.cryptoki import ckm
from pyjpki11.cryptoki.mechanisms import PssParameters

LEFT = {"CKR_SESSION_HANDLE_INVALID", "CKR_DEVICE_REMOVED", "CKR_TOKEN_NOT_PRESENT"}
SLOTS = {0: 0, 1: 2}  # reader -> its authentication slot
ATTRIBUTES = ["CKA_VALUE"]
PHONE = ("phone", "pss-salt-20")


def issued(state: Path, key: str = "auth") -> bytes:
    """A certificate of a card, from its file."""
    return (state / f"{key}.der").read_bytes()


def log_in(client: Pkcs11Client, reader: int) -> int:
    """A session with the authentication token in a reader."""
    session = int(client.ask("open", SLOTS[reader]))
    client.login(session, KEYS["authentication"].pin)
    return session


def test_two_cards_change_places(
    pcsc_card: CardMaker, new_client: NewClient, softcard_state: Path, other_state: Path
) -> None:
    client = new_client()
    places = [softcard_state, other_state]
    seen: set[int] = set()
    dead: list[int] = []
    for _round in range(3):
        cards = [pcsc_card(state=state, slot=reader) for reader, state in enumerate(places)]
        sessions = [log_in(client, reader) for reader in SLOTS]
        for session, state in zip(sessions, places, strict=True):
            handles = set(client.ask("find", session))
            assert seen.isdisjoint(handles), "a handle came back"
            seen |= handles
            assert client.certificate(session) == issued(state)
            openssl_verify(issued(state), DATA, client.sign(session, DATA), "sha256")
        assert client.token(0)["serialNumber"] != client.token(2)["serialNumber"]
        assert {client.rv("state", session) for session in dead} <= LEFT
        for card in cards:
            card.remove()
        dead += sessions
        assert {client.rv("state", session) for session in dead} <= LEFT
        assert {client.rv("attributes", session, min(seen), ATTRIBUTES) for session in dead} <= LEFT
        places.reverse()


@pytest.mark.parametrize("key", ["auth", "sign"])
def test_login_does_not_go_over_to_another_card(desk: Desk, other_state: Path, key: str) -> None:
    """Between any two calls."""
    desk.open(key)
    desk.login(key)
    desk.sign_init(key)
    desk.reader.exchange(other_state)
    assert desk.do("sign-now", key) == "DEVICE_REMOVED"
    assert desk.do("find", key) == "SESSION_HANDLE_INVALID"
    desk.open(key)
    assert desk.do("state", key) == "RO_PUBLIC_SESSION"
    assert desk.do("sign", key) == "KEY_HANDLE_INVALID"
    assert desk.verifies() == 1
    desk.login(key)
    desk.sign(key)
    assert desk.signatures() == 1


def test_refused_pins_are_not_those_of_another_card(desk: Desk, other_state: Path) -> None:
    desk.open("auth")
    assert [desk.do("login", "auth", "9999") for _ in range(2)] == ["PIN_INCORRECT"] * 2
    assert desk.verifies() == 1
    desk.reader.exchange(other_state)
    desk.open("auth")
    assert desk.do("login", "auth", "9999") == "PIN_INCORRECT"
    assert desk.verifies() == 1


def sign_pss(desk: Desk, salt_len: int) -> None:
    """With the card that is in the reader now; the signature must be good."""
    desk.open("auth")
    desk.login("auth")
    desk.sign_init("auth", ckm.SHA256_RSA_PKCS_PSS, PssParameters("sha256", "sha256", salt_len))
    signature = desk.signature("auth", DATA)
    key = load_der_x509_certificate(desk.certificate("auth")).public_key()
    assert isinstance(key, RSAPublicKey)
    key.verify(signature, DATA, PSS(MGF1(hashes.SHA256()), salt_len), hashes.SHA256())


def test_pss_records_are_kept_apart(make_desk: DeskMaker, softcard_state: Path, other_state: Path) -> None:
    """Two models whose salts have different lengths, in turn."""
    desk = make_desk()
    sign_pss(desk, 32)
    desk.reader.exchange(other_state, *PHONE)
    assert desk.do("call", sign_pss, desk, 32) == "MECHANISM_PARAM_INVALID", "what it makes was not known before"
    for _round in range(2):
        desk.reader.exchange(other_state, *PHONE)
        sign_pss(desk, 20)
        desk.reader.exchange(softcard_state)
        assert desk.do("call", sign_pss, desk, 20) == "MECHANISM_PARAM_INVALID"
        desk.close("auth")
        sign_pss(desk, 32)
    assert sorted(line.rpartition(" ")[2] for line in cache_files.read_lines("pss")) == ["20", "32"]
