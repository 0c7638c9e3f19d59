"""Readers without a card, with another one, with a broken one; cards and pcscd that come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.clients import KEYS, OK, NewClient, Pkcs11Client, signatures
from support.conversation import Refused
from support.openssl import openssl_verify
from support.pcsc_card import CardMaker, PcscCard
from support.pcscd import Pcscd

import jpki_softcard

DATA = b"what is to be signed"
AUTHENTICATION, SIGNATURE = KEYS
NOT_PRESENT, NOT_RECOGNIZED = "CKR_TOKEN_NOT_PRESENT", "CKR_TOKEN_NOT_RECOGNIZED"
SLOTS_PER_READER = 2
PRESENT = "CKF_TOKEN_PRESENT"
LABELS = ["CKA_LABEL"]
# What a session answers when its card has left
LEFT = {"CKR_SESSION_HANDLE_INVALID", "CKR_DEVICE_REMOVED", "CKR_TOKEN_NOT_PRESENT"}
ON_A_SLOT = ("token_info", "open", "mechanisms")
CLOSED_WITH_PCSCD = LEFT | {"CKR_DEVICE_ERROR"}
# Certificates that cannot be read
BROKEN = ("garbage-cert", "truncated-cert")
# Cards that answer in their own way, but sign
PECULIAR = ("first-command-6f00", "sw-6cxx", "sw-61xx", "no-short-ef", "no-pss", "pin-query-9000", "security-first")
SPOILT = ("wrong-signature", "other-key")


def sign(client: Pkcs11Client, session: int) -> None:
    """A signature that OpenSSL accepts."""
    signature = client.sign(session, DATA)
    openssl_verify(client.certificate(session), DATA, signature, "sha256")


def labels(client: Pkcs11Client, session: int) -> set[str]:
    """Of the objects that show."""
    return {bytes.fromhex(it["CKA_LABEL"] or "").decode() for it in client.objects(session, LABELS)}


def is_present(client: Pkcs11Client, slot: int) -> bool:
    """What C_GetSlotInfo says."""
    return PRESENT in client.ask("slot_info", slot)["flags"]


def refusal(client: Pkcs11Client, operation: str, slot: int) -> str:
    """How the module refuses something on a slot."""
    with pytest.raises(Refused) as refused:
        client.ask(operation, slot)
    return refused.value.name


def whole_job(client: Pkcs11Client) -> str:
    """Everything from the slot list to a signature; how it ended."""
    try:
        sign(client, client.logged_in(AUTHENTICATION))
    except Refused as refused:
        return refused.name
    except AssertionError as no_slot:
        return str(no_slot)
    return OK


@pytest.fixture
def other_state(tmp_path: Path) -> Path:
    """A card with other keys."""
    directory = tmp_path / "other"
    jpki_softcard.create(str(directory))
    return directory


@pytest.fixture
def own_pcscd(pcscd: Pcscd, pcsc_card: CardMaker) -> Iterator[Pcscd]:
    """pcscd, which runs again before the cards are taken out; it has to be ours."""
    if not pcscd.owned:
        pytest.skip("the pcscd that runs here is not the tests' to stop")
    yield pcscd
    pcscd.stop()
    pcscd.start()


# -- without a card, and with another kind ------------------------------------------------------------------------


def test_empty_readers(pcscd: Pcscd, new_client: NewClient) -> None:
    client = new_client()
    everything = client.slots(token_present=False)
    assert everything == list(range(SLOTS_PER_READER * len(pcscd.readers)))
    assert client.slots(token_present=True) == []
    assert [slot for slot in everything if is_present(client, slot)] == []


@pytest.mark.parametrize("operation", ON_A_SLOT)
def test_empty_reader_has_no_token(pcscd: Pcscd, new_client: NewClient, operation: str) -> None:
    assert refusal(new_client(), operation, 0) == NOT_PRESENT


@pytest.mark.parametrize("operation", ON_A_SLOT)
def test_another_kind_of_card_is_no_token(pcsc_card: CardMaker, new_client: NewClient, operation: str) -> None:
    card = pcsc_card(fault=["foreign-card"])
    client = new_client()
    assert client.slots(token_present=True) == []
    assert refusal(client, operation, 0) == NOT_RECOGNIZED
    asked = card.count()
    assert refusal(client, operation, 1) == NOT_RECOGNIZED
    assert card.count() == asked, "a foreign card is asked once"


def test_slot_that_is_not_there(client: Pkcs11Client) -> None:
    assert {refusal(client, operation, 99) for operation in ON_A_SLOT} == {"CKR_SLOT_ID_INVALID"}


@pytest.mark.parametrize("slot", [0, 1])
def test_card_in_either_reader(pcsc_card: CardMaker, new_client: NewClient, slot: int) -> None:
    pcsc_card(slot=slot)
    client = new_client()
    assert client.slots(token_present=True) == [SLOTS_PER_READER * slot + number for number in range(SLOTS_PER_READER)]
    sign(client, client.logged_in(AUTHENTICATION))


def test_cards_in_both_readers(pcsc_card: CardMaker, new_client: NewClient) -> None:
    pcsc_card(slot=0), pcsc_card(fault=["foreign-card"], slot=1)
    client = new_client()
    assert client.slots(token_present=True) == [0, 1]
    assert [is_present(client, slot) for slot in client.slots(token_present=False)] == [True, True, False, False]


# -- broken and peculiar cards ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", PECULIAR)
@pytest.mark.parametrize("key", KEYS)
def test_peculiar_card_signs(pcsc_card: CardMaker, new_client: NewClient, fault: str, key: str) -> None:
    pcsc_card(fault=[fault])
    client = new_client()
    sign(client, client.logged_in(key))


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_authentication_certificate(pcsc_card: CardMaker, new_client: NewClient, fault: str) -> None:
    pcsc_card(fault=[fault])
    client = new_client()
    session = client.open(AUTHENTICATION)
    client.login(session, KEYS[AUTHENTICATION].pin)
    shown = labels(client, session)
    assert shown == {"User Authentication Certificate CA", "Digital Signature Certificate CA"}
    sign(client, client.logged_in(SIGNATURE))


def test_no_signature_certificate(pcsc_card: CardMaker, new_client: NewClient) -> None:
    pcsc_card(fault=["no-sign-cert"])
    client = new_client()
    assert labels(client, client.logged_in(SIGNATURE)) == {"Digital Signature Certificate CA"}
    sign(client, client.logged_in(AUTHENTICATION))


def test_phone_shows_its_certificate_after_login(pcsc_card: CardMaker, new_client: NewClient) -> None:
    pcsc_card(fault=["phone"])
    client = new_client()
    session = client.open(AUTHENTICATION)
    assert "User Authentication Certificate" not in labels(client, session)
    client.login(session, KEYS[AUTHENTICATION].pin)
    assert "User Authentication Certificate" in labels(client, session)
    sign(client, session)


@pytest.mark.parametrize("fault", SPOILT)
@pytest.mark.parametrize("key", KEYS)
def test_bad_signature_is_not_handed_out(pcsc_card: CardMaker, new_client: NewClient, fault: str, key: str) -> None:
    card = pcsc_card(fault=[fault])
    client = new_client()
    session = client.logged_in(key)
    assert client.rv("sign", session, DATA) == "CKR_DEVICE_ERROR"
    assert signatures(card) == 1
    assert client.ask("state", session) == "CKS_RW_USER_FUNCTIONS"


def test_card_that_cannot_sign(pcsc_card: CardMaker, new_client: NewClient) -> None:
    pcsc_card(fault=["sign-6f00"])
    client = new_client()
    assert client.rv("sign", client.logged_in(AUTHENTICATION), DATA) == "CKR_DEVICE_ERROR"


@pytest.mark.parametrize("commands", range(1, 11))
def test_card_that_leaves_in_the_middle(pcsc_card: CardMaker, new_client: NewClient, commands: int) -> None:
    card = pcsc_card(fault=[f"disconnect-after={commands}"])
    client = new_client()
    assert whole_job(client) != OK
    card.remove()
    pcsc_card(state=card.state)
    assert whole_job(client) == OK


# -- cards that come and go ---------------------------------------------------------------------------------------


def test_card_is_put_in_late(pcsc_card: CardMaker, new_client: NewClient) -> None:
    client = new_client()
    assert client.slots(token_present=True) == []
    pcsc_card()
    assert client.slots(token_present=True) == [0, 1]
    sign(client, client.logged_in(AUTHENTICATION))


@pytest.mark.parametrize("login", [False, True], ids=["public", "logged in"])
def test_card_is_taken_out(card: PcscCard, client: Pkcs11Client, login: bool) -> None:
    session = client.logged_in(AUTHENTICATION) if login else client.open(AUTHENTICATION)
    handle = client.ask("find", session)[0]
    card.remove()
    assert client.rv("state", session) in LEFT
    assert client.rv("attributes", session, handle, LABELS) in LEFT
    assert client.rv("find", session) in LEFT
    assert client.rv("sign", session, DATA, "CKM_SHA256_RSA_PKCS", handle) in LEFT
    assert client.rv("login", session, KEYS[AUTHENTICATION].pin) in LEFT
    assert client.rv("close_session", session) in LEFT | {OK}
    assert client.slots(token_present=True) == []
    assert refusal(client, "open", 0) == NOT_PRESENT


def test_card_is_taken_out_and_signing_notices_first(card: PcscCard, client: Pkcs11Client) -> None:
    session = client.logged_in(AUTHENTICATION)
    handle = client.private_key(session)
    client.certificate(session)
    card.remove()
    assert client.rv("sign", session, DATA, "CKM_SHA256_RSA_PKCS", handle) in LEFT
    assert client.rv("state", session) in LEFT


def test_card_is_put_back(card: PcscCard, client: Pkcs11Client) -> None:
    session = client.logged_in(AUTHENTICATION)
    handle = client.private_key(session)
    card.remove()
    card.insert()
    assert client.rv("sign", session, DATA, "CKM_SHA256_RSA_PKCS", handle) in LEFT
    new = client.open(AUTHENTICATION)
    assert client.ask("state", new) == "CKS_RW_PUBLIC_SESSION"
    assert client.ask("find", new, "CKO_PRIVATE_KEY") == []
    assert client.rv("state", session) in LEFT
    client.login(new, KEYS[AUTHENTICATION].pin)
    sign(client, new)


def test_another_card_is_put_in(card: PcscCard, client: Pkcs11Client, pcsc_card: CardMaker, other_state: Path) -> None:
    session = client.logged_in(AUTHENTICATION)
    handles = client.ask("find", session)
    serial, certificate = client.token(0)["serialNumber"], client.certificate(session)
    card.remove()
    pcsc_card(state=other_state)
    new = client.open(AUTHENTICATION)
    assert client.token(0)["serialNumber"] != serial
    assert client.certificate(new) != certificate
    assert set(client.ask("find", new)).isdisjoint(handles)
    assert {client.rv("attributes", new, handle, LABELS) for handle in handles} == {"CKR_OBJECT_HANDLE_INVALID"}
    assert client.rv("attributes", session, handles[0], LABELS) in LEFT
    client.login(new, KEYS[AUTHENTICATION].pin)
    sign(client, new)


def test_same_handles_never_come_back(card: PcscCard, client: Pkcs11Client) -> None:
    seen: set[int] = set()
    sessions: set[int] = set()
    for _ in range(4):
        session = client.open(AUTHENTICATION)
        handles = client.ask("find", session)
        assert seen.isdisjoint(handles) and session not in sessions
        seen.update(handles)
        sessions.add(session)
        card.remove()
        card.insert()


# -- pcscd that is not there, or comes and goes -------------------------------------------------------------------


def test_no_pcscd(own_pcscd: Pcscd, new_client: NewClient, tmp_path: Path) -> None:
    own_pcscd.stop()
    log = tmp_path / "log"
    client = new_client(env={"PYJPKI11_LOG": str(log)})
    assert client.slots(token_present=False) == []
    assert client.slots(token_present=True) == []
    assert "pcscd" in log.read_text()


def test_pcscd_starts_late(own_pcscd: Pcscd, new_client: NewClient, pcsc_card: CardMaker) -> None:
    own_pcscd.stop()
    client = new_client()
    assert client.slots(token_present=False) == []
    own_pcscd.start()
    pcsc_card()
    assert client.slots(token_present=True) == [0, 1]
    sign(client, client.logged_in(AUTHENTICATION))


@pytest.mark.parametrize("end", [Pcscd.stop, Pcscd.kill], ids=["stopped", "killed"])
def test_pcscd_is_restarted(
    own_pcscd: Pcscd, card: PcscCard, client: Pkcs11Client, end: Callable[[Pcscd], None]
) -> None:
    session = client.logged_in(AUTHENTICATION)
    handle = client.private_key(session)
    end(own_pcscd)
    assert client.rv("sign", session, DATA, "CKM_SHA256_RSA_PKCS", handle) in CLOSED_WITH_PCSCD
    assert client.slots(token_present=True) == []
    own_pcscd.start()
    card.remove()
    card.insert()
    assert client.slots(token_present=True) == [0, 1]
    assert client.rv("state", session) in LEFT
    sign(client, client.logged_in(AUTHENTICATION))


def test_pcscd_is_restarted_unnoticed(own_pcscd: Pcscd, card: PcscCard, client: Pkcs11Client) -> None:
    session = client.logged_in(AUTHENTICATION)
    handle = client.private_key(session)
    own_pcscd.kill()
    own_pcscd.start()
    card.remove()
    card.insert()
    assert client.rv("sign", session, DATA, "CKM_SHA256_RSA_PKCS", handle) in CLOSED_WITH_PCSCD
    sign(client, client.logged_in(AUTHENTICATION))


def test_program_ends_well_without_pcscd(own_pcscd: Pcscd, card: PcscCard, client: Pkcs11Client) -> None:
    client.logged_in(AUTHENTICATION)
    own_pcscd.kill()
    client.close()
