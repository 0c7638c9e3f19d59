"""For every function that the core serves: how to call it rightly, so that tests can spoil one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from module.numbers import number
from module.remote import AUTHENTICATION, PINS, SESSION_FLAGS, ULONG_LEN, Module, Value

DATA = b"data"
HASH_LEN = 32
SIGNATURE_LEN = 256
INFO_LEN = 256  # as long as the longest of the CK_..._INFO
OK, NOT_BEGUN = "CKR_OK", "CKR_OPERATION_NOT_INITIALIZED"
USER = number("CKU_USER")
DONT_BLOCK = number("CKF_DONT_BLOCK")
PIN = PINS[AUTHENTICATION]


class Call(NamedTuple):
    """Arguments for a logged in session, what has to be done before, and what they are answered."""

    arguments: Callable[[Module, int], list[Value]]
    before: Callable[[Module, int], object] = lambda module, session: None
    answer: str = OK


def class_template(module: Module) -> int:
    """A template of one row, which asks for the class or gives it."""
    return module.template((number("CKA_CLASS"), bytes(ULONG_LEN), ULONG_LEN))


def data_object(module: Module) -> int:
    """The template of a session object, which has the same two rows everywhere."""
    label = (number("CKA_LABEL"), b"label", 5)
    return module.template((number("CKA_CLASS"), bytes(ULONG_LEN), ULONG_LEN), label)


def new_object(module: Module, session: int) -> int:
    """Handle of a session object."""
    handle = module.remote.ulong()
    module.must("C_CreateObject", session, data_object(module), 2, handle)
    return module.remote.read_ulong(handle)


def a_certificate(module: Module, session: int) -> int:
    """Handle of a certificate."""
    return module.find(session, "CKO_CERTIFICATE")[0]


def a_key(module: Module, session: int) -> int:
    """Handle of a private key."""
    return module.find(session, "CKO_PRIVATE_KEY")[0]


def a_public_key(module: Module, session: int) -> int:
    """Handle of a public key."""
    return module.find(session, "CKO_PUBLIC_KEY")[0]


def log_out(module: Module, session: int) -> None:
    """End the login that the session has."""
    module.must("C_Logout", session)


def begin(
    function: str, key: Callable[[Module, int], int] = a_key, mechanism: str = "CKM_SHA256_RSA_PKCS"
) -> Callable[[Module, int], object]:
    """Begin an operation."""
    return lambda m, s: m.must(function, s, m.mechanism(mechanism), key(m, s))


def after(first: Callable[[Module, int], object], *calls: tuple[str, list[Value]]) -> Callable[[Module, int], object]:
    """Go on with an operation."""

    def steps(module: Module, session: int) -> None:
        first(module, session)
        for function, arguments in calls:
            module.must(function, session, *arguments)

    return steps


def start_digest(module: Module, session: int) -> None:
    """Begin a digest."""
    module.must("C_DigestInit", session, module.mechanism("CKM_SHA256"))


def start_search(module: Module, session: int) -> None:
    """Begin a search."""
    module.must("C_FindObjectsInit", session, None, 0)


def start_known_signature(module: Module, session: int) -> None:
    """Begin a verification whose signature is given first."""
    signature = module.sign(session, DATA)
    mechanism = module.mechanism("CKM_SHA256_RSA_PKCS")
    key = a_public_key(module, session)
    module.must("C_VerifySignatureInit", session, mechanism, key, signature, len(signature))


def recoverable(module: Module, session: int) -> bytes:
    """A signature that shows what was signed."""
    return module.sign(session, DATA, "CKM_RSA_PKCS")


def foreign_key(module: Module, session: int) -> int:
    """Handle of a public key that encrypts, which the card's own do not: their owner could not decrypt."""
    own = a_public_key(module, session)
    rows: list[tuple[int, Value, int]] = [
        (number("CKA_CLASS"), number("CKO_PUBLIC_KEY").to_bytes(ULONG_LEN, "little"), ULONG_LEN),
        (number("CKA_KEY_TYPE"), bytes(ULONG_LEN), ULONG_LEN),
    ]
    for name in ("CKA_MODULUS", "CKA_PUBLIC_EXPONENT"):
        value = module.attribute(session, own, name)
        rows.append((number(name), value, len(value)))
    handle = module.remote.ulong()
    module.must("C_CreateObject", session, module.template(*rows), len(rows), handle)
    return module.remote.read_ulong(handle)


def room(module: Module, size: int) -> list[Value]:
    """Memory for a result, and its length."""
    return [module.remote.allocate(size), module.remote.ulong(size)]


def with_mechanism(key: Callable[[Module, int], int], name: str) -> Call:
    """The call that begins an operation."""
    return Call(lambda m, s: [s, m.mechanism(name), key(m, s)])


