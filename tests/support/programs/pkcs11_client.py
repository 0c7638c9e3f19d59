"""A program that uses a PKCS#11 module through PyKCS11: pkcs11_client.py MODULE.

Sessions and objects are numbers here, attributes and PINs hexadecimal.
"""

from __future__ import annotations

import sys
from typing import Any

import PyKCS11  # type: ignore[import-untyped]
from serve import Refusal, serve

KINDS = {"CKA_CLASS": PyKCS11.CKO, "CKA_KEY_TYPE": PyKCS11.CKK, "CKA_CERTIFICATE_TYPE": PyKCS11.CKC}


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

    def close(self, session: int) -> None:
        self.sessions[session].closeSession()

    def close_all(self, slot: int) -> None:
        self.library.closeAllSessions(slot)

    def state(self, session: int) -> str:
        return self.sessions[session].getSessionInfo().state2text()

    def login(self, session: int, pin: str, user: str = "CKU_USER") -> None:
        self.sessions[session].login(bytes.fromhex(pin), getattr(PyKCS11, user))

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
