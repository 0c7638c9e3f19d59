"""The exceptions of the software card."""

from .status import SW


class SoftcardError(Exception):
    """Any failure of the software card that is not an answer of the card."""


class StateError(SoftcardError):
    """The state directory is missing, damaged or already there."""


class OptionError(SoftcardError):
    """An option or a fault name is unknown or its value is malformed."""


class CardSilent(SoftcardError):
    """The card will never answer this command."""


class CardGone(SoftcardError):
    """The card has left the field, or has no power."""


class Refusal(Exception):
    """The card answers a command with `sw` instead of 9000."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


def refuse_unless(condition: bool, sw: SW | int) -> None:
    """Raise Refusal(sw) when `condition` does not hold."""
    if not condition:
        raise Refusal(sw)
