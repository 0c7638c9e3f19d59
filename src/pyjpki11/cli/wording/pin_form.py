"""The form of PINs in words, and what people type that means the same."""

from __future__ import annotations

import codecs
import unicodedata

from pyjpki11.card import pin
from pyjpki11.card.layout import DIGITS, PinRule
from pyjpki11.card.pin import wipe
from pyjpki11.cli.language import N_, _, ngettext
from pyjpki11.errors import PinFormError

#: What is wrong with a form, in words.
FAULTS = {
    pin.EMPTY: N_("No PIN was given."),
    pin.TOO_SHORT: N_("The PIN is too short."),
    pin.TOO_LONG: N_("The PIN is too long."),
    pin.CONTROL: N_("The PIN contains control characters, such as those that the arrow keys produce."),
    pin.BLANK_AT_END: N_("The PIN ends with a space."),
    pin.BLANK: N_("The PIN contains a space."),
    pin.NOT_ASCII: N_(
        "The PIN contains characters other than the letters A to Z and digits. Switch Japanese input off."
    ),
    pin.LETTER: N_("The PIN contains letters, but consists of digits only."),
    pin.SYMBOL: N_("The PIN contains characters other than letters and digits."),
}
#: What is said in addition, where a card could have been asked.
NOT_SENT = N_("It was not sent to the card, and no try was used.")


def in_words(rule: PinRule) -> str:
    """The form of a PIN."""
    if rule.alphabet == DIGITS:
        return ngettext("{count} digit", "{count} digits", rule.max_len)
    return _("{least} to {most} letters and digits", least=rule.min_len, most=rule.max_len)


def fault(error: PinFormError) -> str:
    """What is wrong with the form of a PIN."""
    return _(FAULTS[error.fault])


def folded(typed: bytearray) -> bytearray:
    """A copy of a PIN, UTF-8, with full-width letters and digits as plain ones; the caller wipes it.

    Each character by itself, so that no `str` has the whole of it. Spec: Unicode Standard Annex 15, NFKC
    """
    if typed.isascii():
        return typed[:]
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    buffer, length = bytearray(len(typed)), 0  # a character is never longer when it is folded
    for at in range(len(typed)):
        for character in decoder.decode(typed[at : at + 1], at == len(typed) - 1):
            for byte in _folded(character).encode("utf-8", "surrogateescape"):
                buffer[length] = byte
                length += 1
    exact = buffer[:length]
    wipe(buffer)
    return exact


def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and plain.isascii() else character
