"""Steps of operations, as the handlers take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pyjpki11.provider.session import Session
from pyjpki11.provider.steps import Step

T = TypeVar("T")


def advance(session: Session, step: Step, work: Callable[[Any], T]) -> T:
    """Take a step, which is some work on the operation that it belongs to."""
    with session.step(step) as operation:
        return work(operation)
