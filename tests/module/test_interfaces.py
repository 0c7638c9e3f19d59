"""C_GetFunctionList, C_GetInterfaceList, C_GetInterface: what clients start from. Spec: PKCS#11 v3.1 5.4"""

from __future__ import annotations

import struct

import pytest
from module.numbers import ROWS, UNAVAILABLE, listed_functions
from module.remote import Module

NAME = b"PKCS 11\0"
VERSIONS = [(3, 2), (3, 0), (2, 40)]  # newest first
COUNT = len(VERSIONS)
INTERFACE_LEN = 24
UNTOUCHED = 0x5A5A_5A5A_5A5A_5A5A
FORK_SAFE = 1  # CKF_INTERFACE_FORK_SAFE
FUNCTIONS = {
    (2, 40): [row.name for row in ROWS if row.version == "2_40"],
    (3, 0): [row.name for row in ROWS if row.version != "3_2"],
    (3, 2): [row.name for row in ROWS],
}


def version_of(module: Module, function_list: int) -> tuple[int, int]:
    """What a function list says it is."""
    major, minor = module.remote.read(function_list, 2)
    return major, minor


def get_interface(module: Module, name: bytes | None, version: tuple[int, int] | None, flags: int) -> tuple[str, int]:
    """C_GetInterface's answer, and the pointer afterwards."""
    output = module.remote.ulong(UNTOUCHED)
    wish = bytes(version) if version else None
    return module.call("C_GetInterface", name, wish, output, flags), module.remote.read_ulong(output)


def interfaces(module: Module, room: int) -> tuple[str, int, list[tuple[int, int, int]]]:
    """C_GetInterfaceList's answer, count, and interfaces with that much room."""
    output = module.remote.allocate(bytes((0x5A,)) * INTERFACE_LEN * room)
    count = module.remote.ulong(room)
    answer = module.call("C_GetInterfaceList", output, count)
    found = struct.iter_unpack("<3Q", module.remote.read(output, INTERFACE_LEN * room))
    return answer, module.remote.read_ulong(count), [(a, b, c) for a, b, c in found]


@pytest.mark.parametrize("version", VERSIONS)
def test_interface_of_a_version(loaded: Module, version: tuple[int, int]) -> None:
    answer, interface = get_interface(loaded, NAME, version, 0)
    assert answer == "CKR_OK"
    name, functions, flags = loaded.remote.read_ulongs(interface, 3)
    assert loaded.remote.read(name, len(NAME)) == NAME
    assert (version_of(loaded, functions), flags) == (version, 0)
    names = FUNCTIONS[version]
    pointers = loaded.remote.read_ulongs(functions + 8, len(names))
    assert list(pointers) == [loaded.address(one) for one in names]


@pytest.mark.parametrize("name", [None, NAME])
def test_interface_without_a_version_is_the_newest(loaded: Module, name: bytes | None) -> None:
    answer, interface = get_interface(loaded, name, None, 0)
    assert answer == "CKR_OK"
    assert version_of(loaded, loaded.remote.read_ulongs(interface, 2)[1]) == VERSIONS[0]


@pytest.mark.parametrize(
    ("name", "version", "flags"),
    [
        (b"Vendor NSS FIPS Interface\0", None, 0),
        (b"\0", None, 0),
        (b"PKCS 1\0", None, 0),
        (b"PKCS 11 \0", None, 0),
        (b"pkcs 11\0", None, 0),
        (NAME, (3, 1), 0),
        (NAME, (2, 20), 0),
        (NAME, (0, 0), 0),
        (NAME, (255, 255), 0),
        (NAME, None, FORK_SAFE),
        (None, None, FORK_SAFE),
        (NAME, (3, 0), 1 << 63),
        (None, None, UNAVAILABLE),
    ],
)
def test_interface_that_there_is_not(
    loaded: Module, name: bytes | None, version: tuple[int, int] | None, flags: int
) -> None:
    assert get_interface(loaded, name, version, flags) == ("CKR_ARGUMENTS_BAD", UNTOUCHED)


def test_interface_list(loaded: Module) -> None:
    answer, count, found = interfaces(loaded, COUNT)
    assert (answer, count) == ("CKR_OK", COUNT)
    assert [version_of(loaded, functions) for _, functions, _ in found] == VERSIONS
    assert {loaded.remote.read(name, len(NAME)) for name, _, _ in found} == {NAME}
    assert {flags for _, _, flags in found} == {0}


def test_interface_list_with_room_to_spare(loaded: Module) -> None:
    answer, count, found = interfaces(loaded, COUNT + 2)
    assert (answer, count) == ("CKR_OK", COUNT)
    assert found[COUNT:] == [(UNTOUCHED,) * 3] * 2


@pytest.mark.parametrize("room", range(COUNT))
def test_interface_list_without_enough_room(loaded: Module, room: int) -> None:
    assert interfaces(loaded, room) == ("CKR_BUFFER_TOO_SMALL", COUNT, [(UNTOUCHED,) * 3] * room)


@pytest.mark.parametrize("room", [0, 1, UNAVAILABLE])
def test_interface_list_size_query(loaded: Module, room: int) -> None:
    count = loaded.remote.ulong(room)
    loaded.must("C_GetInterfaceList", None, count)
    assert loaded.remote.read_ulong(count) == COUNT


def test_null_pointers(loaded: Module) -> None:
    output = loaded.remote.allocate(INTERFACE_LEN * COUNT)
    assert loaded.call("C_GetFunctionList", None) == "CKR_ARGUMENTS_BAD"
    assert loaded.call("C_GetInterfaceList", output, None) == "CKR_ARGUMENTS_BAD"
    assert loaded.call("C_GetInterfaceList", None, None) == "CKR_ARGUMENTS_BAD"
    assert loaded.call("C_GetInterface", NAME, None, None, 0) == "CKR_ARGUMENTS_BAD"


def test_two_askers_share_one_list(loaded: Module) -> None:
    """The lists are the library's own: a caller keeps the pointer."""
    first, second = loaded.remote.ulong(), loaded.remote.ulong()
    loaded.must("C_GetFunctionList", first)
    loaded.must("C_GetFunctionList", second)
    assert loaded.remote.read_ulong(first) == loaded.remote.read_ulong(second)


def test_lists_hold_all_functions() -> None:
    assert {version: len(names) for version, names in FUNCTIONS.items()} == {(2, 40): 68, (3, 0): 92, (3, 2): 104}
    assert FUNCTIONS[2, 40] == listed_functions()


def test_works_before_and_after_initialize(module: Module) -> None:
    assert get_interface(module, NAME, (3, 0), 0)[0] == "CKR_OK"
    module.must("C_Finalize", None)
    assert get_interface(module, NAME, (3, 0), 0)[0] == "CKR_OK"
