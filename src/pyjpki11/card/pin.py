"""The form of PINs: nothing that cannot be right reaches the card."""

from __future__ import annotations

from pyjpki11.errors import PinHasInvalidCharacters, PinLengthOutOfRange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.card.layout import PinRule


#: What can be wrong with the form of a PIN.
EMPTY, TOO_SHORT, TOO_LONG = "empty", "too-short", "too-long"
CONTROL, BLANK_AT_END, BLANK = "control-character", "blank-at-end", "blank"
NOT_ASCII, LETTER, SYMBOL = "not-ascii", "letter", "symbol"

#: Characters that a PIN may have by mistake -> what is said of them; the first row that fits is taken.
_MISTAKES = (
    (frozenset((*range(0x20), 0x7F)), CONTROL),
    (frozenset(b" "), BLANK),
    (frozenset(range(0x80, 0x100)), NOT_ASCII),
    (frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"), LETTER),
    (frozenset(range(0x100)), SYMBOL),
)


def normalize(pin: bytearray, rule: PinRule) -> bytearray:
    """The PIN as the card wants it: letters in capitals.

    People type the signature password in small letters too; the card would count that as a wrong try.
    Card: notes 3.1

    :raises PinLengthOutOfRange: too short or too long, empty included.
    :raises PinHasInvalidCharacters: a character that such a PIN cannot have.
    """
    capitals = pin.upper()
    mistake = _mistake(capitals, rule)
    if rule.min_len <= len(pin) <= rule.max_len and not mistake:
        return capitals
    wipe(capitals)
    if not rule.min_len <= len(pin) <= rule.max_len:
        raise PinLengthOutOfRange(mistake or _wrong_length(len(pin), rule))
    raise PinHasInvalidCharacters(mistake)


def _mistake(capitals: bytearray, rule: PinRule) -> str:
    """What is wrong with the characters; empty when each of them is one that such a PIN may have."""
    if rule.alphabet.issuperset(capitals):
        return ""
    foreign = frozenset(capitals) - rule.alphabet
    fault = next(fault for characters, fault in _MISTAKES if characters & foreign)
    return BLANK_AT_END if fault == BLANK and capitals.endswith(b" ") else fault


def _wrong_length(length: int, rule: PinRule) -> str:
    if not length:
        return EMPTY
    return TOO_SHORT if length < rule.min_len else TOO_LONG


def wipe(secret: bytearray) -> None:
    """Overwrite a secret in place."""
    secret[:] = bytes(len(secret))
