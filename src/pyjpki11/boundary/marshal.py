"""Between C's memory and Python's values.

Pointers are checked here: no handler reads or writes through NULL.
"""

from __future__ import annotations

from pyjpki11.boundary._cffi import ffi
from pyjpki11.cryptoki import ck, ckr
from pyjpki11.errors import CryptokiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

NULL = ffi.NULL

#: Bytes of an attribute's value: more than any certificate has. A length beyond it is wild, and is not followed.
MAX_VALUE_LEN = 1 << 20
#: A template with more rows than this is a mistake of the caller, not a question.
MAX_TEMPLATE_ROWS = 1024
#: Longer than any PIN, shorter than a wild length.
MAX_PIN_LEN = 255


def require(*pointers: Any) -> None:
    """Refuse a call that lacks a pointer.

    :raises CryptokiError: ARGUMENTS_BAD.
    """
    for pointer in pointers:
        if pointer == NULL:
            raise CryptokiError(ckr.ARGUMENTS_BAD)


def take_bytes(pointer: Any, length: int, room: int) -> bytes:
    """A copy of C's bytes; a NULL pointer is right only for none.

    :param room: more bytes than this are wrong anyhow, and are not even read.
    :raises CryptokiError: DATA_LEN_RANGE, there are more.
    """
    return bytes(take_data(pointer, length, room))


def take_data(pointer: Any, length: int, room: int) -> bytes:
    """C's bytes, for as long as the call lasts: gigabytes are hashed where they are. See take_bytes."""
    if length == 0:
        return b""
    require(pointer)
    if length > room:
        raise CryptokiError(ckr.DATA_LEN_RANGE)
    return ffi.buffer(pointer, length)  # type: ignore[no-any-return]


def take_pin(pointer: Any, length: int) -> bytearray:
    """A copy of a PIN that can be wiped.

    :raises CryptokiError: ARGUMENTS_BAD for NULL, since the card's readers have no PIN pad; PIN_LEN_RANGE for one
        that is far too long, which is not even read.
    """
    require(pointer)
    if length > MAX_PIN_LEN:
        raise CryptokiError(ckr.PIN_LEN_RANGE)
    return bytearray(ffi.buffer(pointer, length))


def take_template(pointer: Any, count: int) -> list[tuple[int, bytes]]:
    """The rows of a template: attribute and value."""
    if count:
        require(pointer)
    if count > MAX_TEMPLATE_ROWS:
        raise CryptokiError(ckr.ARGUMENTS_BAD)
    return [(row.type, _take_value(row.pValue, row.ulValueLen)) for row in (pointer[i] for i in range(count))]


def _take_value(pointer: Any, length: int) -> bytes:
    if length > MAX_VALUE_LEN:
        raise CryptokiError(ckr.ATTRIBUTE_VALUE_INVALID)
    return take_bytes(pointer, length, MAX_VALUE_LEN)


def put_text(field: Any, text: str) -> None:
    """Fill a fixed field: UTF-8, padded with spaces, cut between characters. Spec: PKCS#11 v3.1 3.1"""
    size = ffi.sizeof(field)
    encoded = text.encode()[:size].decode(errors="ignore").encode()
    ffi.buffer(field)[:] = encoded.ljust(size)


def put_version(field: Any, version: tuple[int, int]) -> None:
    """Fill a CK_VERSION."""
    field.major, field.minor = version


def put_numbers(pointer: Any, count_pointer: Any, numbers: Sequence[int]) -> None:
    """Answer a list of CK_ULONG by the two-call rule. Spec: PKCS#11 v3.1 5.2

    :raises CryptokiError: BUFFER_TOO_SMALL, with the needed count written.
    """
    room = count_pointer[0]
    count_pointer[0] = len(numbers)
    if pointer == NULL:
        return
    if room < len(numbers):
        raise CryptokiError(ckr.BUFFER_TOO_SMALL)
    for i, number in enumerate(numbers):
        pointer[i] = number


def has_room(pointer: Any, length_pointer: Any, length: int) -> bool:
    """Whether C wants the result now: False when it only asks for its length, which is written either way.

    Nothing is made before there is room for it, so a size query never signs. Spec: PKCS#11 v3.1 5.2

    :raises CryptokiError: BUFFER_TOO_SMALL.
    """
    require(length_pointer)
    room = length_pointer[0]
    length_pointer[0] = length
    if pointer == NULL:
        return False
    if room < length:
        raise CryptokiError(ckr.BUFFER_TOO_SMALL)
    return True


def put_bytes(pointer: Any, length_pointer: Any, data: bytes) -> None:
    """Write a result for which there is room."""
    ffi.memmove(pointer, data, len(data))
    length_pointer[0] = len(data)


def fill_template(pointer: Any, count: int, value_of: Callable[[int], bytes]) -> None:
    """Answer each row of a template as far as it can be. Spec: PKCS#11 v3.1 5.7.5

    :raises CryptokiError: the first row's problem, after all rows are answered.
    """
    if count:
        require(pointer)
    if count > MAX_TEMPLATE_ROWS:
        raise CryptokiError(ckr.ARGUMENTS_BAD)
    problems = [problem for i in range(count) if (problem := _fill_row(pointer[i], value_of)) is not None]
    if problems:
        raise problems[0]


def _fill_row(row: Any, value_of: Callable[[int], bytes]) -> CryptokiError | None:
    try:
        value = value_of(row.type)
    except CryptokiError as problem:
        row.ulValueLen = ck.UNAVAILABLE_INFORMATION
        return problem
    if row.pValue != NULL:
        if row.ulValueLen < len(value):
            row.ulValueLen = ck.UNAVAILABLE_INFORMATION
            return CryptokiError(ckr.BUFFER_TOO_SMALL)
        ffi.memmove(row.pValue, value, len(value))
    row.ulValueLen = len(value)
    return None
