"""The two-call rule: ask for a size, then for the result. Spec: PKCS#11 v3.1 5.2"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from module.conftest import Starter
from module.numbers import UNAVAILABLE, number
from module.remote import AUTHENTICATION, ULONG_LEN, Module, Value

SIGNATURE_LEN = 256
UNTOUCHED = 0x5A
SMALL = "CKR_BUFFER_TOO_SMALL"
#: Function with a list of CK_ULONGs -> arguments before it.
LISTS: dict[str, list[Value]] = {"C_GetSlotList": [0], "C_GetMechanismList": [AUTHENTICATION]}
VENDOR = 0x8000_0001  # an attribute nobody knows


def untouched(module: Module, size: int) -> int:
    """Memory whose every change shows."""
    return module.remote.allocate(bytes((UNTOUCHED,)) * size)


# -- lists ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", LISTS)
@pytest.mark.parametrize("room", [0, 1, UNAVAILABLE])
def test_list_size_query(module: Module, function: str, room: int) -> None:
    """Whatever the count was: without a list it is an output alone."""
    count, again = module.remote.ulong(room), module.remote.ulong(99)
    module.must(function, *LISTS[function], None, count)
    module.must(function, *LISTS[function], None, again)
    assert 2 <= module.remote.read_ulong(count) == module.remote.read_ulong(again) < 99


@pytest.mark.parametrize("function", LISTS)
@pytest.mark.parametrize("missing", [1, 2])
def test_list_without_enough_room(module: Module, function: str, missing: int) -> None:
    count = module.remote.ulong()
    module.must(function, *LISTS[function], None, count)
    needed = module.remote.read_ulong(count)
    room = untouched(module, ULONG_LEN)
    count = module.remote.ulong(needed - missing)
    assert module.call(function, *LISTS[function], room, count) == SMALL
    assert module.remote.read_ulong(count) == needed
    assert set(module.remote.read(room, ULONG_LEN)) == {UNTOUCHED}


@pytest.mark.parametrize("function", LISTS)
@pytest.mark.parametrize("spare", [0, 3])
def test_list(module: Module, function: str, spare: int) -> None:
    count = module.remote.ulong()
    module.must(function, *LISTS[function], None, count)
    needed = module.remote.read_ulong(count)
    room = untouched(module, (needed + spare) * ULONG_LEN)
    module.remote.write(count, struct.pack("<Q", needed + spare))
    module.must(function, *LISTS[function], room, count)
    numbers = module.remote.read_ulongs(room, needed + spare)
    assert module.remote.read_ulong(count) == needed == len(set(numbers[:needed]))
    assert numbers[needed:] == (int.from_bytes(bytes((UNTOUCHED,)) * ULONG_LEN),) * spare


def test_slots_are_two_a_reader(module: Module) -> None:
    room, count = module.remote.allocate(2 * ULONG_LEN), module.remote.ulong(2)
    module.must("C_GetSlotList", 1, room, count)
    assert module.remote.read_ulongs(room, 2) == (0, 1)


# -- signatures -----------------------------------------------------------------------------------------------


def sign_final(module: Module, session: int, room: Value, size: int) -> str:
    """C_SignFinal, so that it looks like C_Sign."""
    return module.call("C_SignFinal", session, room, size)


def sign_whole(module: Module, session: int, room: Value, size: int) -> str:
    """C_Sign of the same data."""
    return module.call("C_Sign", session, b"data", 4, room, size)


@pytest.fixture
def apdu_log(tmp_path: Path) -> Path:
    """Where the software card writes down what it was sent."""
    return tmp_path / "apdus"


@pytest.fixture
def logged(start: Starter, softcard_state: Path, apdu_log: Path) -> Module:
    """The initialised module with a card that writes down what it was sent."""
    module = start(env={"PYJPKI11_READER": f"softcard:{softcard_state}?apdu-log={apdu_log}"})
    module.initialize()
    return module


def signatures(apdu_log: Path) -> int:
    """How often the card was told to sign. Card: notes 4"""
    return sum(line.upper().startswith("> 802A00") for line in apdu_log.read_text().splitlines())


@pytest.mark.parametrize("is_final", [False, True])
def test_signature_is_made_only_where_there_is_room(logged: Module, apdu_log: Path, is_final: bool) -> None:
    session = logged.login(AUTHENTICATION)
    logged.start_signing(session)
    if is_final:
        logged.must("C_SignUpdate", session, b"data", 4)
    call = sign_final if is_final else sign_whole
    size = logged.remote.ulong(1)
    for _ in range(2):
        assert call(logged, session, None, size) == "CKR_OK"
        assert logged.remote.read_ulong(size) == SIGNATURE_LEN
    for length in (0, 1, SIGNATURE_LEN - 1):
        size, room = logged.remote.ulong(length), untouched(logged, length)
        assert call(logged, session, room, size) == SMALL
        assert logged.remote.read_ulong(size) == SIGNATURE_LEN
        assert set(logged.remote.read(room, length)) <= {UNTOUCHED}
    assert signatures(apdu_log) == 0
    size, room = logged.remote.ulong(SIGNATURE_LEN + 9), untouched(logged, SIGNATURE_LEN + 9)
    assert call(logged, session, room, size) == "CKR_OK"
    assert logged.remote.read_ulong(size) == SIGNATURE_LEN
    assert set(logged.remote.read(room + SIGNATURE_LEN, 9)) == {UNTOUCHED}
    assert signatures(apdu_log) == 1
    assert call(logged, session, room, size) == "CKR_OPERATION_NOT_INITIALIZED"


def test_parts_make_the_signature_of_the_whole(module: Module) -> None:
    session = module.login(AUTHENTICATION)
    whole = module.sign(session, b"data in parts")
    module.start_signing(session)
    for part in (b"data", b"", b" in ", b"parts"):
        module.must("C_SignUpdate", session, part, len(part))
    room, size = module.remote.allocate(SIGNATURE_LEN), module.remote.ulong(SIGNATURE_LEN)
    module.must("C_SignFinal", session, room, size)
    assert module.remote.read(room, SIGNATURE_LEN) == whole


# -- attributes -----------------------------------------------------------------------------------------------


def ask(module: Module, object_class: str, *rows: tuple[int, Value, int]) -> tuple[str, list[int]]:
    """C_GetAttributeValue's answer and the lengths afterwards."""
    session = module.login(AUTHENTICATION)
    handle = module.find(session, object_class)[0]
    template = module.template(*rows)
    answer = module.call("C_GetAttributeValue", session, handle, template, len(rows))
    lengths = module.remote.read_ulongs(template, 3 * len(rows))[2::3]
    module.must("C_CloseSession", session)
    return answer, list(lengths)


