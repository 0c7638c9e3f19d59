"""What programs do with a card: the flows that are disturbed at each of their commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate
from provider.desk import DATA, PINS, Desk

from pyjpki11.cryptoki import cka, ckm, cko
from pyjpki11.cryptoki.attributes import ulong
from pyjpki11.cryptoki.mechanisms import PssParameters
from pyjpki11.errors import CardAbsent

NEW_PINS = {"auth": "4321", "sign": "CBA321"}
WRONG_PINS = {"auth": "9999", "sign": "WRONG1"}
SALT_LEN = 32


class Flow(NamedTuple):
    """`prepare` is not disturbed, `run` is; `presents` is how many PINs the user has asked to be presented, with
    `is_wrong` a wrong one. `recognizes`: its first two commands show which card there is."""

    prepare: Callable[[Desk], object]
    run: Callable[[Desk], object]
    presents: int = 0
    is_wrong: bool = False
    recognizes: bool = False


def list_slots(desk: Desk) -> None:
    """What pkcs11-tool -L, -M and C_GetTokenInfo ask for."""
    if desk.module.slot_ids(token_present=True) != [0, 1]:
        raise CardAbsent("a program gives up here")
    for slot, key in enumerate(("auth", "sign")):
        desk.token_info(key)
        assert desk.flags(key) == []
        assert desk.module.token(slot).facts.mechanisms()


def find(name: str) -> Callable[[Desk], None]:
    """All objects with all that browsers want to know of them."""

    def run(desk: Desk) -> None:
        for handle in desk.find(name):
            for attribute in (cka.LABEL, cka.ID, cka.SUBJECT, cka.UNIQUE_ID):
                desk.value(name, handle, attribute)

    return run


def opened(*sessions: str) -> Callable[[Desk], None]:
    """Sessions, not logged in."""

    def prepare(desk: Desk) -> None:
        for name in sessions:
            desk.open(name)

    return prepare


def logged_in(*sessions: str) -> Callable[[Desk], None]:
    """Sessions, logged in."""

    def prepare(desk: Desk) -> None:
        for name in sessions:
            desk.open(name)
            desk.login(name)

    return prepare


def sign_pss(name: str) -> Callable[[Desk], None]:
    """C_SignInit and C_Sign with PSS; the signature must be good."""

    def run(desk: Desk) -> None:
        desk.sign_init(name, ckm.SHA256_RSA_PKCS_PSS, PssParameters("sha256", "sha256", SALT_LEN))
        signature = desk.signature(name, DATA)
        key = load_der_x509_certificate(desk.certificate(name)).public_key()
        assert isinstance(key, RSAPublicKey)
        key.verify(signature, DATA, PSS(MGF1(hashes.SHA256()), SALT_LEN), hashes.SHA256())

    return run


def read_signature_certificate(desk: Desk) -> None:
    """What is given for it is it."""
    for handle in desk.find("sign", [(cka.CLASS, ulong(cko.CERTIFICATE)), (cka.ID, b"\x02")]):
        assert desk.value("sign", handle, cka.VALUE) == desk.certificate("sign")


PUBLIC = {b"\x01": "auth", b"\x03": "auth_ca", b"\x04": "sign_ca"}  # CKA_ID -> name of the card's certificate


def public_certificates(desk: Desk) -> dict[str, bytes]:
    """Those that everybody may read, by their names on the card, in a session of its own."""
    desk.open("auth")
    found = desk.find("auth", [(cka.CLASS, ulong(cko.CERTIFICATE))])
    return {PUBLIC[desk.value("auth", it, cka.ID)]: desk.value("auth", it, cka.VALUE) for it in found}


def assert_certificates_are_right(desk: Desk) -> None:
    """What a new run gives for them, read from the card or remembered, is them."""
    desk.initialize()
    assert public_certificates(desk) == {name: desk.certificate(name) for name in PUBLIC.values()}
    desk.finalize()


def remember(desk: Desk) -> None:
    """Earlier runs have seen the card; what two have read alike is remembered."""
    for _run in range(2):
        public_certificates(desk)
        desk.finalize()
        desk.initialize()


def sign_at_once(desk: Desk) -> None:
    """All that a program does which signs."""
    public_certificates(desk)
    desk.login("auth")
    desk.sign("auth")


def prepare_consent(desk: Desk) -> None:
    """A second signature with the key that wants the password for each."""
    logged_in("sign")(desk)
    desk.sign("sign")
    desk.sign_init("sign")


def consent(desk: Desk) -> None:
    """The password between C_SignInit and C_Sign."""
    desk.consent("sign")
    desk.sign_now("sign")


def wait_for_event(desk: Desk) -> None:
    """A card comes; the program looks what it is."""
    desk.remove()
    assert desk.module.wait_for_slot_event(is_blocking=True) == 0
    desk.insert()
    assert {desk.module.wait_for_slot_event(is_blocking=False) for _ in range(3)} == {0, 1}
    list_slots(desk)


def log_out_of_both(desk: Desk) -> None:
    """The first costs no command, the second ends both logins on the card."""
    desk.logout("sign")
    desk.logout("auth")


def nothing(_desk: Desk) -> None:
    """No preparation."""


def of_key(key: str) -> dict[str, Flow]:
    """The flows that both keys have."""
    return {
        f"find {key}": Flow(opened(key), find(key)),
        f"find {key}, logged in": Flow(logged_in(key), find(key)),
        f"log in {key}": Flow(opened(key), lambda desk: desk.login(key), presents=1),
        f"log in {key}, wrong PIN": Flow(
            opened(key), lambda desk: desk.login(key, WRONG_PINS[key]), presents=1, is_wrong=True
        ),
        f"sign {key}": Flow(logged_in(key), lambda desk: desk.sign(key)),
        f"sign {key}, PSS": Flow(logged_in(key), sign_pss(key)),
        f"change PIN {key}": Flow(
            opened(f"{key}-rw"),
            lambda desk: desk.change_pin(f"{key}-rw", PINS[key], NEW_PINS[key]),
            presents=1,
        ),
        f"log out {key}": Flow(logged_in(key), lambda desk: desk.logout(key)),
        f"close session {key}": Flow(logged_in(key), lambda desk: desk.close(key)),
    }


FLOWS: dict[str, Flow] = {
    "list": Flow(nothing, list_slots, recognizes=True),
    **of_key("auth"),
    **of_key("sign"),
    "list, remembered": Flow(remember, list_slots, recognizes=True),
    "sign at once": Flow(nothing, sign_at_once, presents=1, recognizes=True),
    "sign at once, remembered": Flow(remember, sign_at_once, presents=1, recognizes=True),
    "log out of both": Flow(logged_in("auth", "sign"), log_out_of_both),
    "consent": Flow(prepare_consent, consent, presents=1),
    "read the signature certificate": Flow(logged_in("sign"), read_signature_certificate),
    "wait for event": Flow(list_slots, wait_for_event, recognizes=True),
    "finalize": Flow(logged_in("auth", "sign"), lambda desk: desk.finalize()),
}
