"""The form of PINs: nothing that cannot be right reaches the card."""

from __future__ import annotations

from pyjpki11.errors import PinHasInvalidCharacters, PinLengthOutOfRange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.card.layout import PinRule


def normalize(pin: bytearray, rule: PinRule) -> bytearray:
    """The PIN as the card wants it: letters in capitals.

    People type the signature password in small letters too; the card would count that as a wrong try.
    Card: reference 3.1

    :raises PinLengthOutOfRange: too short or too long, empty included.
    :raises PinHasInvalidCharacters: a character that such a PIN cannot have.
    """
    if not rule.min_len <= len(pin) <= rule.max_len:
        raise PinLengthOutOfRange(f"a PIN of {rule.min_len} to {rule.max_len} characters was expected")
    capitals = pin.upper()
    if not rule.alphabet.issuperset(capitals):
        wipe(capitals)
        raise PinHasInvalidCharacters("a PIN with other characters was expected")
    return capitals


def wipe(secret: bytearray) -> None:
    """Overwrite a secret in place."""
    secret[:] = bytes(len(secret))
