"""Faults over the real service: a part of the matrix that stands for the rest. tests/pcsc has single ones more."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.clients import KEYS, OK, NewClient, NewRaw, Pkcs11Client, verifications
from support.conversation import Refused
from support.openssl import openssl_verify
from support.pcsc_card import CardMaker, PcscCard
from support.pcscd import Pcscd

DATA = b"what is to be signed"
NOT_LOGGED_IN = "CKR_USER_NOT_LOGGED_IN"
DEFINED = {
    "CKR_DEVICE_ERROR",
    "CKR_DEVICE_REMOVED",
    "CKR_SESSION_HANDLE_INVALID",
    "CKR_TOKEN_NOT_PRESENT",
    NOT_LOGGED_IN,
}
TIMEOUT_S = 2
SLACK_S = 4.0  # for a busy machine
SILENT = {"silence-on-sign": "sign", "silence": "slots"}


def job(client: Pkcs11Client, key: str) -> str:
    """From the slot list to a signature that OpenSSL accepts, and a logout; how it ended."""
    try:
        if not client.slots():
            return "CKR_TOKEN_NOT_PRESENT"
        session = client.logged_in(key)
        openssl_verify(client.certificate(session), DATA, client.sign(session, DATA), "sha256")
        client.ask("logout", session)
    except Refused as refused:
        return refused.name
    return OK


def assert_all_tries(client: Pkcs11Client) -> None:
    """No PIN has lost a try."""
    for key in KEYS:
        assert not {flag for flag in client.flags(key) if "PIN_COUNT" in flag or "PIN_FINAL" in flag}


@pytest.fixture
def impatient(tmp_path: Path, new_client: NewClient) -> Callable[[], Pkcs11Client]:
    """Starts programs that wait for a card for two seconds."""
    settings = tmp_path / "settings.toml"
    settings.write_text(f"card_timeout = {TIMEOUT_S}\n")
    return lambda: new_client(env={"PYJPKI11_CONFIG": str(settings)})


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("commands", [2, 4, 7, 10])
def test_removal(pcsc_card: CardMaker, new_client: NewClient, key: str, commands: int) -> None:
    card = pcsc_card(fault=[f"disconnect-after={commands}"])
    client = new_client()
    assert job(client, key) in DEFINED
    assert len(verifications(card)) <= 1
    card.remove()
    pcsc_card(state=card.state)
    assert job(client, key) == OK
    assert_all_tries(client)


@pytest.mark.parametrize("key", KEYS)
def test_reset_between_all_calls(card: PcscCard, client: Pkcs11Client, new_raw: NewRaw, key: str) -> None:
    raw = new_raw(card.reader)

    def reset() -> None:
        raw.ask("reconnect", "unpower")

    session = client.open(key)
    reset()
    client.login(session, KEYS[key].pin)
    reset()
    keys = []
    for _ in range(2):  # the first may notice that the login is lost
        try:
            keys = client.ask("find", session, "CKO_PRIVATE_KEY")
        except Refused as refused:
            assert refused.name == NOT_LOGGED_IN
    reset()
    if keys:
        assert client.rv("sign", session, DATA, "CKM_SHA256_RSA_PKCS", keys[0]) in DEFINED | {OK}
    reset()
    assert client.rv("logout", session) in {OK, NOT_LOGGED_IN}
    assert job(client, key) == OK
    assert len(verifications(card)) == 2, "a PIN was presented unasked"
    assert_all_tries(client)


@pytest.mark.parametrize("key", KEYS)
def test_service_killed_and_restarted_after_the_login(
    own_pcscd: Pcscd, card: PcscCard, client: Pkcs11Client, key: str
) -> None:
    session = client.logged_in(key)
    handle = client.private_key(session)
    own_pcscd.kill()
    own_pcscd.start()
    card.remove()
    card.insert()
    assert client.rv("sign", session, DATA, "CKM_SHA256_RSA_PKCS", handle) in DEFINED
    assert client.rv("state", session) in DEFINED
    assert len(verifications(card)) == 1, "a PIN was presented unasked"
    assert job(client, key) == OK
    assert_all_tries(client)


@pytest.mark.parametrize("fault", SILENT)
def test_silence(pcsc_card: CardMaker, impatient: Callable[[], Pkcs11Client], fault: str) -> None:
    """Given up in time; another card then works in the same program."""
    card = pcsc_card(fault=[fault])
    client = impatient()
    began = time.monotonic()
    assert job(client, "authentication") in DEFINED
    assert time.monotonic() - began < len(SILENT) * (TIMEOUT_S + SLACK_S)
    assert len(verifications(card)) <= 1
    card.remove()
    pcsc_card(state=card.state)
    assert job(client, "authentication") == OK
    assert_all_tries(client)