LABEL = b"User Authentication Key"


def test_attribute_sizes(module: Module) -> None:
    rows = [(number(name), None, UNAVAILABLE) for name in ("CKA_CLASS", "CKA_LABEL", "CKA_TOKEN", "CKA_MODULUS")]
    answer = ask(module, "CKO_PRIVATE_KEY", *rows)
    assert answer == ("CKR_OK", [ULONG_LEN, len(LABEL), 1, SIGNATURE_LEN])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CKA_PRIVATE_EXPONENT", "CKR_ATTRIBUTE_SENSITIVE"),
        ("CKA_PRIME_1", "CKR_ATTRIBUTE_SENSITIVE"),
        ("CKA_PRIME_2", "CKR_ATTRIBUTE_SENSITIVE"),
        ("CKA_EXPONENT_1", "CKR_ATTRIBUTE_SENSITIVE"),
        ("CKA_EXPONENT_2", "CKR_ATTRIBUTE_SENSITIVE"),
        ("CKA_COEFFICIENT", "CKR_ATTRIBUTE_SENSITIVE"),
        ("CKA_EC_POINT", "CKR_ATTRIBUTE_TYPE_INVALID"),
        (VENDOR, "CKR_ATTRIBUTE_TYPE_INVALID"),
        (UNAVAILABLE, "CKR_ATTRIBUTE_TYPE_INVALID"),
    ],
)
@pytest.mark.parametrize("size", [0, 512])
def test_attribute_that_is_not_given(module: Module, name: str | int, expected: str, size: int) -> None:
    kind = number(name) if isinstance(name, str) else name
    value = untouched(module, size) if size else None
    assert ask(module, "CKO_PRIVATE_KEY", (kind, value, size)) == (expected, [UNAVAILABLE])
    assert not value or set(module.remote.read(value, size)) == {UNTOUCHED}


def test_mixed_attributes(module: Module) -> None:
    """One row that cannot be answered does not spoil the others."""
    label, short, exponent = (untouched(module, size) for size in (64, len(LABEL) - 1, 256))
    answer, lengths = ask(
        module,
        "CKO_PRIVATE_KEY",
        (number("CKA_CLASS"), None, 0),
        (VENDOR, None, 0),
        (number("CKA_LABEL"), label, 64),
        (number("CKA_LABEL"), short, len(LABEL) - 1),
        (number("CKA_PRIVATE_EXPONENT"), exponent, 256),
        (number("CKA_ID"), None, 7),
    )
    assert answer in ("CKR_ATTRIBUTE_TYPE_INVALID", "CKR_ATTRIBUTE_SENSITIVE", SMALL)
    assert lengths == [ULONG_LEN, UNAVAILABLE, len(LABEL), UNAVAILABLE, UNAVAILABLE, 1]
    assert module.remote.read(label, 64) == LABEL + bytes((UNTOUCHED,)) * (64 - len(LABEL))
    assert set(module.remote.read(short, len(LABEL) - 1) + module.remote.read(exponent, 256)) == {UNTOUCHED}


@pytest.mark.parametrize("name", ["CKA_CLASS", "CKA_LABEL", "CKA_MODULUS", "CKA_TOKEN"])
def test_attribute_without_enough_room(module: Module, name: str) -> None:
    row = (number(name), untouched(module, 0), 0)
    assert ask(module, "CKO_PUBLIC_KEY", row) == (SMALL, [UNAVAILABLE])


def test_empty_template(module: Module) -> None:
    session = module.login(AUTHENTICATION)
    handle = module.find(session, "CKO_CERTIFICATE")[0]
    module.must("C_GetAttributeValue", session, handle, module.template((0, None, 0)), 0)
