"""C_Initialize and C_Finalize, and what every function answers outside of them."""

from __future__ import annotations

import struct

import pytest
from module.conftest import Starter
from module.numbers import NUMBERS, ROW_OF, ROWS, listed_functions, number
from module.remote import AUTHENTICATION, Module, Remote

NOT_INITIALIZED = "CKR_CRYPTOKI_NOT_INITIALIZED"
ANSWERS = {"FORWARD": NOT_INITIALIZED, "WAIT": NOT_INITIALIZED, "LOCAL": "CKR_ARGUMENTS_BAD"}
STUB_ANSWER = "CKR_FUNCTION_NOT_SUPPORTED"
#: Spec: PKCS#11 v3.1 5.20
STUB_ANSWERS = {name: "CKR_FUNCTION_NOT_PARALLEL" for name in ("C_GetFunctionStatus", "C_CancelFunction")}
CALLABLE = [row for row in ROWS if row.kind != "HOST"]
OS_LOCKING, NO_THREADS = number("CKF_OS_LOCKING_OK"), number("CKF_LIBRARY_CANT_CREATE_OS_THREADS")
MUTEX_FUNCTIONS = 4
# Those that the module serves by now: the rest are stubs, which the table of functions says too.
SERVED = """C_Initialize C_Finalize C_GetInfo C_GetSlotList C_GetSlotInfo C_GetTokenInfo C_GetMechanismList
    C_GetMechanismInfo C_OpenSession C_CloseSession C_CloseAllSessions C_GetSessionInfo C_Login C_Logout
    C_GetAttributeValue C_FindObjectsInit C_FindObjects C_FindObjectsFinal C_SignInit C_Sign C_SignUpdate
    C_SignFinal""".split()


def check_answers(module: Module) -> None:
    """Every function answers that the module is not initialised, or what it answers at all times."""
    answers = {row.name: module.call(row.name, *[0] * len(row.parameters)) for row in CALLABLE}
    assert answers == {row.name: ANSWERS.get(row.kind) or STUB_ANSWERS.get(row.name, STUB_ANSWER) for row in CALLABLE}


def test_the_table_serves_what_signing_needs() -> None:
    assert [name for name in SERVED if ROW_OF[name].kind not in ("HOST", "FORWARD")] == []
    assert listed_functions() == [row.name for row in ROWS if row.version == "2_40"]


def test_before_initialize(loaded: Module) -> None:
    check_answers(loaded)
    assert loaded.remote.mapped("python") == set(), "Python was woken"


def test_after_finalize(module: Module) -> None:
    module.login(AUTHENTICATION)
    module.must("C_Finalize", None)
    check_answers(module)


def test_after_a_refused_initialize(loaded: Module) -> None:
    arguments = loaded.remote.allocate(struct.pack("<6Q", 0, 0, 0, 0, 0, 1))
    assert loaded.call("C_Initialize", arguments) == "CKR_ARGUMENTS_BAD"
    check_answers(loaded)
    loaded.initialize()


def test_what_has_one_answer_gives_it_while_initialised(module: Module) -> None:
    """The table of functions says which answer; docs/supported.md is made from it."""
    session = module.login(AUTHENTICATION)
    key = module.find(session, "CKO_PRIVATE_KEY")[0]
    arguments = {"C_DecryptInit": [module.mechanism("CKM_RSA_PKCS"), key]}
    rows = [row for row in ROWS if row.answer != "-"]
    zeros = {row.name: [0] * (len(row.parameters) - 1) for row in rows}
    answers = {row.name: module.call(row.name, session, *arguments.get(row.name, zeros[row.name])) for row in rows}
    assert answers == {row.name: row.answer for row in rows}
    stubs = {row.name: STUB_ANSWERS.get(row.name, STUB_ANSWER) for row in rows if row.kind == "STUB"}
    assert stubs.items() <= answers.items()


def test_functions_of_the_list_are_those_exported(loaded: Module) -> None:
    remote, names = loaded.remote, listed_functions()
    answer = remote.ulong()
    loaded.must("C_GetFunctionList", answer)
    version, *pointers = remote.read_ulongs(remote.read_ulong(answer), 1 + len(names))
    assert struct.pack("<Q", version)[:2] == bytes((2, 40))
    assert pointers == [loaded.address(name) for name in names]


def test_initialised_twice(module: Module) -> None:
    session = module.login(AUTHENTICATION)
    assert module.call("C_Initialize", None) == "CKR_CRYPTOKI_ALREADY_INITIALIZED"
    assert len(module.sign(session, b"still there")) == 256


