"""Bad input to every function that the core serves: the right CKR_, no crash, and the module goes on."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from module.calls import (
    CALLS,
    INFO_LEN,
    NOT_BEGUN,
    OK,
    SIGNATURE_LEN,
    USER,
    a_certificate,
    a_key,
    class_template,
    prepared,
    sign,
    start_search,
)
from module.numbers import ROW_OF, ROWS, UNAVAILABLE, number
from module.remote import AUTHENTICATION, PINS, SIGNATURE, ULONG_LEN, Module

WILD = [0, 1 << 31, 1 << 32, 1 << 63, UNAVAILABLE]
CONTEXT_SPECIFIC = number("CKU_CONTEXT_SPECIFIC")
BAD = "CKR_ARGUMENTS_BAD"
SERVED = [row for row in ROWS if row.kind in ("FORWARD", "WAIT")]
#: What a NULL is answered where it is no mistake: it asks for a size, ends an operation, gives nothing, or is not
#: looked at because the call is refused anyway.
NULL_ANSWERS = {
    ("C_Finalize", "pReserved"): OK,
    ("C_GetSlotList", "pSlotList"): OK,
    ("C_GetMechanismList", "pMechanismList"): OK,
    ("C_OpenSession", "pApplication"): OK,
    ("C_OpenSession", "Notify"): OK,
    ("C_LoginUser", "pUsername"): OK,
    ("C_CopyObject", "pTemplate"): OK,
    ("C_WaitForSlotEvent", "pReserved"): "CKR_NO_EVENT",
    ("C_SignMessageNext", "pulSignatureLen"): OK,
    ("C_VerifyMessageNext", "pSignature"): OK,
    ("C_SeedRandom", "pSeed"): "CKR_RANDOM_SEED_NOT_SUPPORTED",
}
RESULTS_BY_TWO_CALLS = (
    "C_Digest C_DigestFinal C_Encrypt C_Sign C_SignFinal C_SignRecover C_SignMessage C_SignMessageNext C_VerifyRecover"
).split()


def is_pointer(kind: str) -> bool:
    """Whether a parameter's type is a pointer."""
    return kind.endswith("_PTR") or kind == "CK_NOTIFY"


def places(wanted: Callable[[str, str], bool]) -> list[tuple[str, int]]:
    """Function and place of every parameter that is wanted by type and name."""
    return [(row.name, i) for row in SERVED for i, parameter in enumerate(row.parameters) if wanted(*parameter)]


POINTERS = places(lambda kind, name: is_pointer(kind))
SESSIONS = places(lambda kind, name: name == "hSession")
SLOTS = places(lambda kind, name: name == "slotID")


def null_answer(function: str, parameter: str) -> str:
    """What a function answers when that pointer is NULL and all the rest is right."""
    usual = CALLS[function].answer
    if usual == NOT_BEGUN:
        return usual
    if function in RESULTS_BY_TWO_CALLS and parameter == ROW_OF[function].parameters[-2][1]:
        return OK
    if parameter == "pParameter":
        return usual
    return NULL_ANSWERS.get((function, parameter), BAD)


def check_works(module: Module) -> None:
    """Nothing that was done before keeps the module from signing."""
    if module.call("C_GetInfo", module.remote.allocate(INFO_LEN)) != OK:
        module.initialize()
    module.must("C_CloseAllSessions", AUTHENTICATION)
    assert len(module.sign(module.login(AUTHENTICATION), b"data")) == SIGNATURE_LEN
    module.must("C_CloseAllSessions", AUTHENTICATION)


def test_every_function_is_in_the_table() -> None:
    assert set(CALLS) == {row.name for row in SERVED}


@pytest.mark.parametrize("function", CALLS)
def test_good_arguments(module: Module, function: str) -> None:
    _, arguments = prepared(module, function)
    assert module.call(function, *arguments) == CALLS[function].answer
    check_works(module)


@pytest.mark.parametrize("function", sorted({name for name, _ in POINTERS}))
def test_null_pointers(module: Module, function: str) -> None:
    """One at a time, then all at once, when nothing must be followed whatever the answer."""
    names = {place: ROW_OF[function].parameters[place][1] for name, place in POINTERS if name == function}
    answers = {}
    for place, name in names.items():
        _, arguments = prepared(module, function)
        answers[name] = module.call(function, *[None if i == place else one for i, one in enumerate(arguments)])
        check_works(module)
    assert answers == {name: null_answer(function, name) for name in names.values()}
    _, arguments = prepared(module, function)
    module.call(function, *[None if i in names else one for i, one in enumerate(arguments)])
    check_works(module)


