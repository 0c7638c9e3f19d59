"""Which lines of `pyjpki11 apdu` may be kept: none in which a PIN could stand."""

from __future__ import annotations

import pytest

from pyjpki11.cli.card import apdu_lines
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.wording.annotation import SECRET_INS

KEPT = [
    "00A4040C0AD392F000260100000001",
    "00 b0 95 00 00",
    "00200098",
    "00 20 00 98 {auth}",
    "00CA004200",
    "8084000008",
]
MASKED = [
    "0020009804 31323334",
    "002000980431",
    "0c2000980431323334",
    "00 20 00 98 31 32 33 34",
    "00C2000009002000980431323334",
]
PINS = [
    "1234",
    "ABC123",
    "31 32 33 34",
    "ABCD1234EF",
    "00200098{1234}",
    "00200098 {auth} 31323334",
    "verify 00 20 00 98 04 31 32 33 34",
    "e 00 20 00 98 04 31 32 33 34",
    "PIN: 0020009804313 23334",
    "# before: 00 20 00 98 04 31 32 33 34",
    "0020009804313233",
    "002000980431323",
    "0x00 0x20 0x00 0x98 0x04 0x31",
    "00-24-01-80-04-31-32-33-34",
    "00A4040C00 0020009804 31323334",
    "00A4040C0 0 0 2 0 0 0 9 8 0 4 3 1",
]


@pytest.mark.parametrize("line", KEPT)
def test_commands_without_a_pin_are_kept(line: str) -> None:
    assert apdu_lines.kept(line) == line
    assert apdu_lines.was_kept(line)
    assert not apdu_lines.has_pin(line)


@pytest.mark.parametrize("line", MASKED)
def test_commands_with_a_pin_are_masked(line: str) -> None:
    entry = apdu_lines.kept(line)
    assert entry.endswith(" **") and len(entry) == len("00 20 00 98 **")
    assert apdu_lines.was_kept(entry) and not apdu_lines.was_kept(line)
    assert apdu_lines.has_pin(line)


@pytest.mark.parametrize("line", PINS)
def test_other_lines_in_which_a_pin_may_stand_are_not_kept(line: str) -> None:
    kept = apdu_lines.kept(line)
    assert kept == "" or kept.endswith("98 **")
    assert not apdu_lines.was_kept(line)


@pytest.mark.parametrize("ins", sorted(SECRET_INS))
@pytest.mark.parametrize("before", ["", "e", "verify ", "# ", "00A4040C00", "0", "x0y"])
def test_no_pin_gets_into_the_history_whatever_stands_before_it(ins: int, before: str) -> None:
    kept = apdu_lines.kept(f"{before}00{ins:02X}0098 04 37323931")
    assert "37" not in kept and "7291" not in kept


@pytest.mark.parametrize("line", ["help", "00 20 zz", "7291", "00200098{7291}", "00A40000{sign}", "0020009804 3732393"])
def test_an_error_does_not_repeat_the_line(line: str) -> None:
    with pytest.raises(ToolError) as caught:
        apdu_lines.parse(line)
    said = caught.value.message + caught.value.remedy
    assert line not in said and "7291" not in said and "3732" not in said
