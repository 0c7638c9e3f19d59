"""Command APDUs as the card reads them from the wire."""

from typing import NamedTuple

from .errors import Refusal
from .status import SW


class Command(NamedTuple):
    """One well-formed command APDU.

    `data` is None without Lc; `le` is None without Le, else the number of bytes asked for
    (a coded zero is 256, or 65536 in the extended form).
    Spec: ISO/IEC 7816-4:2020 5.2
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes | None = None
    le: int | None = None
    extended: bool = False

    @property
    def p1p2(self) -> int:
        """P1 and P2 as one big-endian number."""
        return self.p1 << 8 | self.p2


def parse(raw: bytes) -> Command:
    """Read a command APDU; Refusal 6700 when its length agrees with none of the ISO cases."""
    if len(raw) < 4:
        raise Refusal(SW.WRONG_LENGTH)
    cla, ins, p1, p2 = raw[:4]
    body = raw[4:]
    extended = len(body) >= 3 and body[0] == 0
    data, le = _lengths(body[1:], size=2) if extended else _lengths(body, size=1)
    return Command(cla, ins, p1, p2, data, le, extended)


def _lengths(body: bytes, size: int) -> tuple[bytes | None, int | None]:
    """Split Lc, data, Le, where Lc and Le are `size` bytes long."""
    if not body:
        return None, None
    number = int.from_bytes(body[:size], "big")
    if len(body) == size:
        return None, _expected(number, size)
    data, rest = body[size : size + number], body[size + number :]
    if number == 0 or len(data) != number or len(rest) not in (0, size):
        raise Refusal(SW.WRONG_LENGTH)
    return data, _expected(int.from_bytes(rest, "big"), size) if rest else None


def _expected(number: int, size: int) -> int:
    return number or 1 << 8 * size
