"""The exceptions of all layers, named by the fact that they report.

Only `pyjpki11.boundary.ckr_table` maps them to CKR_ numbers.
"""

from __future__ import annotations


class JpkiError(Exception):
    """Base of all exceptions of this package; `message` says what happened, `remedy` what to do about it, if anything.

    Both are in English, for the log, whose line is both of them: str(error).
    """

    def __init__(self, message: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class CryptokiError(JpkiError):
    """A call is refused with a CKR_ number of its own, `rv`."""

    def __init__(self, rv: int, message: str = "") -> None:
        super().__init__(message)
        self.rv = rv


class ServiceUnavailable(JpkiError):
    """The PC/SC service is not running, or this user may not use it."""


class KeptOut(ServiceUnavailable):
    """The PC/SC service is running, but this user may not use it."""


class ReaderGone(JpkiError):
    """The reader was unplugged."""


class ReaderBusy(JpkiError):
    """Another program has exclusive use of the reader."""


class CardAbsent(JpkiError):
    """There is no card in the reader."""


class CardRemoved(JpkiError):
    """The card was removed or exchanged since it was last used."""


class CardDisturbed(JpkiError):
    """Other programs reset the card faster than it can be used."""


class CardMute(JpkiError):
    """The card did not answer, or answered something that is not a response APDU."""


class CardNotRecognized(JpkiError):
    """The card in the reader has no JPKI application."""


class BadCardData(JpkiError):
    """The card returned malformed data."""


class WrongSignature(JpkiError):
    """The card made a signature that does not verify with its certificate."""


class StatusWordError(JpkiError):
    """The card refused a command; `sw` is its status word, 16 bits."""

    def __init__(self, sw: int, ins: int, text: str = "") -> None:
        super().__init__(text or f"status word {sw:04X} to instruction {ins:02X}")
        self.sw = sw
        self.ins = ins


class PssUnknown(StatusWordError):
    """The card does not support RSASSA-PSS signatures."""


class SecurityStatusNotSatisfied(StatusWordError):
    """The card requires a verified PIN first."""


class PinError(JpkiError):
    """Base of all problems with a PIN."""


class PinFormError(PinError):
    """The form of the PIN is not valid; it was not sent.

    `fault` is one of the words in `card.pin`.
    """

    def __init__(self, fault: str) -> None:
        super().__init__(f"the form of the PIN is not valid: {fault}")
        self.fault = fault


class PinLengthOutOfRange(PinFormError):
    """The PIN is too short or too long for its key; it was not sent."""


class PinHasInvalidCharacters(PinFormError):
    """The PIN contains characters that are not allowed; it was not sent."""


class PinRejected(PinError):
    """The card refused the PIN, now or when it was last tried; `tries_left` is None where that is unknown."""

    def __init__(self, tries_left: int | None) -> None:
        super().__init__(f"wrong PIN, {'unknown' if tries_left is None else tries_left} tries left")
        self.tries_left = tries_left


class PinBlocked(PinError):
    """The PIN has no tries left."""
