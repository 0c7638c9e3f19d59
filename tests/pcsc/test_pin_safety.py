"""No try is lost to what cannot be a PIN, exactly one to a wrong one; the card and OpenSC say how many are left."""

from __future__ import annotations

import pytest
from support.clients import KEYS, NewClient, Pkcs11Client, verifications
from support.pcsc_card import CardMaker, PcscCard
from support.process import run

LEN_RANGE, INVALID, INCORRECT, LOCKED = "CKR_PIN_LEN_RANGE", "CKR_PIN_INVALID", "CKR_PIN_INCORRECT", "CKR_PIN_LOCKED"
COUNT_LOW, FINAL_TRY, IS_LOCKED = "CKF_USER_PIN_COUNT_LOW", "CKF_USER_PIN_FINAL_TRY", "CKF_USER_PIN_LOCKED"
PIN_FLAGS = {COUNT_LOW, FINAL_TRY, IS_LOCKED}
WRONG = {
    "authentication": ["0000", "9999", "4321"],
    "signature": ["WRONG1", "WRONG2", "WRONG34567890123", "000000", "ABCDEF"],
}
PIN_FILES = {"authentication": "0018", "signature": "001B"}
OTHER_USERS = {"CKU_SO": "CKR_USER_TYPE_INVALID", "CKU_CONTEXT_SPECIFIC": "CKR_OPERATION_NOT_INITIALIZED"}
FULL = [KEYS["authentication"].tries, KEYS["signature"].tries]


def full_width(text: str) -> str:
    """What a Japanese keyboard gives in the wrong mode."""
    return text.translate({ord(letter): ord(letter) + 0xFEE0 for letter in text})


# What somebody types, and the answer; both are right where length and characters are wrong
MALFORMED: dict[str, list[tuple[str | bytes, set[str]]]] = {
    "authentication": [
        ("123", {LEN_RANGE}),
        ("12345", {LEN_RANGE}),
        ("1", {LEN_RANGE}),
        ("12345678901234567", {LEN_RANGE}),
        ("1" * 300, {LEN_RANGE}),
        ("ABC123", {LEN_RANGE}),
        ("abcd", {INVALID}),
        ("12a4", {INVALID}),
        ("12 4", {INVALID}),
        ("+123", {INVALID}),
        (full_width("1234"), {LEN_RANGE, INVALID}),
        (full_width("1234").encode("cp932"), {LEN_RANGE, INVALID}),
        (full_width("1") + "a", {INVALID}),
        ("1234\0", {LEN_RANGE}),
        ("123\0", {INVALID}),
        ("1234\n", {LEN_RANGE}),
        (b"\xff\xff\xff\xff", {INVALID}),
        (b"\xb1\xb2\xb3\xb4", {INVALID}),
    ],
    "signature": [
        ("1234", {LEN_RANGE}),
        ("ABC12", {LEN_RANGE}),
        ("ABCDEFGH123456789", {LEN_RANGE}),
        ("A" * 1000, {LEN_RANGE}),
        ("ABC-123", {INVALID}),
        ("ABC 123", {INVALID}),
        ("abc_123", {INVALID}),
        ("ABC123\n", {INVALID}),
        ("ABC123\0", {INVALID}),
        ("暗証番号", {INVALID}),
        (full_width("ABC123"), {LEN_RANGE, INVALID}),
        ("ÀBC123", {INVALID}),
        (b"\xff" * 6, {INVALID}),
    ],
}


def tries(card: PcscCard) -> list[int]:
    """What OpenSC says is left of the authentication and the signature PIN."""
    listing = run(["pkcs15-tool", "--reader", card.reader, "--list-pins"]).stdout
    return [int(line.split(":")[1]) for line in listing.splitlines() if line.strip().startswith("Tries left")]


@pytest.mark.parametrize("key", KEYS)
def test_malformed_pins_cost_nothing(card: PcscCard, client: Pkcs11Client, key: str) -> None:
    session = client.open(key)
    for pin, expected in MALFORMED[key]:
        answers = {client.rv("login", session, pin) for _ in range(KEYS[key].tries + 1)}
        assert answers <= expected, pin
    assert verifications(card) == []
    assert client.flags(key) & PIN_FLAGS == set()
    assert tries(card) == FULL
    client.login(session, KEYS[key].pin)


@pytest.mark.parametrize("key", KEYS)
def test_empty_pin_costs_nothing(card: PcscCard, client: Pkcs11Client, key: str) -> None:
    session = client.open(key)
    assert client.rv("login_at", session, True) == LEN_RANGE
    assert client.rv("login_at", session, False) == "CKR_ARGUMENTS_BAD", "readers have no PIN pad"
    assert verifications(card) == []
    assert tries(card) == FULL


@pytest.mark.parametrize("key", KEYS)
def test_wrong_pin_costs_one_try_and_only_once(card: PcscCard, client: Pkcs11Client, key: str) -> None:
    session = client.open(key)
    left = KEYS[key].tries - 1
    for _ in range(KEYS[key].tries):
        assert client.rv("login", session, WRONG[key][0]) == INCORRECT
    assert verifications(card) == [(PIN_FILES[key], f"63C{left}")]
    assert client.flags(key) & PIN_FLAGS == {COUNT_LOW}
    assert tries(card) == [left if name == key else KEYS[name].tries for name in KEYS]


