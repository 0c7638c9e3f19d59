"""Programs on a card as tests use them: one with a PKCS#11 module, one with bare commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from support.conversation import Conversation, Refused
from support.pcsc_card import PcscCard

OPENSC = sorted(Path("/usr/lib").glob("**/opensc-pkcs11.so"))


class Key(NamedTuple):
    """One of the card's key pairs, and what OpenSC's driver calls it. Spec: OpenSC src/libopensc/pkcs15-jpki.c"""

    token: str
    pin: str
    id: str
    tries: int
    select_key: str
    select_pin: str


KEYS = {
    "authentication": Key("JPKI (User Authentication PIN)", "1234", "01", 3, "00A4020C020017", "00A4020C020018"),
    "signature": Key("JPKI (Digital Signature PIN)", "ABC123", "02", 5, "00A4020C02001A", "00A4020C02001B"),
}
SSH_KEY_LABEL = "User Authentication Public Key"  # what ssh-keygen writes behind the key
SELECT_JPKI = "00A4040C0AD392F000260100000001"
SELECT_OTHER = "00A4040C07A0000001510000"
SIGN = "802A008004DEADBEEF00"  # four bytes with the selected key
OK = "CKR_OK"


class Pkcs11Client(Conversation):
    """A program of its own that has loaded a module. PINs are text or bytes, data and attributes bytes."""

    def __init__(self, module: Path, env: Mapping[str, str | None] | None = None) -> None:
        super().__init__("pkcs11_client", module, env=env)
        self.ask("initialize")

    def rv(self, operation: str, *arguments: Any) -> str:
        """The CKR_ name that an operation ends with."""
        try:
            getattr(self, operation, lambda *more: self.ask(operation, *more))(*arguments)
        except Refused as refusal:
            return refusal.name
        return OK

    def slots(self, token_present: bool = True) -> list[int]:
        """Slot ids."""
        return list(self.ask("slots", token_present))

    def slot(self, key: str) -> int:
        """The first slot with a key's token."""
        found = [slot for slot in self.slots() if self.token(slot)["label"] == KEYS[key].token]
        assert found, f"no slot has the token {KEYS[key].token}"
        return found[0]

    def token(self, slot: int) -> dict[str, Any]:
        """What the module says of a token."""
        return dict(self.ask("token_info", slot))

    def flags(self, key: str) -> set[str]:
        """The token flags of a key's slot."""
        return set(self.token(self.slot(key))["flags"])

    def open(self, key: str) -> int:
        """A new session with a key's token."""
        return int(self.ask("open", self.slot(key)))

    def login(self, session: int, pin: str | bytes, user: str = "CKU_USER") -> None:
        """Log in with any bytes for a PIN."""
        self.ask("login", session, (pin.encode() if isinstance(pin, str) else pin).hex(), user)

    def logged_in(self, key: str) -> int:
        """A new session, logged in."""
        session = self.open(key)
        self.login(session, KEYS[key].pin)
        return session

    def private_key(self, session: int) -> int:
        """The handle of the only private key."""
        (handle,) = self.ask("find", session, "CKO_PRIVATE_KEY")
        return int(handle)

    def sign(self, session: int, data: bytes, mechanism: str = "CKM_SHA256_RSA_PKCS", key: int | None = None) -> bytes:
        """A signature with the session's private key, or with a handle found before."""
        handle = self.private_key(session) if key is None else key
        return bytes.fromhex(self.ask("sign", session, handle, mechanism, data.hex()))

    def sign_with_consent(self, session: int, data: bytes, key: int, pin: str = "") -> bytes:
        """A signature with the signature key, for which its password is presented."""
        password = (pin or KEYS["signature"].pin).encode()
        how = "CKM_SHA256_RSA_PKCS", data.hex(), password.hex()
        return bytes.fromhex(self.ask("sign_with_consent", session, key, *how))

    def certificate(self, session: int) -> bytes:
        """The first certificate, DER: that of the key."""
        handle = self.ask("find", session, "CKO_CERTIFICATE")[0]
        return bytes.fromhex(self.ask("attributes", session, handle, ["CKA_VALUE"])["CKA_VALUE"])

    def objects(self, session: int, names: list[str]) -> list[dict[str, str | None]]:
        """Attributes of all objects, in hexadecimal; None for those an object has not."""
        return [self.ask("attributes", session, handle, names) for handle in self.ask("find", session)]


class RawClient(Conversation):
    """A program of its own that sends bare commands; connected from the start, shared or alone."""

    def __init__(self, reader: str, alone: bool = False) -> None:
        super().__init__("pcsc_client", reader)
        self.ask("connect", alone)

    def status(self, *commands: str) -> str:
        """The status word of the last of some commands, of which those before succeed."""
        for command in commands[:-1]:
            assert self.ask("transmit", command) == "9000", command
        return str(self.ask("transmit", commands[-1])[-4:])

    def signing_status(self, key: str) -> str:
        """What the card says to a signature that this program asks for, without a PIN."""
        return self.status(SELECT_JPKI, KEYS[key].select_key, SIGN)


NewClient = Callable[..., Pkcs11Client]
NewRaw = Callable[..., RawClient]


def verifications(card: PcscCard) -> list[tuple[str, str]]:
    """Every PIN presented to the card: the file it is for, and the answer. Queries of the tries are none."""
    selected, found = "", []
    for command, answer in card.apdus():
        if command.startswith("00A4020C"):
            selected = command[-4:]
        if command.startswith("0020") and len(command) > len("00200080"):
            short = int(command[6:8], 16) & 0x1F
            found.append((f"{short:04X}" if short else selected, answer))
    return found


def signatures(card: PcscCard) -> int:
    """How many signatures the card made."""
    return sum(command.startswith("802A") and answer.endswith("9000") for command, answer in card.apdus())