@pytest.mark.parametrize("function", [name for name, _ in SESSIONS])
def test_wrong_session(module: Module, function: str) -> None:
    session, arguments = prepared(module, function)
    stale = module.open_session(AUTHENTICATION)
    module.must("C_CloseSession", stale)
    answers = [module.call(function, wrong, *arguments[1:]) for wrong in (*WILD, session + 100, stale)]
    assert set(answers) == {"CKR_SESSION_HANDLE_INVALID"}
    assert module.call(function, *arguments) == CALLS[function].answer, "the session's operation was disturbed"


@pytest.mark.parametrize("function", [name for name, _ in SLOTS])
def test_wrong_slot(module: Module, function: str) -> None:
    _, arguments = prepared(module, function)
    answers = [module.call(function, wrong, *arguments[1:]) for wrong in (2, 3, *WILD[1:])]
    assert set(answers) == {"CKR_SLOT_ID_INVALID"}
    assert module.call(function, *arguments) == OK


def wrong_objects(module: Module, session: int) -> list[int]:
    """Handles that mean nothing in the session: wild ones, one of the other token, one whose login is over."""
    other = module.login(SIGNATURE)
    key_of_other = a_key(module, other)
    module.must("C_CloseSession", other)
    return [*WILD, a_certificate(module, session) | 0xFF, key_of_other]


def test_wrong_object(module: Module) -> None:
    session = module.login(AUTHENTICATION)
    template = class_template(module)
    wrong = wrong_objects(module, session)
    answers = {module.call("C_GetAttributeValue", session, one, template, 1) for one in wrong}
    assert answers == {"CKR_OBJECT_HANDLE_INVALID"}


def test_wrong_key(module: Module) -> None:
    session = module.login(AUTHENTICATION)
    mechanism = module.mechanism("CKM_RSA_PKCS")
    answers = {module.call("C_SignInit", session, mechanism, one) for one in wrong_objects(module, session)}
    assert answers == {"CKR_KEY_HANDLE_INVALID"}
    not_a_key = a_certificate(module, session)
    assert module.call("C_SignInit", session, mechanism, not_a_key) in (
        "CKR_KEY_HANDLE_INVALID",
        "CKR_KEY_TYPE_INCONSISTENT",
    )


def test_private_object_after_logout(module: Module) -> None:
    session = module.login(AUTHENTICATION)
    key = a_key(module, session)
    module.must("C_Logout", session)
    assert module.call("C_GetAttributeValue", session, key, class_template(module), 1) == "CKR_OBJECT_HANDLE_INVALID"
    assert module.call("C_SignInit", session, module.mechanism("CKM_RSA_PKCS"), key) == "CKR_KEY_HANDLE_INVALID"


# -- lengths and counts: memory ends, and reading on is a fault ------------------------------------------------

HUGE = [1 << 31, 1 << 32, 1 << 40, 1 << 63, UNAVAILABLE]
NO_CRASH = {"CKR_ARGUMENTS_BAD", "CKR_DATA_LEN_RANGE", "CKR_HOST_MEMORY", "CKR_GENERAL_ERROR"}


@pytest.mark.parametrize("length", [0, 3, 5, 17, 200, 255, 256, *HUGE])
def test_pin_length(module: Module, length: int) -> None:
    """Only a length that can be right is read at all, and none of these costs a try."""
    session = module.open_session(AUTHENTICATION)
    pin = PINS[AUTHENTICATION].ljust(min(length, 256), b"0")
    assert module.call("C_Login", session, USER, pin, length) == "CKR_PIN_LEN_RANGE"
    info = module.remote.allocate(INFO_LEN)
    module.must("C_GetTokenInfo", AUTHENTICATION, info)
    low = number("CKF_USER_PIN_COUNT_LOW")
    assert not struct.unpack_from("<Q", module.remote.read(info, INFO_LEN), 96)[0] & low


@pytest.mark.parametrize("length", HUGE)
def test_pin_that_ends_before_its_length(module: Module, length: int) -> None:
    session = module.open_session(AUTHENTICATION)
    pin = module.remote.allocate(PINS[AUTHENTICATION])
    assert module.call("C_Login", session, USER, pin, length) == "CKR_PIN_LEN_RANGE"


