"""What no binding for Python calls: recovering, messages, signatures before their data, cancelling, named users."""

from __future__ import annotations

import struct

import pytest
from module.conftest import Starter
from module.numbers import number
from module.remote import AUTHENTICATION, PINS, SIGNATURE, ULONG_LEN
from suites.replay import SIGNATURE_ROOM, InterfaceModule
from support.openssl import openssl_verify

DATA, PARTS = b"what is signed", (b"what ", b"is ", b"signed")
SLOTS = (AUTHENTICATION, SIGNATURE)
USER = number("CKU_USER")
SESSION = "session"  # stands for the handle of a logged-in session
#: Functions for what the card has not -> arguments.
UNSUPPORTED: dict[str, tuple[object, ...]] = {
    "C_InitToken": (AUTHENTICATION, b"12345678", 8, b"label".ljust(32)),
    "C_InitPIN": (SESSION, b"1234", 4),
    "C_GetOperationState": (SESSION, None, bytes(ULONG_LEN)),
    "C_SetOperationState": (SESSION, b"state", 5, 0, 0),
    "C_DigestKey": (SESSION, 1),
    "C_GenerateKey": (SESSION, None, None, 0, None),
    "C_GenerateKeyPair": (SESSION, None, None, 0, None, 0, None, None),
    "C_WrapKey": (SESSION, None, 0, 0, None, None),
    "C_UnwrapKey": (SESSION, None, 0, None, 0, None, 0, None),
    "C_DeriveKey": (SESSION, None, 0, None, 0, None),
    "C_MessageEncryptInit": (SESSION, None, 0),
    "C_MessageDecryptInit": (SESSION, None, 0),
    "C_EncapsulateKey": (SESSION, None, 0, None, 0, None, None, None),
}
#: PIN of each slot -> new PINs that cannot be right.
MALFORMED = {
    AUTHENTICATION: {b"": "CKR_PIN_LEN_RANGE", b"12345": "CKR_PIN_LEN_RANGE", b"12a4": "CKR_PIN_INVALID"},
    SIGNATURE: {b"": "CKR_PIN_LEN_RANGE", b"A" * 17: "CKR_PIN_LEN_RANGE", b"ABC 12": "CKR_PIN_INVALID"},
}


class Client(InterfaceModule):
    """The module with a session that is logged in."""

    slot = AUTHENTICATION
    session = 0

    def begin(self, slot: int) -> None:
        """A login in place of those before it, and the handles of the keys."""
        self.slot = slot
        self.must("C_CloseAllSessions", slot)
        self.session = self.login(slot)
        (self.private_key,) = self.find(self.session, "CKO_PRIVATE_KEY")
        (self.public_key,) = self.find(self.session, "CKO_PUBLIC_KEY")

    def init(self, function: str, key: int, mechanism: str = "CKM_SHA256_RSA_PKCS") -> None:
        """Begin an operation."""
        self.must(function, self.session, self.mechanism(mechanism), key)

    def output(self, function: str, *arguments: int | bytes | None) -> bytes:
        """What a function writes into a buffer with room for a signature."""
        room, length = self.remote.allocate(SIGNATURE_ROOM), self.remote.ulong(SIGNATURE_ROOM)
        self.must(function, self.session, *arguments, room, length)
        return self.remote.read(room, self.remote.read_ulong(length))

    def signature(self) -> bytes:
        """A signature of the data."""
        self.init("C_SignInit", self.private_key)
        return self.output("C_Sign", DATA, len(DATA))

    def check(self, signature: bytes) -> None:
        """Have openssl agree."""
        openssl_verify(self.certificate(self.session), DATA, signature, "sha256")


@pytest.fixture(params=SLOTS, ids=["authentication", "signature"])
def client(start: Starter, module_path: object, request: pytest.FixtureRequest) -> Client:
    """The module in a C program, with a login at each slot in turn."""
    made = Client(start.process(), str(module_path))
    made.initialize()
    made.begin(request.param)
    return made


def test_recover(client: Client) -> None:
    client.init("C_SignRecoverInit", client.private_key, "CKM_RSA_PKCS")
    signature = client.output("C_SignRecover", DATA, len(DATA))
    client.init("C_VerifyRecoverInit", client.public_key, "CKM_RSA_PKCS")
    assert client.output("C_VerifyRecover", signature, len(signature)) == DATA
    client.init("C_VerifyRecoverInit", client.public_key, "CKM_RSA_PKCS")
    bad, length = signature[::-1], client.remote.ulong(SIGNATURE_ROOM)
    answer = client.call("C_VerifyRecover", client.session, bad, len(bad), bytes(SIGNATURE_ROOM), length)
    assert answer == "CKR_SIGNATURE_INVALID"


def test_message(client: Client) -> None:
    client.init("C_MessageSignInit", client.private_key)
    signature = client.output("C_SignMessage", None, 0, DATA, len(DATA))
    client.must("C_MessageSignFinal", client.session)
    client.check(signature)


