"""What the handlers of all operations have in common: how one begins, goes on, takes data in, gives its result."""

from __future__ import annotations

from pyjpki11.boundary.entry import module
from pyjpki11.boundary.marshal import NULL, has_room, put_bytes, take_data
from pyjpki11.boundary.mechanism import take_mechanism
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from pyjpki11.provider.inputs import Parameters
    from pyjpki11.provider.operation import Step
    from pyjpki11.provider.session import Session

    T = TypeVar("T")


def begin(session_handle: int, mechanism: Any, start: Callable[[Session, int, Parameters], None], last: Step) -> None:
    """Begin an operation; without a mechanism, end the one that `last` would end. Spec: PKCS#11 v3.1 5.13.1"""
    session = module().session(session_handle)
    if mechanism == NULL:
        session.end(last)
    else:
        start(session, *take_mechanism(mechanism))


def advance(session_handle: int, step: Step, work: Callable[[Any], T]) -> T:
    """Take a step, which is some work on the operation that it belongs to; see Session.advance."""
    return module().session(session_handle).advance(step, work)


def take_in(session_handle: int, step: Step, pointer: Any, length: int) -> None:
    """Take in a part of the data."""
    advance(session_handle, step, lambda operation: operation.update(take_data(pointer, length, operation.room)))


def answer(
    session_handle: int, step: Step, pointer: Any, length_pointer: Any, make: Callable[[Any], bytes]
) -> None:
    """Give a result by the two-call rule: a size query and a buffer that is too small leave all as it was."""
    session = module().session(session_handle)
    operation = session.operation(step)
    if length_pointer == NULL:
        session.fail(step)
        raise CryptokiError(ckr.ARGUMENTS_BAD)
    if has_room(pointer, length_pointer, operation.output_len):
        put_bytes(pointer, length_pointer, session.advance(step, make))