@pytest.mark.parametrize("count", [1025, *HUGE])
@pytest.mark.parametrize("function", ["C_GetAttributeValue", "C_FindObjectsInit"])
def test_template_count(module: Module, function: str, count: int) -> None:
    _, arguments = prepared(module, function)
    assert module.call(function, *arguments[:-1], count) == BAD
    check_works(module)


@pytest.mark.parametrize("length", HUGE)
def test_length_of_a_template_value(module: Module, length: int) -> None:
    """A search need not read a value that is longer than any of ours."""
    session = module.login(AUTHENTICATION)
    template = module.template((number("CKA_LABEL"), b"JPKI", length))
    answer = module.call("C_FindObjectsInit", session, template, 1)
    assert answer == OK or answer in {*NO_CRASH, "CKR_ATTRIBUTE_VALUE_INVALID"}
    check_works(module)


@pytest.mark.parametrize("count", HUGE)
def test_search_with_room_for_any_number(module: Module, count: int) -> None:
    session, (_, handles, _, found) = prepared(module, "C_FindObjects")
    module.must("C_FindObjectsFinal", session)
    module.must("C_FindObjectsInit", session, class_template(module), 0)
    room = module.remote.allocate(16 * ULONG_LEN)
    module.must("C_FindObjects", session, room, count, found)
    assert 0 < module.remote.read_ulong(int(found or 0)) < 16
    assert handles


def test_search_with_room_for_none(module: Module) -> None:
    session, (_, handles, _, found) = prepared(module, "C_FindObjects")
    module.must("C_FindObjects", session, handles, 0, found)
    assert module.remote.read_ulong(int(found or 0)) == 0


@pytest.mark.parametrize(("pointer", "length"), [(0, 1), (1, 0), (1, 1), (0, UNAVAILABLE), (1, 1 << 40)])
def test_mechanism_parameter(module: Module, pointer: int, length: int) -> None:
    """This mechanism has no parameter, so it is not even looked at; a length without one may be overlooked."""
    session = module.login(AUTHENTICATION)
    key = a_key(module, session)
    mechanism = struct.pack("<QQQ", number("CKM_RSA_PKCS"), pointer, length)
    answer = module.call("C_SignInit", session, mechanism, key)
    assert answer == "CKR_MECHANISM_PARAM_INVALID" or (answer == OK and not pointer)
    check_works(module)


@pytest.mark.parametrize("length", [0, 1, 23, 25, 40, *HUGE])
@pytest.mark.parametrize("kind", ["CKM_RSA_PKCS_PSS", "CKM_SHA256_RSA_PKCS_PSS"])
def test_size_of_a_mechanism_parameter(module: Module, kind: str, length: int) -> None:
    """CK_RSA_PKCS_PSS_PARAMS has 24 bytes; of anything else nothing is read."""
    session = module.login(AUTHENTICATION)
    parameter = module.remote.allocate(min(length, 40))
    mechanism = struct.pack("<QQQ", number(kind), parameter, length)
    answer = module.call("C_SignInit", session, mechanism, a_key(module, session))
    assert answer in ("CKR_MECHANISM_PARAM_INVALID", "CKR_MECHANISM_INVALID")
    check_works(module)


@pytest.mark.parametrize("kind", ["CKM_RSA_X_509", "CKM_MD5_RSA_PKCS", "CKM_ECDSA", 0x7FFF_FFFF, UNAVAILABLE])
def test_mechanism_that_there_is_not(module: Module, kind: str | int) -> None:
    session = module.login(AUTHENTICATION)
    wanted = number(kind) if isinstance(kind, str) else kind
    mechanism = struct.pack("<QQQ", wanted, 0, 0)
    assert module.call("C_SignInit", session, mechanism, a_key(module, session)) == "CKR_MECHANISM_INVALID"
    info = module.remote.allocate(3 * ULONG_LEN)
    assert module.call("C_GetMechanismInfo", 0, wanted, info) == "CKR_MECHANISM_INVALID"


@pytest.mark.parametrize("length", [246, 257, *HUGE])
def test_data_too_long_for_the_key(module: Module, length: int) -> None:
    """A length that can never be signed is refused by itself."""
    session = module.login(AUTHENTICATION)
    module.start_signing(session, "CKM_RSA_PKCS")
    data = bytes(min(length, 257))
    room, size = module.remote.allocate(SIGNATURE_LEN), module.remote.ulong(SIGNATURE_LEN)
    assert module.call("C_Sign", session, data, length, room, size) == "CKR_DATA_LEN_RANGE"
    check_works(module)