def test_message_in_parts(client: Client) -> None:
    client.init("C_MessageSignInit", client.private_key)
    client.must("C_SignMessageBegin", client.session, None, 0)
    for part in PARTS[:-1]:
        client.must("C_SignMessageNext", client.session, None, 0, part, len(part), None, None)
    signature = client.output("C_SignMessageNext", None, 0, PARTS[-1], len(PARTS[-1]))
    client.must("C_MessageSignFinal", client.session)
    client.check(signature)


def test_messages_verified(client: Client) -> None:
    good = client.signature()
    client.init("C_MessageVerifyInit", client.public_key)
    for signature, answer in ((good, "CKR_OK"), (good[::-1], "CKR_SIGNATURE_INVALID"), (good, "CKR_OK")):
        given = (DATA, len(DATA), signature, len(signature))
        assert client.call("C_VerifyMessage", client.session, None, 0, *given) == answer
    client.must("C_VerifyMessageBegin", client.session, None, 0)
    for part in PARTS:
        client.must("C_VerifyMessageNext", client.session, None, 0, part, len(part), None, 0)
    client.must("C_VerifyMessageNext", client.session, None, 0, None, 0, good, len(good))
    client.must("C_MessageVerifyFinal", client.session)


def test_signature_before_data(client: Client) -> None:
    good = client.signature()
    for signature, answer in ((good, "CKR_OK"), (good[::-1], "CKR_SIGNATURE_INVALID")):
        begin = (client.session, client.mechanism("CKM_SHA256_RSA_PKCS"), client.public_key, signature, len(signature))
        client.must("C_VerifySignatureInit", *begin)
        assert client.call("C_VerifySignature", client.session, DATA, len(DATA)) == answer
        client.must("C_VerifySignatureInit", *begin)
        for part in PARTS:
            client.must("C_VerifySignatureUpdate", client.session, part, len(part))
        assert client.call("C_VerifySignatureFinal", client.session) == answer


def test_cancel(client: Client) -> None:
    client.init("C_SignInit", client.private_key)
    client.must("C_SessionCancel", client.session, 0)
    busy = ("C_SignInit", client.session, client.mechanism("CKM_SHA256_RSA_PKCS"), client.private_key)
    assert client.call(*busy) == "CKR_OPERATION_ACTIVE"
    client.must("C_SessionCancel", client.session, number("CKF_SIGN"))
    client.check(client.signature())


def test_user_with_a_name(client: Client) -> None:
    client.must("C_Logout", client.session)
    pin = PINS[client.slot]
    named = (client.session, USER, pin, len(pin), b"name", 4)
    assert client.call("C_LoginUser", *named) == "CKR_ARGUMENTS_BAD"
    client.must("C_LoginUser", client.session, USER, pin, len(pin), None, 0)
    client.private_key = client.find(client.session, "CKO_PRIVATE_KEY")[0]
    client.check(client.signature())


def test_malformed_new_pin(client: Client) -> None:
    pin = PINS[client.slot]
    for new, answer in MALFORMED[client.slot].items():
        assert client.call("C_SetPIN", client.session, pin, len(pin), new, len(new)) == answer
    client.must("C_SetPIN", client.session, pin, len(pin), pin[::-1], len(pin))
    client.must("C_SetPIN", client.session, pin[::-1], len(pin), pin, len(pin))


def test_nothing_decrypts(client: Client) -> None:
    mechanism = client.mechanism("CKM_RSA_PKCS")
    answer = client.call("C_DecryptInit", client.session, mechanism, client.private_key)
    assert answer == "CKR_KEY_FUNCTION_NOT_PERMITTED"
    assert client.attribute(client.session, client.private_key, "CKA_DECRYPT") == b"\0"
    answer = client.call("C_Decrypt", client.session, bytes(256), 256, None, client.remote.ulong())
    assert answer == "CKR_OPERATION_NOT_INITIALIZED"


@pytest.mark.parametrize("function", UNSUPPORTED)
def test_unsupported(client: Client, function: str) -> None:
    given = [client.session if one is SESSION else one for one in UNSUPPORTED[function]]
    assert client.call(function, *given) == "CKR_FUNCTION_NOT_SUPPORTED"  # type: ignore[arg-type]


def test_verify_with_a_key_put_together(client: Client) -> None:
    good = client.signature()
    names = ("CKA_MODULUS", "CKA_PUBLIC_EXPONENT")
    values = {name: client.attribute(client.session, client.public_key, name) for name in names}
    numbers = {"CKA_CLASS": number("CKO_PUBLIC_KEY"), "CKA_KEY_TYPE": number("CKK_RSA")}
    values |= {name: struct.pack("<Q", value) for name, value in numbers.items()}
    template = client.template(*((number(name), value, len(value)) for name, value in values.items()))
    made = client.remote.ulong()
    client.must("C_CreateObject", client.session, template, len(values), made)
    client.init("C_VerifyInit", client.remote.read_ulong(made))
    client.must("C_Verify", client.session, DATA, len(DATA), good, len(good))
