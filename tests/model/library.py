"""The module as a C program in this process calls it."""

from __future__ import annotations

import ctypes
from pathlib import Path

from pyjpki11.cryptoki import cka, ckf, ckg, ckm, ckr, names

ULONG = ctypes.c_ulong
Argument = int | bytes | None | object
PSS_SALT_LEN = 32
INFO_LEN = 512  # bytes, more than any CK_..._INFO
TOKEN_FLAGS_AT, TOKEN_COUNTS_AT = 96, 104  # in CK_TOKEN_INFO


class Attribute(ctypes.Structure):
    """CK_ATTRIBUTE."""

    _fields_ = (("type", ULONG), ("value", ctypes.c_char_p), ("length", ULONG))


class Mechanism(ctypes.Structure):
    """CK_MECHANISM."""

    _fields_ = (("number", ULONG), ("parameter", ctypes.c_void_p), ("length", ULONG))


class Output:
    """A place for a result: `room` bytes, or NULL for None, with the length that the module is told."""

    def __init__(self, room: int | None) -> None:
        self.buffer = None if room is None else ctypes.create_string_buffer(max(room, 1))
        self.length = ULONG(room or 0)

    @property
    def content(self) -> bytes:
        """What the module wrote."""
        assert self.buffer is not None
        return self.buffer.raw[: self.length.value]


def mechanism(number: int, parameter: bytes = b"") -> Mechanism:
    """A CK_MECHANISM, which keeps its parameter alive."""
    made = Mechanism(number, None, len(parameter))
    if parameter:
        kept = ctypes.create_string_buffer(parameter, len(parameter))
        made.parameter = ctypes.addressof(kept)
        made.kept = kept
    return made


def pss(salt_len: int = PSS_SALT_LEN) -> bytes:
    """CK_RSA_PKCS_PSS_PARAMS for SHA-256."""
    return bytes((ULONG * 3)(ckm.SHA256, ckg.MGF1_SHA256, salt_len))


def ulong(value: int) -> bytes:
    """A CK_ULONG in memory."""
    return bytes(ULONG(value))


def template(rows: list[tuple[int, bytes]]) -> ctypes.Array[Attribute]:
    """An array of CK_ATTRIBUTE."""
    return (Attribute * len(rows))(*(Attribute(kind, value, len(value)) for kind, value in rows))


class Library:
    """libpyjpki11.so; every method's first result is the CKR_ name without its prefix."""

    def __init__(self, path: Path) -> None:
        self._functions = ctypes.CDLL(str(path))

    def call(self, function: str, *arguments: Argument) -> str:
        """Call any function; numbers go as CK_ULONG, an Output as two arguments."""
        entry = getattr(self._functions, function)
        entry.restype = ULONG
        passed: list[object] = []
        for argument in arguments:
            if isinstance(argument, Output):
                passed += (argument.buffer, ctypes.byref(argument.length))
            elif isinstance(argument, ctypes.Structure):
                passed.append(ctypes.byref(argument))
            else:
                passed.append(ULONG(argument) if isinstance(argument, int) else argument)
        return names.name_of(ckr, entry(*passed)).removeprefix("CKR_")

    def number(self, function: str, *arguments: Argument) -> tuple[str, int]:
        """Call a function whose last argument is where a CK_ULONG is written."""
        written = ULONG()
        return self.call(function, *arguments, ctypes.byref(written)), written.value

    def open_session(self, slot: int, flags: int) -> tuple[str, int]:
        """C_OpenSession."""
        return self.number("C_OpenSession", slot, flags, None, None)

    def session_info(self, session: int) -> tuple[str, tuple[int, ...]]:
        """C_GetSessionInfo: slot, state, flags."""
        info = (ULONG * 4)()
        return self.call("C_GetSessionInfo", session, info), tuple(info[:3])

    def token_info(self, slot: int) -> tuple[str, tuple[int, int, int]]:
        """C_GetTokenInfo: PIN flags, sessions, read-write sessions."""
        info = ctypes.create_string_buffer(INFO_LEN)
        rv = self.call("C_GetTokenInfo", slot, info)
        flags = ULONG.from_buffer(info, TOKEN_FLAGS_AT).value
        counts = (ULONG * 4).from_buffer(info, TOKEN_COUNTS_AT)
        pin_flags = ckf.USER_PIN_COUNT_LOW | ckf.USER_PIN_FINAL_TRY | ckf.USER_PIN_LOCKED
        return rv, (flags & pin_flags, counts[1], counts[3])

    def slots(self, token_present: bool) -> tuple[str, list[int]]:
        """C_GetSlotList."""
        slots, count = (ULONG * 8)(), ULONG(8)
        rv = self.call("C_GetSlotList", int(token_present), slots, ctypes.byref(count))
        return rv, list(slots[: count.value])

    def find_init(self, session: int, rows: list[tuple[int, bytes]]) -> str:
        """C_FindObjectsInit."""
        return self.call("C_FindObjectsInit", session, template(rows), len(rows))

    def find(self, session: int, limit: int) -> tuple[str, list[int]]:
        """C_FindObjects."""
        handles = (ULONG * max(limit, 1))()
        rv, count = self.number("C_FindObjects", session, handles, limit)
        return rv, list(handles[:count])

    def label(self, session: int, handle: int) -> tuple[str, bytes]:
        """C_GetAttributeValue of the label: its class as one hex digit, a colon, and the text."""
        kind, text = ctypes.create_string_buffer(8), ctypes.create_string_buffer(64)
        rows = (Attribute * 2)(
            Attribute(cka.CLASS, ctypes.cast(kind, ctypes.c_char_p), 8),
            Attribute(cka.LABEL, ctypes.cast(text, ctypes.c_char_p), 64),
        )
        rv = self.call("C_GetAttributeValue", session, handle, rows, 2)
        return rv, b"%x:%s" % (ULONG.from_buffer(kind).value, text.raw[: rows[1].length] if rv == "OK" else b"")

    def create(self, session: int, rows: list[tuple[int, bytes]]) -> tuple[str, int]:
        """C_CreateObject."""
        return self.number("C_CreateObject", session, template(rows), len(rows))
