"""A service, a card or another program that hangs costs its callers one time limit, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import pcsc
from support.clients import KEYS, OK, NewClient, Pkcs11Client
from support.conversation import Refused
from support.openssl import openssl_verify
from support.pcsc_card import PcscCard
from support.pcscd import Pcscd

DATA = b"what is to be signed"
AUTHENTICATION, _SIGNATURE = KEYS
#: Seconds: the setting card_timeout; and how long many calls may take together, of which each would wait as long else.
LIMIT_S = 4
MANY, TOGETHER_S = 10, 3 * LIMIT_S
PATIENCE_S, POLL_S = 60, 0.1


@pytest.fixture
def impatient(new_client: NewClient, tmp_path: Path) -> Pkcs11Client:
    """A client with a short time limit, initialised."""
    settings = tmp_path / "settings.toml"
    settings.write_text(f"card_timeout = {LIMIT_S}\n")
    return new_client(env={"PYJPKI11_CONFIG": str(settings)})


@pytest.fixture
def own_pcscd(pcscd: Pcscd) -> Pcscd:
    """The service, which has to be ours to be stopped."""
    if not pcscd.owned:
        pytest.skip("the pcscd that runs here is not the tests' to stop")
    return pcscd


def wait_until(condition: Callable[[], object], otherwise: str) -> None:
    """Wait for what happens by itself."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(POLL_S)


def sign(client: Pkcs11Client, session: int) -> None:
    """A signature that OpenSSL accepts."""
    openssl_verify(client.certificate(session), DATA, client.sign(session, DATA), "sha256")


def answer(call: Callable[[], object]) -> str:
    """How a call ends."""
    try:
        call()
    except Refused as refused:
        return refused.name
    return OK


def test_a_service_that_hangs(card: PcscCard, impatient: Pkcs11Client, own_pcscd: Pcscd) -> None:
    """Security finding 20: C_GetSlotList never returned."""
    session = impatient.logged_in(AUTHENTICATION)
    sign(impatient, session)
    with own_pcscd.hanging():
        begun = time.monotonic()
        for _ in range(MANY):
            assert impatient.slots() == []
            assert answer(lambda: impatient.ask("slot_info", 0)) == OK
            assert answer(lambda: impatient.ask("token_info", 0)) != OK
            assert answer(lambda: impatient.ask("open", 0)) != OK
            assert answer(lambda: impatient.ask("state", session)) != OK
        assert time.monotonic() - begun < TOGETHER_S
    wait_until(impatient.slots, "no slot is back")
    sign(impatient, impatient.logged_in(AUTHENTICATION))


def test_a_start_and_an_end_with_a_service_that_hangs(
    card: PcscCard, new_client: NewClient, own_pcscd: Pcscd, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(f"card_timeout = {LIMIT_S}\n")
    with own_pcscd.hanging():
        begun = time.monotonic()
        client = new_client(env={"PYJPKI11_CONFIG": str(settings)})
        assert client.slots(token_present=False) == []
        assert client.rv("finalize") == OK
        assert time.monotonic() - begun < TOGETHER_S


def test_another_programs_long_transaction(card: PcscCard, impatient: Pkcs11Client) -> None:
    """A login survives it; whoever waits for it once is told at once from then on."""
    session = impatient.logged_in(AUTHENTICATION)
    key = impatient.private_key(session)
    impatient.sign(session, DATA, key=key)
    with pcsc.transaction(card.reader):
        begun = time.monotonic()
        for _ in range(MANY):
            assert answer(lambda: impatient.sign(session, DATA, key=key)) == "CKR_DEVICE_ERROR"
            assert answer(lambda: impatient.ask("state", session)) == OK
        assert time.monotonic() - begun < TOGETHER_S
    wait_until(lambda: answer(lambda: impatient.sign(session, DATA, key=key)) == OK, "the login is gone")
    sign(impatient, session)


def test_another_program_has_the_card_before_us(card: PcscCard, impatient: Pkcs11Client) -> None:
    """The first contact is not waited for twice, and the card shows as soon as it is free."""
    with pcsc.transaction(card.reader):
        begun = time.monotonic()
        for _ in range(MANY):
            assert impatient.slots() == []
        assert time.monotonic() - begun < TOGETHER_S
    wait_until(impatient.slots, "the card does not show")
    sign(impatient, impatient.logged_in(AUTHENTICATION))
