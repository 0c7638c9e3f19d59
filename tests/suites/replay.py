"""Calls of PKCS#11 from a table, through the function list of version 3.2, their answers compared with the table's.

A row of a table is (method, arguments, expected answer). A text `$name` stands for what an earlier row answered:
expecting `$name` keeps the answer under that name. Expecting a dictionary compares the fields it names; expecting a
function asks it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from module.numbers import ROWS, UNAVAILABLE, number
from module.remote import ULONG_LEN, Module

Row = tuple[str, tuple[Any, ...], Any]
VERSION_LEN = 2
INTERFACE_NAME = b"PKCS 11\0"
#: What the structures hold that functions fill: field, and how struct reads it. Spec: PKCS#11 v3.1 3.1, 3.2, 3.5
STRUCTURES = {
    "C_GetInfo": "version:2s manufacturer:32s flags:Q description:32s library:2s",
    "C_GetSlotInfo": "description:64s manufacturer:32s flags:Q hardware:2s firmware:2s",
    "C_GetTokenInfo": "label:32s manufacturer:32s model:16s serial:16s flags:Q max_sessions:Q sessions:Q max_rw:Q "
    "rw:Q max_pin:Q min_pin:Q total_public:Q free_public:Q total_private:Q free_private:Q hardware:2s firmware:2s "
    "time:16s",
    "C_GetMechanismInfo": "min:Q max:Q flags:Q",
}
ROOM = 512  # bytes for any of them
SIGNATURE_ROOM = 256


class InterfaceModule(Module):
    """The module, each function called by its pointer in the list of version 3.2."""

    def address(self, function: str) -> int:
        """Where the list points to; C_GetInterface itself is the exported one."""
        if function == "C_GetInterface":
            return super().address(function)
        if "list" not in self._addresses:
            self._addresses["list"] = self._list()
        index = [row.name for row in ROWS].index(function)
        return self.remote.read_ulong(self._addresses["list"] + ULONG_LEN * (1 + index))

    def _list(self) -> int:
        found = self.remote.ulong()
        self.must("C_GetInterface", INTERFACE_NAME, bytes((3, 2)), found, 0)
        list_address = self.remote.read_ulongs(self.remote.read_ulong(found), 3)[1]
        assert self.remote.read(list_address, VERSION_LEN) == bytes((3, 2))
        return list_address


class Replay:
    """One run of a table against one slot."""

    def __init__(self, module: Module, variables: Mapping[str, Any]) -> None:
        self._module = module
        self._remote = module.remote
        self._variables = dict(variables)

    def run(self, rows: Sequence[Row]) -> Mapping[str, Any]:
        """Do all calls; what was kept of their answers."""
        for method, arguments, expected in rows:
            answer = getattr(self, method)(*map(self._resolve, arguments))
            if isinstance(expected, str) and expected.startswith("$"):
                self._variables[expected] = answer
            else:
                self._compare((method, arguments), answer, self._resolve(expected))
        return self._variables

    def _resolve(self, value: Any) -> Any:
        return self._variables[value] if isinstance(value, str) and value.startswith("$") else value

    def _compare(self, call: Any, answer: Any, expected: Any) -> None:
        if isinstance(expected, dict):
            assert {name: answer[name] for name in expected} == expected, call
        elif callable(expected):
            assert expected(answer), (call, answer)
        else:
            assert answer == expected, call

    # -- the calls ------------------------------------------------------------------------------------------

    def call(self, function: str, *arguments: Any) -> None:
        """A function that gives nothing back."""
        self._module.must(function, *arguments)

    def info(self, function: str, *arguments: Any) -> dict[str, Any]:
        """The fields of the structure that a function fills."""
        address = self._remote.allocate(ROOM)
        self._module.must(function, *arguments, address)
        return _fields(self._remote.read(address, ROOM), STRUCTURES[function])

    def length(self, function: str, *arguments: Any) -> int:
        """The size query of a function that gives a list."""
        count = self._remote.ulong()
        self._module.must(function, *arguments, None, count)
        return self._remote.read_ulong(count)

    def numbers(self, function: str, length: int, *arguments: Any) -> list[int]:
        """The list that a function gives."""
        values, count = self._remote.allocate(length * ULONG_LEN), self._remote.ulong(length)
        self._module.must(function, *arguments, values, count)
        return list(self._remote.read_ulongs(values, self._remote.read_ulong(count)))

    def open_session(self, slot: int, *flags: str) -> int:
        """C_OpenSession."""
        handle = self._remote.ulong()
        self._module.must("C_OpenSession", slot, sum(map(number, flags)), None, None, handle)
        return self._remote.read_ulong(handle)

    def login(self, session: int, pin: bytes) -> None:
        """C_Login."""
        self._module.must("C_Login", session, number("CKU_USER"), pin, len(pin))

    def search_token_objects(self, session: int) -> None:
        """C_FindObjectsInit with CKA_TOKEN."""
        self._search(session, CKA_TOKEN=b"\1")

    def search_for(self, session: int, object_class: str, label: bytes) -> None:
        """C_FindObjectsInit for a token object of a class with a label."""
        self._search(session, CKA_TOKEN=b"\1", CKA_LABEL=label, CKA_CLASS=struct.pack("<Q", number(object_class)))

    def _search(self, session: int, **template: bytes) -> None:
        rows = [(number(name), value, len(value)) for name, value in template.items()]
        self._module.must("C_FindObjectsInit", session, self._module.template(*rows), len(rows))

    def found(self, session: int, limit: int) -> list[int]:
        """C_FindObjects."""
        handles, count = self._remote.allocate(limit * ULONG_LEN), self._remote.ulong()
        self._module.must("C_FindObjects", session, handles, limit, count)
        return list(self._remote.read_ulongs(handles, self._remote.read_ulong(count)))

    def one(self, session: int) -> int:
        """C_FindObjects with room for one, which there has to be."""
        (handle,) = self.found(session, 1)
        return handle

    def attribute_length(self, session: int, handle: int, name: str) -> int:
        """C_GetAttributeValue asked for a length."""
        query = self._module.template((number(name), None, 0))
        self._module.must("C_GetAttributeValue", session, handle, query, 1)
        length = self._remote.read_ulongs(query, 3)[2]
        assert length != UNAVAILABLE
        return length

    def attribute(self, session: int, handle: int, name: str, room: int) -> bytes:
        """C_GetAttributeValue with so much room."""
        value = self._remote.allocate(room)
        query = self._module.template((number(name), value, room))
        self._module.must("C_GetAttributeValue", session, handle, query, 1)
        return self._remote.read(value, self._remote.read_ulongs(query, 3)[2])

    def sign_init(self, session: int, mechanism: str, key: int) -> None:
        """C_SignInit."""
        self._module.must("C_SignInit", session, self._module.mechanism(mechanism), key)

    def sign(self, session: int, data: bytes) -> bytes:
        """C_Sign with room for the signature."""
        signature, length = self._remote.allocate(SIGNATURE_ROOM), self._remote.ulong(SIGNATURE_ROOM)
        self._module.must("C_Sign", session, data, len(data), signature, length)
        return self._remote.read(signature, self._remote.read_ulong(length))


def _fields(content: bytes, layout: str) -> dict[str, Any]:
    """The members of a structure, laid out as C does: numbers at multiples of their size."""
    fields: dict[str, Any] = {}
    at = 0
    for name, kind in (field.split(":") for field in layout.split()):
        at += -at % ULONG_LEN if kind == "Q" else 0
        (fields[name],) = struct.unpack_from(f"={kind}", content, at)
        at += struct.calcsize(f"={kind}")
    return fields
