"""The exit statuses of the tool, and the failure that names one itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pyjpki11.cli.language import N_, _
from pyjpki11.cli.wording import details

OK = 0
FAILED = 1
USAGE = 2
NO_READER = 3
NO_CARD = 4
WRONG_PIN = 5
PIN_BLOCKED = 6
PIN_FORM = 7
NOT_VALID = 8
BROKE_OFF = 9
UNPROVEN = 10
LAST_TRY = 11
INTERRUPTED = 130

#: What the manual says about each.
MEANINGS = {
    OK: N_("It worked."),
    FAILED: N_("Something failed for which there is no other status."),
    USAGE: N_("The command line cannot be understood."),
    NO_READER: N_("There is no reader, or no PC/SC service."),
    NO_CARD: N_("There is no card, or none that suits."),
    WRONG_PIN: N_("The PIN is wrong; a try is gone."),
    PIN_BLOCKED: N_("The PIN is blocked."),
    PIN_FORM: N_("The PIN cannot be right; nothing was sent to the card."),
    NOT_VALID: N_("A signature or a certificate is not valid."),
    BROKE_OFF: N_("The card or the reader failed in the middle."),
    UNPROVEN: N_("Nothing is wrong with a signature, but it does not prove that its signer meant this document."),
    LAST_TRY: N_("Only the last try of the PIN is left, which is not used without a warning."),
    INTERRUPTED: N_("The user interrupted the command."),
}

#: What to do about a blocked PIN. Sources: pages of the cities Naha (2024-09-20), Koka and Niigata.
OFFICE = N_(
    "Your municipal office can unblock it and set a new one. The PIN of one of the two certificates can also be reset "
    "at a convenience store if you know the other one, after a booking in the app JPKI暗証番号リセット "
    "(see www.jpki.go.jp); the card text PIN at the office only."
)


class ToolError(Exception):
    """A failure that a command explains itself: message and remedy are in the user's language already."""

    def __init__(self, exit_status: int, code: str, message: str, remedy: str = "") -> None:
        """:param code: a word that programs tell failures by, never translated."""
        super().__init__(message)
        self.exit_status = exit_status
        self.code = code
        self.message = message
        self.remedy = remedy


class Failure(NamedTuple):
    """An exception as users see it; `detail` is what layers below said, in English."""

    exit_status: int
    code: str
    message: str
    remedy: str = ""
    detail: str = ""
    facts: Mapping[str, object] = MappingProxyType({})

    def document(self) -> dict[str, object]:
        """The JSON document in place of a result."""
        parts = {"code": self.code, "exit_status": self.exit_status, "message": self.message, "remedy": self.remedy}
        return {"error": {**parts, "detail": self.detail, **self.facts}}

    def sentences(self) -> tuple[str, ...]:
        """What people read."""
        head = _("Error: {message}", message=self.message)
        return head, details.in_words(self.detail), *self.remedy.split("\n")
