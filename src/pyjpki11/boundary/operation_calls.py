"""What the handlers of all operations have in common: how one begins, takes data in, has room for its result."""

from __future__ import annotations

from pyjpki11.boundary import marshal
from pyjpki11.boundary.entry import module
from pyjpki11.boundary.marshal import NULL, take_data
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyjpki11.provider.session import Session
    from pyjpki11.provider.steps import Step


def begins(session: Session, mechanism: Any, last: Step) -> bool:
    """Whether an operation begins; without a mechanism, the one that `last` would end is ended instead.

    Spec: PKCS#11 v3.1 5.13.1

    :raises CryptokiError: ARGUMENTS_BAD, there is none to end.
    """
    if mechanism == NULL:
        session.end(last)
        return False
    return True


def take_in(session_handle: int, step: Step, pointer: Any, length: int) -> None:
    """Take in a part of the data."""
    with module().session(session_handle).step(step) as operation:
        operation.update(take_data(pointer, length, operation.room))


def has_room(session: Session, step: Step, pointer: Any, length_pointer: Any) -> bool:
    """Whether C wants the result of a step now. A size query and a buffer that is too small leave the operation as it
    was: the step is taken, with what it costs, only once there is room. Spec: PKCS#11 v3.1 5.2

    :raises CryptokiError: BUFFER_TOO_SMALL; ARGUMENTS_BAD, which ends the operation.
    """
    operation = session.operation(step)
    if length_pointer == NULL:
        session.fail(step)
        raise CryptokiError(ckr.ARGUMENTS_BAD)
    return marshal.has_room(pointer, length_pointer, operation.output_len)
