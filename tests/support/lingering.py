"""Transactions that linger, for readers that tests make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from jpki_softcard.transport import Transactions

T = TypeVar("T")


class Lingering(Transactions):
    """One that lingers does so until the next one, which goes on, or until somebody ends it.

    `can_linger`: whether any does. `is_held`: whether one is open, be it that a step is under way or that it lingers.
    """

    can_linger = True
    is_held = False
    _lingers = False

    def linger(self) -> None:
        """Do so after the present step, if it succeeds."""
        self._lingers = self.can_linger

    def transact(self, step: Callable[[bool], T]) -> T:
        """A transaction, or the next part of one. Who fails ends it."""
        self.goes_on = self.is_held
        was_reset = not self.goes_on and self.begin()
        self.is_held = True
        self._lingers = False
        try:
            answer = step(was_reset)
        except BaseException:
            self._lingers = False
            raise
        finally:
            if not self._lingers:
                self.end_lingering()
        return answer

    def end_lingering(self) -> None:
        """End what is open, if anything is."""
        if self.is_held:
            self.is_held = False
            self.end()
