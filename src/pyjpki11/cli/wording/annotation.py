"""Commands to the card in words: which application, which file, what for."""

from __future__ import annotations

from collections.abc import Callable

from pyjpki11.card.application import BY_DF_NAME, BY_EF_ID
from pyjpki11.card.jpki import SIGN_PSS, SIGN_V15
from pyjpki11.cli.language import N_, _, ngettext
from pyjpki11.cli.wording.card_names import APPLICATIONS, FILES
from pyjpki11.iso7816 import apdu, status

HEADER_LEN = 4  # CLA INS P1 P2
DATA_OFFSET = 5  # behind Lc
UNKNOWN = N_("unknown")
UNKNOWN_STATUS = N_("undefined")

#: Commands whose data is a PIN, or may have one in it: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, their other
#: codings, CHANGE KEY, ENVELOPE. Spec: ISO/IEC 7816-4:2020 11.5, 11.9; Card: notes 1.4
SECRET_INS = frozenset((0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D, 0x32, 0xC2, 0xC3))

#: Names of further commands that people send. Spec: ISO/IEC 7816-4:2020 table 5
NAMES = {
    **apdu.NAMES,
    0x22: "MANAGE SECURITY ENVIRONMENT",
    0x2C: "RESET RETRY COUNTER",
    0x32: "CHANGE KEY",
    0x84: "GET CHALLENGE",
    0x88: "INTERNAL AUTHENTICATE",
    0xB2: "READ RECORD",
    0xCA: "GET DATA",
    0xD6: "UPDATE BINARY",
}


def has_secret(command: bytes | bytearray) -> bool:
    """Whether a command carries a PIN, be it without its length."""
    return len(command) > HEADER_LEN and command[1] in SECRET_INS


def hex_of(data: bytes | bytearray) -> str:
    """Bytes as people write them."""
    return data.hex(" ").upper()


def masked(command: bytes | bytearray) -> str:
    """A command in hex; what follows the header of a PIN command is `**`, its length included."""
    return f"{hex_of(command[:HEADER_LEN])} **" if has_secret(command) else hex_of(command)


def status_word(sw: int) -> str:
    """A status word with its meaning in the user's language."""
    tries = sw & 0x000F
    if sw & 0xFFF0 == status.COUNTER:
        meaning = ngettext("{count} try left", "{count} tries left", tries)
    else:
        meaning = _(status.MEANINGS.get(sw) or status.FAMILIES.get(sw >> 8, UNKNOWN_STATUS))
    return f"{sw:04X} {meaning}"


class Annotator:
    """Says what commands mean; it follows which application and file are selected."""

    def __init__(self) -> None:
        self._aid = b""
        self._ef: int | None = None

    def describe(self, command: bytes | bytearray) -> str:
        """A command in words."""
        if len(command) < HEADER_LEN:
            return _("not a command: shorter than four bytes")
        name = NAMES.get(command[1], f"INS {command[1]:02X}")
        details = DETAILS.get(command[1])
        return f"{name}: {details(self, command)}" if details else name

    def accept(self, command: bytes | bytearray) -> None:
        """The command succeeded, so what it selects is now selected."""
        if len(command) < HEADER_LEN:
            return
        if command[1] == apdu.SELECT and command[2] == BY_DF_NAME:
            self._aid, self._ef = bytes(command[DATA_OFFSET : DATA_OFFSET + command[4]]), None
        elif command[1] == apdu.SELECT and command[2] == BY_EF_ID:
            self._ef = int.from_bytes(command[DATA_OFFSET : DATA_OFFSET + 2], "big")
        elif command[1] in REFERENCES and command[REFERENCES[command[1]]] & 0x9F > 0x80:
            self._ef = command[REFERENCES[command[1]]] & 0x1F

    def _file(self, ef: int | None) -> str:
        if ef is None:
            return _("no file")
        return _("EF {number} ({name})", number=f"{ef:04X}", name=_(FILES.get((self._aid, ef), UNKNOWN)))

    def _target(self, reference: int) -> str:
        """The file of a reference byte: a short identifier, or what is selected."""
        return self._file(reference & 0x1F if reference & 0x1F else self._ef)

    def _select(self, command: bytes | bytearray) -> str:
        data = bytes(command[DATA_OFFSET : DATA_OFFSET + command[4]]) if len(command) > DATA_OFFSET else b""
        if command[2] == BY_DF_NAME:
            return _("application {name}", name=_(APPLICATIONS.get(data, UNKNOWN)))
        if command[2] == BY_EF_ID and len(data) == 2:
            return self._file(int.from_bytes(data, "big"))
        return _("something else")

    def _read(self, command: bytes | bytearray) -> str:
        is_short = command[2] & 0x80
        offset = command[3] if is_short else command[2] << 8 | command[3]
        file = self._target(command[2]) if is_short else self._file(self._ef)
        wanted = (command[4] or apdu.MAX_RESPONSE_LEN) if len(command) > 4 else 0
        return ngettext(
            "{file}, {count} byte from {place}", "{file}, {count} bytes from {place}", wanted, file=file, place=offset
        )

    def _verify(self, command: bytes | bytearray) -> str:
        file = self._target(command[3])
        if len(command) == HEADER_LEN:
            return _("query the tries left of {file}", file=file)
        return _("verify {file}", file=file)

    def _change(self, command: bytes | bytearray) -> str:
        return _("replace {file}", file=self._target(command[3]))

    def _sign(self, command: bytes | bytearray) -> str:
        modes = {SIGN_V15: "RSASSA-PKCS1-v1_5", SIGN_PSS: "RSASSA-PSS"}
        mode = modes.get(command[2], f"P1 {command[2]:02X}")
        return _("sign with {file}, {mode}", file=self._target(command[3]), mode=mode)


#: INS -> how its details are said.
DETAILS: dict[int, Callable[[Annotator, bytes | bytearray], str]] = {
    apdu.SELECT: Annotator._select,
    apdu.READ_BINARY: Annotator._read,
    apdu.VERIFY: Annotator._verify,
    apdu.CHANGE_REFERENCE_DATA: Annotator._change,
    apdu.PERFORM_SECURITY_OPERATION: Annotator._sign,
}
#: INS -> place of the byte that may name a file by its short identifier, which selects it. Card: notes 1.2
REFERENCES = {apdu.READ_BINARY: 2, apdu.VERIFY: 3, apdu.CHANGE_REFERENCE_DATA: 3, apdu.PERFORM_SECURITY_OPERATION: 3}
