"""The way between a reader and a card: how long it takes, what is recorded."""

import time
from collections.abc import Callable
from typing import NamedTuple

from .apdu_log import ApduLog, command_line, response_line
from .card import Card
from .errors import CardGone, CardSilent


class Timing(NamedTuple):
    """How long an exchange takes."""

    latency_ms: float = 0.0  # per command
    byte_us: float = 0.0  # per byte, both directions
    sign_ms: float = 0.0  # per signature

    def seconds(self, bytes_moved: int, signatures: int) -> float:
        """The time one exchange takes, in seconds."""
        milliseconds = self.latency_ms + self.sign_ms * signatures + self.byte_us * bytes_moved / 1000
        return milliseconds / 1000


class Link:
    """A card with a timing, a log, or neither; answers like the card itself."""

    def __init__(
        self,
        card: Card,
        timing: Timing | None = None,
        log: ApduLog | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.card = card
        self._timing = timing or Timing()
        self._log = log
        self._sleep = sleep

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self.card.atr

    def power_on(self) -> bytes:
        """See Card.power_on."""
        self._note("# power on")
        return self.card.power_on()

    def power_off(self) -> None:
        """See Card.power_off."""
        self._note("# power off")
        self.card.power_off()

    def reset(self) -> bytes:
        """See Card.reset."""
        self._note("# reset")
        return self.card.reset()

    def transmit(self, command: bytes) -> bytes:
        """See Card.transmit."""
        self._note(command_line(command))
        before = self.card.signatures
        try:
            response = self.card.transmit(command)
        except (CardGone, CardSilent) as error:
            self._note(f"# {error}")
            raise
        seconds = self._timing.seconds(len(command) + len(response), self.card.signatures - before)
        if seconds > 0:
            self._sleep(seconds)
        self._note(response_line(response))
        return response

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()

    def _note(self, line: str) -> None:
        if self._log is not None:
            self._log.write(line)
