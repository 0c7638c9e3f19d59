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
    OK: N_("Success."),
    FAILED: N_("A failure not covered by another status."),
    USAGE: N_("The command line is not valid."),
    NO_READER: N_("There is no card reader, or the PC/SC service is not available."),
    NO_CARD: N_("There is no card, or the card is not one that can be used."),
    WRONG_PIN: N_("The PIN is wrong; one try was used up."),
    PIN_BLOCKED: N_("The PIN is blocked."),
    PIN_FORM: N_("The form of the PIN is not valid; nothing was sent to the card."),
    NOT_VALID: N_("A signature or a certificate is not valid."),
    BROKE_OFF: N_("The card or the reader failed during the command."),
    UNPROVEN: N_("The signature is correct, but does not prove that its signer meant to sign this document."),
    LAST_TRY: N_("Only one PIN try is left, and it is not used without a warning."),
    INTERRUPTED: N_("The user interrupted the command."),
}

#: What to do about a blocked PIN. Sources: pages of the cities Naha (2024-09-20), Koka and Niigata.
OFFICE = N_(
    "Your municipal office can unblock it and set a new PIN. If you know the PIN of your other certificate, you can "
    "also reset it at a convenience store after booking in the app JPKI暗証番号リセット (see www.jpki.go.jp). The card "
    "text PIN can be reset at the office only."
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