@pytest.mark.parametrize("key", KEYS)
def test_wrong_pin_is_remembered_in_every_session(card: PcscCard, client: Pkcs11Client, key: str) -> None:
    for _ in range(2):
        session = client.open(key)
        assert client.rv("login", session, WRONG[key][0]) == INCORRECT
        client.ask("close_session", session)
    assert len(verifications(card)) == 1


def test_wrong_pin_is_forgotten_with_the_card(card: PcscCard, client: Pkcs11Client) -> None:
    assert client.rv("login", client.open("authentication"), WRONG["authentication"][0]) == INCORRECT
    card.remove()
    card.insert()
    assert client.rv("login", client.open("authentication"), WRONG["authentication"][0]) == INCORRECT
    assert tries(card) == [1, 5]


@pytest.mark.parametrize("key", KEYS)
def test_right_pin_gives_all_tries_back(card: PcscCard, client: Pkcs11Client, key: str) -> None:
    session = client.open(key)
    client.rv("login", session, WRONG[key][0])
    client.login(session, KEYS[key].pin)
    assert client.flags(key) & PIN_FLAGS == set()
    assert tries(card) == FULL


@pytest.mark.parametrize("fault", [[], ["blocked-6983"]], ids=["6984", "6983"])
@pytest.mark.parametrize("key", KEYS)
def test_down_to_the_last_try(pcsc_card: CardMaker, new_client: NewClient, key: str, fault: list[str]) -> None:
    card = pcsc_card(fault=fault)
    client = new_client()
    session = client.open(key)
    for count, pin in enumerate(WRONG[key][:-1], start=1):
        assert client.rv("login", session, pin) == INCORRECT
        left = KEYS[key].tries - count
        assert client.flags(key) & PIN_FLAGS == ({COUNT_LOW, FINAL_TRY} if left == 1 else {COUNT_LOW})
    assert client.rv("login", session, WRONG[key][-1]) == LOCKED
    assert client.flags(key) & PIN_FLAGS == {COUNT_LOW, IS_LOCKED}
    assert {client.rv("login", session, pin) for pin in (*WRONG[key], KEYS[key].pin)} == {LOCKED}
    assert tries(card) == [0 if name == key else KEYS[name].tries for name in KEYS]


@pytest.mark.parametrize("key", KEYS)
def test_blocked_card_says_so_to_a_new_program(card: PcscCard, new_client: NewClient, key: str) -> None:
    first = new_client()
    session = first.open(key)
    for pin in WRONG[key]:
        first.rv("login", session, pin)
    second = new_client()
    assert IS_LOCKED in second.flags(key)
    assert second.rv("login", second.open(key), KEYS[key].pin) == LOCKED
    (other,) = (name for name in KEYS if name != key)
    second.logged_in(other)


@pytest.mark.parametrize("pin", ["abc123", "Abc123", "ABC123"])
def test_signature_password_in_small_letters_is_right(card: PcscCard, client: Pkcs11Client, pin: str) -> None:
    client.login(client.open("signature"), pin)
    assert verifications(card) == [("001B", "9000")]


def test_wrong_password_is_the_same_in_small_letters(card: PcscCard, client: Pkcs11Client) -> None:
    session = client.open("signature")
    assert [client.rv("login", session, pin) for pin in ("WRONG1", "wrong1", "Wrong1")] == [INCORRECT] * 3
    assert tries(card) == [3, 4]


@pytest.mark.parametrize("key", KEYS)
def test_login_twice_costs_nothing(card: PcscCard, client: Pkcs11Client, key: str) -> None:
    session = client.logged_in(key)
    for pin in (KEYS[key].pin, WRONG[key][0]):
        assert client.rv("login", session, pin) == "CKR_USER_ALREADY_LOGGED_IN"
    assert len(verifications(card)) == 1


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("user", "answer"), OTHER_USERS.items())
def test_other_users_cost_nothing(card: PcscCard, client: Pkcs11Client, key: str, user: str, answer: str) -> None:
    assert client.rv("login", client.open(key), WRONG[key][0], user) == answer
    assert verifications(card) == []


def test_pin_of_one_token_is_never_sent_for_the_other(card: PcscCard, client: Pkcs11Client) -> None:
    assert client.rv("login", client.open("signature"), KEYS["authentication"].pin) == LEN_RANGE
    assert client.rv("login", client.open("authentication"), KEYS["signature"].pin) == LEN_RANGE
    assert verifications(card) == []


def test_nothing_but_a_login_sends_a_pin(card: PcscCard, client: Pkcs11Client) -> None:
    for key in KEYS:
        session = client.open(key)
        client.objects(session, ["CKA_LABEL", "CKA_CLASS"])
        client.flags(key)
        client.ask("close_session", session)
    assert verifications(card) == []


def test_card_that_tells_no_tries_has_no_flags(pcsc_card: CardMaker, new_client: NewClient) -> None:
    card = pcsc_card(fault=["pin-query-9000"])
    client = new_client()
    session = client.open("authentication")
    assert client.rv("login", session, WRONG["authentication"][0]) == INCORRECT
    assert client.flags("authentication") & PIN_FLAGS == set()
    assert client.rv("login", session, WRONG["authentication"][0]) == INCORRECT
    assert len(verifications(card)) == 1
