"""Names of constants for people: logs and the command-line tool."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def name_of(family: ModuleType, value: int) -> str:
    """The standard's name of a number (`CKR_PIN_INCORRECT`), or the number in hex (`0x80000001`).

    It is of no use for `ckf`, whose numbers mean something only within a structure.
    """
    for name, number in vars(family).items():
        if number == value and name.isupper():
            prefix = family.__name__.rpartition(".")[2].upper()
            return f"{prefix}_{name}"
    return f"0x{value:08X}"