def test_finalized_twice(module: Module) -> None:
    module.must("C_Finalize", None)
    assert module.call("C_Finalize", None) == NOT_INITIALIZED


def test_initialised_again_and_again(loaded: Module) -> None:
    signatures = set()
    for _ in range(20):
        loaded.initialize()
        signatures.add(loaded.sign(loaded.login(AUTHENTICATION), b"data"))
        loaded.must("C_Finalize", None)
    assert len(signatures) == 1


def test_finalize_ends_sessions_and_logins(module: Module) -> None:
    session = module.login(AUTHENTICATION)
    module.must("C_Finalize", None)
    module.initialize()
    info = module.remote.allocate(32)
    assert module.call("C_GetSessionInfo", session, info) == "CKR_SESSION_HANDLE_INVALID"
    session = module.open_session(AUTHENTICATION)
    assert module.find(session, "CKO_PRIVATE_KEY") == []


@pytest.mark.parametrize("pointer", [1, 0xDEAD_BEEF])
def test_finalize_takes_no_argument(module: Module, pointer: int) -> None:
    assert module.call("C_Finalize", pointer) == "CKR_ARGUMENTS_BAD"
    module.login(AUTHENTICATION)


# -- CK_C_INITIALIZE_ARGS -------------------------------------------------------------------------------------


def arguments(remote: Remote, given: int, flags: int, reserved: int = 0) -> int:
    """CK_C_INITIALIZE_ARGS; `given`: a bit for each mutex function there is. They must never be called."""
    trap = remote.libc_address("abort")
    functions = [trap if given >> i & 1 else 0 for i in range(MUTEX_FUNCTIONS)]
    return remote.allocate(struct.pack("<6Q", *functions, flags, reserved))


# Spec: PKCS#11 v3.1 5.4.1; NSS gives its own functions together with the flags.
@pytest.mark.parametrize("threads", [0, NO_THREADS])
@pytest.mark.parametrize(("given", "flags"), [(0, 0), (0, OS_LOCKING), (0b1111, 0), (0b1111, OS_LOCKING)])
def test_every_locking_mode(loaded: Module, given: int, flags: int, threads: int) -> None:
    loaded.must("C_Initialize", arguments(loaded.remote, given, flags | threads))
    loaded.sign(loaded.login(AUTHENTICATION), b"data")
    loaded.must("C_Finalize", None)


def test_some_mutex_functions_alone(loaded: Module) -> None:
    partial = [(given, flags) for given in range(1, 0b1111) for flags in (0, OS_LOCKING)]
    answers = [loaded.call("C_Initialize", arguments(loaded.remote, *one)) for one in partial]
    assert set(answers) == {"CKR_ARGUMENTS_BAD"}
    loaded.initialize()


@pytest.mark.parametrize("reserved", [1, 0xDEAD_BEEF, (1 << 64) - 1])
def test_reserved_pointer(loaded: Module, reserved: int) -> None:
    bad = arguments(loaded.remote, 0, OS_LOCKING, reserved)
    assert loaded.call("C_Initialize", bad) == "CKR_ARGUMENTS_BAD"
    loaded.initialize()


def test_bad_arguments_of_the_second_initialize(module: Module) -> None:
    """Which of the two is wrong is the module's choice, but not whether."""
    bad = arguments(module.remote, 1, 0)
    assert module.call("C_Initialize", bad) in ("CKR_ARGUMENTS_BAD", "CKR_CRYPTOKI_ALREADY_INITIALIZED")
    module.login(AUTHENTICATION)


def test_reader_that_does_not_exist(start: Starter) -> None:
    module = start(env={"PYJPKI11_READER": "nonsense", "PYJPKI11_LOG": "stderr", "PYJPKI11_LOG_LEVEL": "info"})
    assert module.call("C_Initialize", None) not in ("CKR_OK", NOT_INITIALIZED)
    check_answers(module)
    start.close()
    assert "nonsense" in start.outcome.stderr


def test_remote_control_notices_a_crash(start: Starter) -> None:
    """These tests can fail: memory ends where it should, and a dead process is not taken for an answer."""
    process = start.process()
    guarded = process.allocate(b"1234")
    with pytest.raises(AssertionError, match="died of SIGSEGV"):
        process.read(guarded, 5)
    process.process.wait()
    with pytest.raises(AssertionError):
        start.close()


def test_numbers_are_the_standards() -> None:
    assert {name: NUMBERS[name] for name in ("CKR_OK", "CKR_BUFFER_TOO_SMALL", "CKF_OS_LOCKING_OK")} == {
        "CKR_OK": 0,
        "CKR_BUFFER_TOO_SMALL": 0x150,
        "CKF_OS_LOCKING_OK": 2,
    }
