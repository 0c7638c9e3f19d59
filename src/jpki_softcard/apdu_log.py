"""The text form of an exchange, PINs masked."""

import os
import stat

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
        """Open for appending, mode 0600; OptionError when that fails, or it is not a regular file of the user's own."""
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _CAREFULLY, 0o600)
        except OSError as error:
            raise OptionError(f"{path}: {error.strerror}") from error
        if not _is_own(os.fstat(self._descriptor)):
            self.close()
            raise OptionError(f"{path}: it is not a regular file of yours")

    def write(self, line: str) -> None:
        """Append one line at once."""
        os.write(self._descriptor, line.encode() + b"\n")

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def _is_own(status: os.stat_result) -> bool:
    user = getattr(os, "geteuid", lambda: status.st_uid)  # Windows has none
    return stat.S_ISREG(status.st_mode) and status.st_uid == user()


#: Do not follow links or wait for the other end of a FIFO; Windows has neither.
_CAREFULLY: int = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"))
