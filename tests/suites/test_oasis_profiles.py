"""The mandatory test cases of the OASIS profiles, as tables of their calls: BL, EXT, AUTH and CERT of version 3.2.

Labels, PINs, values and the entries of lists are the token's own, as Conformance Test Cases, "Permitted Test Case
Variations", allows. Spec: PKCS#11 Profiles v3.2 5.1, 5.3, 5.4, 5.5
"""

from __future__ import annotations

import pytest
from module.conftest import Starter
from module.numbers import number
from module.remote import AUTHENTICATION, PINS, SIGNATURE
from suites.replay import InterfaceModule, Replay, Row
from support.openssl import openssl_verify

SLOTS = {AUTHENTICATION: "User Authentication", SIGNATURE: "Digital Signature"}
DATA = bytes(range(256)) + bytes(131)  # as long as that of the test case
#: Serial, read-only or read-write.
READ_ONLY, READ_WRITE = ("CKF_SERIAL_SESSION",), ("CKF_RW_SESSION", "CKF_SERIAL_SESSION")
PRESENT = 1


def has_flags(*names: str) -> object:
    """Whether the `flags` of a structure have all of those."""
    wanted = sum(map(number, names))
    return lambda answer: answer["flags"] & wanted == wanted


START: list[Row] = [
    ("call", ("C_Initialize", None), None),
    ("info", ("C_GetInfo",), {"version": bytes((3, 2)), "flags": 0}),
    ("length", ("C_GetSlotList", PRESENT), "$slots"),
    ("numbers", ("C_GetSlotList", "$slots", PRESENT), lambda slots: slots == list(SLOTS)),
]
DESCRIPTIONS: list[Row] = [
    ("info", ("C_GetSlotInfo", "$slot"), has_flags("CKF_TOKEN_PRESENT")),
    (
        "info",
        ("C_GetTokenInfo", "$slot"),
        has_flags("CKF_RNG", "CKF_LOGIN_REQUIRED", "CKF_USER_PIN_INITIALIZED", "CKF_TOKEN_INITIALIZED"),
    ),
]
ONE_SEARCH: list[Row] = [
    ("search_token_objects", ("$session",), None),
    ("found", ("$session", 1), lambda handles: len(handles) <= 1),
    ("call", ("C_FindObjectsFinal", "$session"), None),
]
LOGIN: list[Row] = [
    ("open_session", ("$slot", *READ_WRITE), "$session"),
    ("login", ("$session", "$pin"), None),
]
END: list[Row] = [
    ("call", ("C_CloseSession", "$session"), None),
    ("call", ("C_CloseAllSessions", "$slot"), None),
    ("call", ("C_Finalize", None), None),
]
LOGOUT: list[Row] = [("call", ("C_Logout", "$session"), None)]


def mechanism(name: str, smallest: int, largest: int, *flags: str) -> list[Row]:
    """A mechanism of the list, asked for."""
    asked = ("C_GetMechanismInfo", "$slot", number(name))
    return [
        ("info", asked, has_flags(*flags)),
        ("info", asked, {"min": smallest, "max": largest}),
    ]


