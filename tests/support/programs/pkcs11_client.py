"""A program that uses a PKCS#11 module through PyKCS11: pkcs11_client MODULE.

Sessions and objects are numbers here, attributes and PINs hexadecimal.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import PyKCS11  # type: ignore[import-untyped]
from support.programs.serve import Refusal, serve


class Client:
    """One program with one module loaded."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.library = PyKCS11.PyKCS11Lib()
        self.sessions: dict[int, Any] = {}

    def initialize(self) -> None:
        self.library.load(self.path)

    def finalize(self) -> None:
        self.sessions.clear()
        self.library.unload()

    def slots(self, token_present: bool) -> list[int]:
        return list(self.library.getSlotList(token_present))

    def slot_info(self, slot: int) -> dict[str, Any]:
        info = self.library.getSlotInfo(slot)
        return {"description": info.slotDescription.strip(), "flags": info.flags2text()}

    def token_info(self, slot: int) -> dict[str, Any]:
        info = self.library.getTokenInfo(slot)
        texts = {name: getattr(info, name).strip() for name in ("label", "manufacturerID", "model", "serialNumber")}
        return texts | {"flags": info.flags2text(), "pin": [info.ulMinPinLen, info.ulMaxPinLen]}

    def mechanisms(self, slot: int) -> list[str]:
        return list(self.library.getMechanismList(slot))

    def open(self, slot: int) -> int:
        session = self.library.openSession(slot, PyKCS11.CKF_RW_SESSION)
        number: int = session.session.value()
        self.sessions[number] = session
        return number

    def close_session(self, session: int) -> None:
        self.sessions[session].closeSession()

    def close_all(self, slot: int) -> None:
        self.library.closeAllSessions(slot)

    def state(self, session: int) -> str:
        return str(self.sessions[session].getSessionInfo().state2text())

    def login(self, session: int, pin: str, user: str = "CKU_USER") -> None:
        self.sessions[session].login(bytes.fromhex(pin), getattr(PyKCS11, user))

    def login_at(self, session: int, has_pointer: bool) -> None:
        """With a PIN of no bytes, for which PyKCS11 would pass no pointer."""
        pointer = ctypes.create_string_buffer(1) if has_pointer else None
        check(ctypes.CDLL(self.path).C_Login(ctypes.c_ulong(session), ctypes.c_ulong(PyKCS11.CKU_USER), pointer, 0))

    def logout(self, session: int) -> None:
        self.sessions[session].logout()

    def find(self, session: int, object_class: str | None = None) -> list[int]:
        template = [] if object_class is None else [(PyKCS11.CKA_CLASS, getattr(PyKCS11, object_class))]
        return [handle.value() for handle in self.sessions[session].findObjects(template)]

    def attributes(self, session: int, handle: int, names: list[str]) -> dict[str, str | None]:
        numbers = [getattr(PyKCS11, name) for name in names]
        values = self.sessions[session].getAttributeValue_fragmented(_object(handle), numbers, allAsBinary=True)
        return {name: None if value is None else bytes(value).hex() for name, value in zip(names, values, strict=True)}

    def sign(self, session: int, handle: int, mechanism: str, data: str) -> str:
        how = PyKCS11.Mechanism(getattr(PyKCS11, mechanism))
        return bytes(self.sessions[session].sign(_object(handle), bytes.fromhex(data), how)).hex()

    def sign_with_consent(self, session: int, handle: int, mechanism: str, data: str, pin: str) -> str:
        """The PIN is presented between C_SignInit and C_Sign, for this signature only."""
        low, opened = self.library.lib, self.sessions[session]
        how = PyKCS11.Mechanism(getattr(PyKCS11, mechanism)).to_native()
        check(low.C_SignInit(opened.session, how, _object(handle)))
        opened.login(bytes.fromhex(pin), PyKCS11.CKU_CONTEXT_SPECIFIC)
        source, signature = PyKCS11.ckbytelist(bytes.fromhex(data)), PyKCS11.ckbytelist()
        for _ in range(2):  # the first call asks for the length
            check(low.C_Sign(opened.session, source, signature))
        return bytes(signature).hex()


def check(rv: int) -> None:
    """Raise unless a function's answer is CKR_OK."""
    if rv != PyKCS11.CKR_OK:
        raise PyKCS11.PyKCS11Error(rv)


def _object(handle: int) -> Any:
    made = PyKCS11.LowLevel.CK_OBJECT_HANDLE()
    made.assign(handle)
    return made


def _named(method: Any) -> Any:
    def call(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except PyKCS11.PyKCS11Error as error:
            raise Refusal(PyKCS11.CKR.get(error.value, hex(error.value))) from error

    return call


def main() -> None:
    """Serve until the input ends, then finalize as a well-behaved program does."""
    client = Client(sys.argv[1])
    names = [name for name in vars(Client) if not name.startswith("_")]
    serve({name: _named(getattr(client, name)) for name in names})
    client.finalize()


main()
