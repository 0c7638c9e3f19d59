"""Several programs on one card: nobody signs on another's login, and nobody is stuck because of another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.clients import (
    KEYS,
    OK,
    SELECT_JPKI,
    SELECT_OTHER,
    NewClient,
    NewRaw,
    Pkcs11Client,
    RawClient,
    signatures,
    verifications,
)
from support.conversation import Refused
from support.openssl import openssl_verify
from support.pcsc_card import CardMaker, PcscCard

DATA = b"what is to be signed"
NOT_LOGGED_IN = "CKR_USER_NOT_LOGGED_IN"
PUBLIC, USER = "CKS_RW_PUBLIC_SESSION", "CKS_RW_USER_FUNCTIONS"
CARD_REFUSES = "6982"
SEVERAL = 10
DISTURBANCES: dict[str, Callable[[RawClient], object]] = {
    "reset": lambda raw: raw.ask("reconnect", "reset"),
    "power off and on": lambda raw: raw.ask("reconnect", "unpower"),
    "reset at the end": lambda raw: raw.ask("disconnect", "reset"),
    "power off at the end": lambda raw: raw.ask("disconnect", "unpower"),
    "another application": lambda raw: raw.status(SELECT_OTHER),
    "our application, anew": lambda raw: raw.status(SELECT_JPKI),
    "another file": lambda raw: raw.status(SELECT_JPKI, "00A4020C02000B"),
    "a file that is not there": lambda raw: raw.status(SELECT_JPKI, "00A4020C027777"),
    "an unknown command": lambda raw: raw.status("00FF0000"),
}
LEAVES_THE_CARD_OFF = {"power off at the end"}  # a program may then have to begin anew
DEVICE_FAILED = {"CKR_DEVICE_ERROR", "CKR_DEVICE_REMOVED", "CKR_SESSION_HANDLE_INVALID"}
# Ways in which a program of ours ends its login
FAREWELLS: dict[str, Callable[[Pkcs11Client, int, str], object]] = {
    "C_Logout": lambda client, session, key: client.ask("logout", session),
    "last C_CloseSession": lambda client, session, key: client.ask("close_session", session),
    "C_CloseAllSessions": lambda client, session, key: client.ask("close_all", client.slot(key)),
    "C_Finalize": lambda client, session, key: client.ask("finalize"),
}


def sign(client: Pkcs11Client, session: int) -> None:
    """A signature that OpenSSL accepts."""
    signature = client.sign(session, DATA)
    openssl_verify(client.certificate(session), DATA, signature, "sha256")


def disturb(raw: RawClient, disturbance: str) -> None:
    """What another program does."""
    DISTURBANCES[disturbance](raw)


def sign_if_possible(client: Pkcs11Client, session: int) -> str:
    """CKR_OK, or why there is no signature, which may be that the key does not show any more."""
    try:
        keys = client.ask("find", session, "CKO_PRIVATE_KEY")
    except Refused as refused:
        return refused.name
    return client.rv("sign", session, DATA, "CKM_SHA256_RSA_PKCS", keys[0]) if keys else NOT_LOGGED_IN


def sign_again(client: Pkcs11Client, session: int, key: str, disturbance: str) -> None:
    """Sign after a disturbance: it goes on, or the program is told to log in again, which works."""
    answer = sign_if_possible(client, session)
    if answer == OK:
        return
    if disturbance in LEAVES_THE_CARD_OFF and answer in DEVICE_FAILED:
        session = client.open(key)
    assert client.ask("state", session) == PUBLIC
    client.login(session, KEYS[key].pin)
    sign(client, session)


@pytest.mark.parametrize("key", KEYS)
def test_login_of_opensc_is_not_ours(
    card: PcscCard, client: Pkcs11Client, new_opensc: NewClient, new_raw: NewRaw, key: str
) -> None:
    session = client.logged_in(key)
    handle = client.private_key(session)
    client.ask("logout", session)
    opensc = new_opensc()
    opensc.logged_in(key)
    assert new_raw(card.reader).signing_status(key) == "9000", "the card itself would sign"
    before = signatures(card)
    assert client.ask("state", session) == PUBLIC
    assert client.ask("find", session, "CKO_PRIVATE_KEY") == []
    assert client.rv("sign", session, DATA, "CKM_SHA256_RSA_PKCS", handle) in {NOT_LOGGED_IN, "CKR_KEY_HANDLE_INVALID"}
    assert signatures(card) == before


@pytest.mark.parametrize("key", KEYS)
def test_login_of_our_other_program_is_not_ours(card: PcscCard, new_client: NewClient, key: str) -> None:
    first, second = new_client(), new_client()
    first.logged_in(key)
    session = second.open(key)
    assert second.ask("state", session) == PUBLIC
    assert second.ask("find", session, "CKO_PRIVATE_KEY") == []
    assert signatures(card) == 0


@pytest.mark.parametrize("key", KEYS)
def test_login_of_a_killed_program_is_not_ours(card: PcscCard, new_client: NewClient, key: str) -> None:
    first = new_client()
    first.logged_in(key)
    first.kill()
    second = new_client()
    session = second.open(key)
    assert second.ask("find", session, "CKO_PRIVATE_KEY") == []
    second.login(session, KEYS[key].pin)
    sign(second, session)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("farewell", FAREWELLS.values(), ids=FAREWELLS)
def test_card_refuses_everybody_after_our_login_ended(
    card: PcscCard,
    client: Pkcs11Client,
    new_raw: NewRaw,
    key: str,
    farewell: Callable[[Pkcs11Client, int, str], object],
) -> None:
    raw = new_raw(card.reader)
    session = client.logged_in(key)
    assert raw.signing_status(key) == "9000", "this test could not notice a login that does not end"
    farewell(client, session, key)
    assert raw.signing_status(key) == CARD_REFUSES


def test_card_refuses_everybody_after_both_logins_ended(card: PcscCard, client: Pkcs11Client, new_raw: NewRaw) -> None:
    raw = new_raw(card.reader)
    sessions = [client.logged_in(key) for key in KEYS]
    for session in sessions:
        client.ask("logout", session)
    assert [raw.signing_status(key) for key in KEYS] == [CARD_REFUSES] * len(KEYS)


def test_session_that_is_not_the_last_ends_no_login(card: PcscCard, client: Pkcs11Client) -> None:
    session = client.logged_in("authentication")
    client.ask("close_session", client.open("authentication"))
    assert client.ask("state", session) == USER
    sign(client, session)


def test_one_token_keeps_its_login_when_the_other_ends(card: PcscCard, client: Pkcs11Client) -> None:
    sessions = {key: client.logged_in(key) for key in KEYS}
    client.ask("logout", sessions["signature"])
    sign(client, sessions["authentication"])


@pytest.mark.parametrize("options", [[], ["--contact"]], ids=["contactless", "contact"])
@pytest.mark.parametrize("disturbance", DISTURBANCES)
def test_other_program_between_two_signatures(
    pcsc_card: CardMaker, new_client: NewClient, new_raw: NewRaw, disturbance: str, options: list[str]
) -> None:
    card = pcsc_card(options=options)
    client, raw = new_client(), new_raw(card.reader)
    session = client.logged_in("authentication")
    sign(client, session)
    disturb(raw, disturbance)
    sign_again(client, session, "authentication", disturbance)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("disturbance", DISTURBANCES)
def test_other_program_between_login_and_first_use(
    card: PcscCard, client: Pkcs11Client, new_raw: NewRaw, key: str, disturbance: str
) -> None:
    raw = new_raw(card.reader)
    session = client.logged_in(key)
    disturb(raw, disturbance)
    sign_again(client, session, key, disturbance)


@pytest.mark.parametrize("disturbance", DISTURBANCES)
def test_other_program_between_two_consents(
    card: PcscCard, client: Pkcs11Client, new_raw: NewRaw, disturbance: str
) -> None:
    """It gets the card although we keep it for a moment, and no password goes to its application."""
    raw = new_raw(card.reader)
    session = client.logged_in("signature")
    key = client.private_key(session)
    client.sign(session, DATA, key=key)
    disturb(raw, disturbance)
    answer = client.rv("sign_with_consent", session, DATA, key)
    if answer != OK:
        assert disturbance in LEAVES_THE_CARD_OFF or answer == NOT_LOGGED_IN
        sign(client, client.logged_in("signature"))
    assert {application for application, _pin in addressees(card)} == {SELECT_JPKI}
    assert {answer for _file, answer in verifications(card)} == {"9000"}


def addressees(card: PcscCard) -> list[tuple[str, str]]:
    """For each PIN presented, which SELECT of an application came last."""
    selected, found = "", []
    for command, _answer in card.apdus():
        if command.startswith("00A404"):
            selected = command
        if command.startswith("0020") and len(command) > len("00200080"):
            found.append((selected, command))
    return found


@pytest.mark.parametrize("disturbance", [name for name in DISTURBANCES if name not in LEAVES_THE_CARD_OFF])
def test_other_program_before_anything_is_read(
    card: PcscCard, client: Pkcs11Client, new_raw: NewRaw, disturbance: str
) -> None:
    raw = new_raw(card.reader)
    session = client.open("authentication")
    disturb(raw, disturbance)
    assert len(client.objects(session, ["CKA_LABEL", "CKA_VALUE"])) == 4
    client.login(session, KEYS["authentication"].pin)
    sign(client, session)


def test_wrong_pin_elsewhere_ends_our_login_only(card: PcscCard, client: Pkcs11Client, new_opensc: NewClient) -> None:
    session = client.logged_in("authentication")
    opensc = new_opensc()
    assert opensc.rv("login", opensc.open("authentication"), "9999") == "CKR_PIN_INCORRECT"
    assert client.rv("sign", session, DATA) == NOT_LOGGED_IN
    client.login(session, KEYS["authentication"].pin)
    sign(client, session)


def test_opensc_and_we_sign_in_turn(card: PcscCard, client: Pkcs11Client, new_opensc: NewClient) -> None:
    programs = client, new_opensc()
    sessions = [program.logged_in("authentication") for program in programs]
    for program, session in [*zip(programs, sessions, strict=True)] * 3:
        sign(program, session)


@pytest.mark.parametrize("key", KEYS)
def test_opensc_and_we_log_in_and_out_in_turn(
    card: PcscCard, client: Pkcs11Client, new_opensc: NewClient, key: str
) -> None:
    for program in (client, new_opensc()) * 2:
        session = program.logged_in(key)
        sign(program, session)
        program.ask("logout", session)
        program.ask("close_session", session)


def test_opensc_goes_on_after_our_logout(card: PcscCard, client: Pkcs11Client, new_opensc: NewClient) -> None:
    opensc = new_opensc()
    theirs = opensc.open("authentication")
    session = client.logged_in("authentication")
    client.ask("logout", session)
    opensc.login(theirs, KEYS["authentication"].pin)
    sign(opensc, theirs)


def test_opensc_that_came_later_goes_on_after_our_logout(
    card: PcscCard, client: Pkcs11Client, new_opensc: NewClient
) -> None:
    """Nobody else was there when we came, so that is asked when we leave."""
    session = client.logged_in("authentication")
    opensc = new_opensc()
    theirs = opensc.open("authentication")
    client.ask("logout", session)
    opensc.login(theirs, KEYS["authentication"].pin)
    sign(opensc, theirs)


def test_a_program_that_comes_after_our_logout(card: PcscCard, client: Pkcs11Client, new_opensc: NewClient) -> None:
    """It finds another application selected than ours, which nobody was there to miss."""
    client.ask("logout", client.logged_in("authentication"))
    opensc = new_opensc()
    sign(opensc, opensc.logged_in("authentication"))
    sign(client, client.logged_in("authentication"))


def test_two_of_our_programs_sign_in_turn(card: PcscCard, new_client: NewClient) -> None:
    programs = [new_client() for _ in range(2)]
    sessions = [program.logged_in("authentication") for program in programs]
    for _ in range(SEVERAL):
        for program, session in zip(programs, sessions, strict=True):
            program.sign(session, DATA)
    assert signatures(card) == 2 * SEVERAL


def test_two_of_our_programs_sign_at_once(card: PcscCard, new_client: NewClient) -> None:
    programs = [new_client() for _ in range(2)]

    def work(program: Pkcs11Client) -> list[bytes]:
        session = program.logged_in("authentication")
        return [program.sign(session, DATA) for _ in range(SEVERAL)]

    with ThreadPoolExecutor() as threads:
        made = list(threads.map(work, programs))
    assert {signature for each in made for signature in each} == {made[0][0]}


def test_logout_of_one_program_logs_the_other_out(card: PcscCard, new_client: NewClient) -> None:
    first, second = new_client(), new_client()
    sessions = first.logged_in("authentication"), second.logged_in("authentication")
    first.ask("logout", sessions[0])
    handle = second.private_key(sessions[1])
    assert second.rv("sign", sessions[1], DATA, "CKM_SHA256_RSA_PKCS", handle) == NOT_LOGGED_IN
    assert second.ask("state", sessions[1]) == PUBLIC
    second.login(sessions[1], KEYS["authentication"].pin)
    sign(second, sessions[1])


def test_we_wait_while_another_program_has_the_card(card: PcscCard, client: Pkcs11Client, new_raw: NewRaw) -> None:
    raw = new_raw(card.reader)
    session = client.logged_in("authentication")
    raw.ask("begin")
    with ThreadPoolExecutor() as threads:
        signature = threads.submit(client.sign, session, DATA)
        raw.status(SELECT_JPKI, "00A4020C02000B")
        raw.ask("end")
    openssl_verify(client.certificate(session), DATA, signature.result(), "sha256")


def test_program_killed_while_it_has_the_card(card: PcscCard, client: Pkcs11Client, new_raw: NewRaw) -> None:
    raw = new_raw(card.reader)
    session = client.logged_in("authentication")
    raw.ask("begin")
    raw.kill()
    sign(client, session)


def test_program_that_wants_the_card_for_itself(card: PcscCard, new_client: NewClient, new_raw: NewRaw) -> None:
    raw = new_raw(card.reader, alone=True)
    client = new_client()
    assert client.slots(token_present=True) == []
    assert client.rv("token_info", 0) == "CKR_DEVICE_ERROR"
    raw.ask("disconnect", "leave")
    sign(client, client.logged_in("authentication"))