DATA_IN: list[Value] = [DATA, len(DATA)]
PART = Call(lambda m, s: [s, *DATA_IN])
V15, RAW = "CKM_SHA256_RSA_PKCS", "CKM_RSA_PKCS"
sign, sign_messages = begin("C_SignInit"), begin("C_MessageSignInit")
verify, verify_messages = begin("C_VerifyInit", a_public_key), begin("C_MessageVerifyInit", a_public_key)
encrypt = begin("C_EncryptInit", foreign_key, RAW)
NO_PARAMETER: list[Value] = [None, 0]
sign_begun = after(sign_messages, ("C_SignMessageBegin", NO_PARAMETER))
verify_begun = after(verify_messages, ("C_VerifyMessageBegin", NO_PARAMETER))

GENERAL = {
    "C_Finalize": Call(lambda m, s: [None]),
    "C_GetInfo": Call(lambda m, s: [m.remote.allocate(INFO_LEN)]),
    "C_GetSlotList": Call(lambda m, s: [0, *room(m, 2 * ULONG_LEN)]),
    "C_GetSlotInfo": Call(lambda m, s: [0, m.remote.allocate(INFO_LEN)]),
    "C_GetTokenInfo": Call(lambda m, s: [0, m.remote.allocate(INFO_LEN)]),
    "C_WaitForSlotEvent": Call(lambda m, s: [DONT_BLOCK, m.remote.ulong(), None], answer="CKR_NO_EVENT"),
    "C_GetMechanismList": Call(lambda m, s: [0, *room(m, 64 * ULONG_LEN)]),
    "C_GetMechanismInfo": Call(lambda m, s: [0, number(RAW), m.remote.allocate(3 * ULONG_LEN)]),
    "C_SetPIN": Call(lambda m, s: [s, PIN, len(PIN), PIN, len(PIN)]),
    "C_OpenSession": Call(lambda m, s: [0, SESSION_FLAGS, b"application", 1, m.remote.ulong()]),
    "C_CloseSession": Call(lambda m, s: [s]),
    "C_CloseAllSessions": Call(lambda m, s: [0]),
    "C_GetSessionInfo": Call(lambda m, s: [s, m.remote.allocate(4 * ULONG_LEN)]),
    "C_Login": Call(lambda m, s: [s, USER, PIN, len(PIN)], log_out),
    "C_LoginUser": Call(lambda m, s: [s, USER, PIN, len(PIN), b"", 0], log_out),
    "C_Logout": Call(lambda m, s: [s]),
    "C_SessionCancel": Call(lambda m, s: [s, 0]),
    "C_GetSessionValidationFlags": Call(lambda m, s: [s, 1, m.remote.ulong()]),
    "C_SeedRandom": Call(lambda m, s: [s, *DATA_IN], answer="CKR_RANDOM_SEED_NOT_SUPPORTED"),
    "C_GenerateRandom": Call(lambda m, s: [s, m.remote.allocate(16), 16]),
}
OBJECTS = {
    "C_CreateObject": Call(lambda m, s: [s, data_object(m), 2, m.remote.ulong()]),
    "C_CopyObject": Call(lambda m, s: [s, new_object(m, s), m.template(), 0, m.remote.ulong()]),
    "C_DestroyObject": Call(lambda m, s: [s, new_object(m, s)]),
    "C_GetObjectSize": Call(lambda m, s: [s, a_certificate(m, s), m.remote.ulong()]),
    "C_GetAttributeValue": Call(lambda m, s: [s, a_certificate(m, s), class_template(m), 1]),
    "C_SetAttributeValue": Call(lambda m, s: [s, new_object(m, s), m.template((number("CKA_LABEL"), b"new", 3)), 1]),
    "C_FindObjectsInit": Call(lambda m, s: [s, class_template(m), 1]),
    "C_FindObjects": Call(lambda m, s: [s, m.remote.allocate(4 * ULONG_LEN), 4, m.remote.ulong()], start_search),
    "C_FindObjectsFinal": Call(lambda m, s: [s], start_search),
}
DIGESTING = {
    "C_DigestInit": Call(lambda m, s: [s, m.mechanism("CKM_SHA256")]),
    "C_Digest": Call(lambda m, s: [s, *DATA_IN, *room(m, HASH_LEN)], start_digest),
    "C_DigestUpdate": PART._replace(before=start_digest),
    "C_DigestFinal": Call(lambda m, s: [s, *room(m, HASH_LEN)], start_digest),
}
# No key of the card decrypts, and RSA has no parts; yet all of that has to be refused in good order.
ENCRYPTING = {
    "C_EncryptInit": with_mechanism(foreign_key, RAW),
    "C_Encrypt": Call(lambda m, s: [s, *DATA_IN, *room(m, SIGNATURE_LEN)], encrypt),
    "C_EncryptUpdate": Call(lambda m, s: [s, *DATA_IN, *room(m, SIGNATURE_LEN)], encrypt, NOT_BEGUN),
    "C_EncryptFinal": Call(lambda m, s: [s, *room(m, SIGNATURE_LEN)], encrypt, NOT_BEGUN),
    "C_DecryptInit": with_mechanism(a_key, RAW)._replace(answer="CKR_KEY_FUNCTION_NOT_PERMITTED"),
    "C_Decrypt": Call(lambda m, s: [s, *DATA_IN, *room(m, SIGNATURE_LEN)], answer=NOT_BEGUN),
    "C_DecryptUpdate": Call(lambda m, s: [s, *DATA_IN, *room(m, SIGNATURE_LEN)], answer=NOT_BEGUN),
    "C_DecryptFinal": Call(lambda m, s: [s, *room(m, SIGNATURE_LEN)], answer=NOT_BEGUN),
}
SIGNING = {
    "C_SignInit": with_mechanism(a_key, RAW),
    "C_Sign": Call(lambda m, s: [s, *DATA_IN, *room(m, SIGNATURE_LEN)], sign),
    "C_SignUpdate": PART._replace(before=sign),
    "C_SignFinal": Call(lambda m, s: [s, *room(m, SIGNATURE_LEN)], after(sign, ("C_SignUpdate", DATA_IN))),
    "C_SignRecoverInit": with_mechanism(a_key, RAW),
    "C_SignRecover": Call(
        lambda m, s: [s, *DATA_IN, *room(m, SIGNATURE_LEN)], begin("C_SignRecoverInit", mechanism=RAW)
    ),
    "C_MessageSignInit": with_mechanism(a_key, V15),
    "C_SignMessage": Call(lambda m, s: [s, *NO_PARAMETER, *DATA_IN, *room(m, SIGNATURE_LEN)], sign_messages),
    "C_SignMessageBegin": Call(lambda m, s: [s, *NO_PARAMETER], sign_messages),
    "C_SignMessageNext": Call(lambda m, s: [s, *NO_PARAMETER, *DATA_IN, *room(m, SIGNATURE_LEN)], sign_begun),
    "C_MessageSignFinal": Call(lambda m, s: [s], sign_messages),
}
VERIFYING = {
    "C_VerifyInit": with_mechanism(a_public_key, V15),
    "C_Verify": Call(lambda m, s: [s, *DATA_IN, m.sign(s, DATA), SIGNATURE_LEN], verify),
    "C_VerifyUpdate": PART._replace(before=verify),
    "C_VerifyFinal": Call(lambda m, s: [s, m.sign(s, DATA), SIGNATURE_LEN], after(verify, ("C_VerifyUpdate", DATA_IN))),
    "C_VerifyRecoverInit": with_mechanism(a_public_key, RAW),
    "C_VerifyRecover": Call(
        lambda m, s: [s, recoverable(m, s), SIGNATURE_LEN, *room(m, SIGNATURE_LEN)],
        begin("C_VerifyRecoverInit", a_public_key, RAW),
    ),
    "C_MessageVerifyInit": with_mechanism(a_public_key, V15),
    "C_VerifyMessage": Call(lambda m, s: [s, *NO_PARAMETER, *DATA_IN, m.sign(s, DATA), SIGNATURE_LEN], verify_messages),
    "C_VerifyMessageBegin": Call(lambda m, s: [s, *NO_PARAMETER], verify_messages),
    "C_VerifyMessageNext": Call(
        lambda m, s: [s, *NO_PARAMETER, *DATA_IN, m.sign(s, DATA), SIGNATURE_LEN], verify_begun
    ),
    "C_MessageVerifyFinal": Call(lambda m, s: [s], verify_messages),
    "C_VerifySignatureInit": Call(
        lambda m, s: [s, m.mechanism(V15), a_public_key(m, s), m.sign(s, DATA), SIGNATURE_LEN]
    ),
    "C_VerifySignature": PART._replace(before=start_known_signature),
    "C_VerifySignatureUpdate": PART._replace(before=start_known_signature),
    "C_VerifySignatureFinal": Call(
        lambda m, s: [s], after(start_known_signature, ("C_VerifySignatureUpdate", DATA_IN))
    ),
}
CALLS: dict[str, Call] = GENERAL | OBJECTS | DIGESTING | ENCRYPTING | SIGNING | VERIFYING


def prepared(module: Module, function: str) -> tuple[int, list[Value]]:
    """A logged in session in which the function may be called now, with the arguments for it."""
    session = module.login(AUTHENTICATION)
    call = CALLS[function]
    arguments = call.arguments(module, session)  # first, since making them may take an operation of its own
    call.before(module, session)
    return session, arguments
