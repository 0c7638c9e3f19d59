"""The text form of an exchange, PINs masked."""

import os

from .errors import OptionError

INS_OFFSET = 1
DATA_OFFSET = 5  # after CLA INS P1 P2 Lc
# VERIFY, CHANGE, the registry applications' CHANGE KEY; their other codings as well. ISO/IEC 7816-4:2020 11.5
SECRET_INS = frozenset((0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D, 0x32))


def command_line(command: bytes) -> str:
    """`> ` with the command in hex; the data of PIN commands is `**`, whatever their length."""
    secret = len(command) > DATA_OFFSET and command[INS_OFFSET] in SECRET_INS
    shown = command[:DATA_OFFSET] if secret else command
    return f"> {shown.hex().upper()}{'**' if secret else ''}"


def response_line(response: bytes) -> str:
    """`< ` with the response in hex, status word last."""
    return f"< {response.hex().upper()}"


class ApduLog:
    """A file that grows by whole lines; several processes may share it."""

    def __init__(self, path: str) -> None:
        """Open for appending, mode 0600; OptionError when that fails."""
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _CLOEXEC, 0o600)
        except OSError as error:
            raise OptionError(f"{path}: {error.strerror}") from error

    def write(self, line: str) -> None:
        """Append one line at once."""
        os.write(self._descriptor, line.encode() + b"\n")

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


_CLOEXEC: int = getattr(os, "O_CLOEXEC", 0)  # Windows has none