MECHANISMS: list[Row] = [
    ("length", ("C_GetMechanismList", "$slot"), "$count"),
    ("numbers", ("C_GetMechanismList", "$count", "$slot"), lambda them: len(them) == len(set(them)) > 0),
    *mechanism("CKM_SHA512", 0, 0, "CKF_DIGEST"),
    *mechanism("CKM_RSA_PKCS", 2048, 4096, "CKF_SIGN", "CKF_VERIFY"),
]
SIGNING: list[Row] = [
    ("search_for", ("$session", "CKO_PUBLIC_KEY", "$public label"), None),
    ("one", ("$session",), "$public key"),
    ("call", ("C_FindObjectsFinal", "$session"), None),
    ("attribute", ("$session", "$public key", "CKA_MODULUS", 1024), lambda value: len(value) == 256),
    ("attribute", ("$session", "$public key", "CKA_PUBLIC_EXPONENT", 1024), b"\1\0\1"),
    ("attribute", ("$session", "$public key", "CKA_PUBLIC_KEY_INFO", 1024), "$key"),
    ("search_for", ("$session", "CKO_PRIVATE_KEY", "$private label"), None),
    ("one", ("$session",), "$private key"),
    ("call", ("C_FindObjectsFinal", "$session"), None),
    ("sign_init", ("$session", "CKM_SHA256_RSA_PKCS", "$private key"), None),
    ("sign", ("$session", DATA), "$signature"),
]
CERTIFICATES: list[Row] = [
    ("search_token_objects", ("$session",), None),
    ("found", ("$session", 5), lambda handles: len(handles) > 1),
    ("call", ("C_FindObjectsFinal", "$session"), None),
    ("search_for", ("$session", "CKO_CERTIFICATE", "$certificate label"), None),
    ("one", ("$session",), "$certificate"),
    ("attribute_length", ("$session", "$certificate", "CKA_LABEL"), "$length"),
    ("attribute", ("$session", "$certificate", "CKA_LABEL", "$length"), "$label"),
    ("attribute_length", ("$session", "$certificate", "CKA_VALUE"), "$length"),
    ("attribute", ("$session", "$certificate", "CKA_VALUE", "$length"), "$value"),
    ("call", ("C_FindObjectsFinal", "$session"), None),
]

BASELINE = [*START, *DESCRIPTIONS, ("open_session", ("$slot", *READ_ONLY), "$session"), *ONE_SEARCH, *END]
EXTENDED = [*START, *DESCRIPTIONS, *MECHANISMS, *LOGIN, *ONE_SEARCH, *LOGOUT, *END]
AUTHENTICATION_TOKEN = [*START, *LOGIN, *SIGNING, *LOGOUT, *END]
PUBLIC_CERTIFICATES = [*START, ("open_session", ("$slot", *READ_ONLY), "$session"), *CERTIFICATES, *END]


@pytest.fixture
def interface(start: Starter, module_path: object) -> InterfaceModule:
    """The module in a C program, before C_Initialize."""
    return InterfaceModule(start.process(), str(module_path))


def replay(module: InterfaceModule, slot: int, rows: list[Row]) -> dict[str, object]:
    """What was kept of a run on a slot."""
    name = SLOTS[slot]
    labels = {kind: f"{name} {text}".encode() for kind, text in LABELS.items()}
    return dict(Replay(module, {"$slot": slot, "$pin": PINS[slot], **labels}).run(rows))


LABELS = {"$public label": "Public Key", "$private label": "Key", "$certificate label": "Certificate"}


@pytest.mark.parametrize("slot", SLOTS)
def test_baseline_provider(interface: InterfaceModule, slot: int) -> None:
    replay(interface, slot, BASELINE)


@pytest.mark.parametrize("slot", SLOTS)
def test_extended_provider(interface: InterfaceModule, slot: int) -> None:
    replay(interface, slot, EXTENDED)


@pytest.mark.parametrize("slot", SLOTS)
def test_authentication_token(interface: InterfaceModule, slot: int) -> None:
    kept = replay(interface, slot, AUTHENTICATION_TOKEN)
    key, signature = kept["$key"], kept["$signature"]
    assert isinstance(key, bytes) and isinstance(signature, bytes)
    openssl_verify(key, DATA, signature, "sha256")


def test_public_certificates_token(interface: InterfaceModule) -> None:
    kept = replay(interface, AUTHENTICATION, PUBLIC_CERTIFICATES)
    assert kept["$label"] == kept["$certificate label"]
    value = kept["$value"]
    assert isinstance(value, bytes) and value[:2] == b"\x30\x82" and len(value) == 4 + int.from_bytes(value[2:4], "big")