@pytest.mark.parametrize("length", [1 << 62, 1 << 63, UNAVAILABLE])
@pytest.mark.parametrize("function", ["C_Sign", "C_SignUpdate"])
def test_data_longer_than_memory(module: Module, function: str, length: int) -> None:
    _, arguments = prepared(module, function)
    arguments[2] = length
    assert module.call(function, *arguments) in NO_CRASH
    check_works(module)


@pytest.mark.parametrize("user", [0, 3, 1 << 32, UNAVAILABLE])
def test_user_type(module: Module, user: int) -> None:
    session = module.open_session(AUTHENTICATION)
    assert module.call("C_Login", session, user, b"1234", 4) == "CKR_USER_TYPE_INVALID"
    assert module.call("C_Login", session, CONTEXT_SPECIFIC, b"1234", 4) == "CKR_OPERATION_NOT_INITIALIZED"


def test_parallel_session(module: Module) -> None:
    handle = module.remote.ulong()
    answer = module.call("C_OpenSession", 0, number("CKF_RW_SESSION"), None, None, handle)
    assert answer == "CKR_SESSION_PARALLEL_NOT_SUPPORTED"


def test_session_flags_that_there_are_not(module: Module) -> None:
    """They are the caller's business; what matters is that no wild bit is a crash."""
    handle = module.remote.ulong()
    module.must("C_OpenSession", 0, UNAVAILABLE, None, None, handle)
    check_works(module)


# -- order of calls -------------------------------------------------------------------------------------------

#: Functions that need an operation, with arguments that are right otherwise.
WITHOUT_OPERATION = """C_FindObjects C_FindObjectsFinal C_Digest C_DigestUpdate C_DigestFinal C_Encrypt
    C_Sign C_SignUpdate C_SignFinal C_SignRecover C_SignMessage C_SignMessageBegin C_SignMessageNext
    C_MessageSignFinal C_Verify C_VerifyUpdate C_VerifyFinal C_VerifyRecover C_VerifyMessage C_VerifyMessageBegin
    C_VerifyMessageNext C_MessageVerifyFinal C_VerifySignature C_VerifySignatureUpdate C_VerifySignatureFinal""".split()


@pytest.mark.parametrize("function", WITHOUT_OPERATION)
def test_without_its_operation(module: Module, function: str) -> None:
    session = module.login(AUTHENTICATION)
    arguments = CALLS[function].arguments(module, session)
    assert module.call(function, *arguments) == NOT_BEGUN


@pytest.mark.parametrize(("function", "prepare"), [("C_FindObjectsInit", start_search), ("C_SignInit", sign)])
def test_operation_twice(module: Module, function: str, prepare: Callable[[Module, int], object]) -> None:
    session = module.login(AUTHENTICATION)
    arguments = CALLS[function].arguments(module, session)
    prepare(module, session)
    assert module.call(function, *arguments) == "CKR_OPERATION_ACTIVE"


def test_sign_after_an_update(module: Module) -> None:
    session, _ = prepared(module, "C_SignFinal")
    room, size = module.remote.allocate(SIGNATURE_LEN), module.remote.ulong(SIGNATURE_LEN)
    answer = module.call("C_Sign", session, b"data", 4, room, size)
    assert answer in ("CKR_OPERATION_ACTIVE", NOT_BEGUN)


def test_sign_before_login(module: Module) -> None:
    session = module.login(AUTHENTICATION)
    key = a_key(module, session)
    other = module.open_session(AUTHENTICATION)
    module.must("C_Logout", session)
    assert module.call("C_SignInit", other, module.mechanism("CKM_RSA_PKCS"), key) == "CKR_KEY_HANDLE_INVALID"


@pytest.mark.parametrize("again", [b"1234", b"9999"])
def test_login_twice(module: Module, again: bytes) -> None:
    session = module.login(AUTHENTICATION)
    assert module.call("C_Login", session, USER, again, 4) == "CKR_USER_ALREADY_LOGGED_IN"


def test_logout_twice(module: Module) -> None:
    session = module.login(AUTHENTICATION)
    module.must("C_Logout", session)
    assert module.call("C_Logout", session) == "CKR_USER_NOT_LOGGED_IN"
