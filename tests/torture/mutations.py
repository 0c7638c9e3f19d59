"""Changes of genuine DER: bytes anywhere, and whole elements with the lengths around them put right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from torture.choices import Choices
from torture.hostile_files import element

CONSTRUCTED = 0x20
#: Bytes that mean something at the beginning or the end of an element.
TELLING = bytes.fromhex("00 01 02 04 05 06 0a 13 17 18 24 30 31 7f 80 81 82 84 88 a0 a1 a3 ff")


class Part(NamedTuple):
    """Where an element is: its first byte, its value, its end."""

    start: int
    value: int
    end: int


Path = tuple[Part, ...]  # from the outermost element to the one that is meant


@lru_cache
def paths(data: bytes) -> Sequence[Path]:
    """All elements of some DER, each with those around it; none where it is BER of indefinite lengths."""
    found: list[Path] = []
    _walk(data, 0, len(data), (), found)
    return found


def _walk(data: bytes, start: int, end: int, around: Path, found: list[Path]) -> None:
    while start + 2 <= end:
        length, value = data[start + 1], start + 2
        if length >= 0x80:
            value += length & 0x7F
            length = int.from_bytes(data[start + 2 : value], "big") if length > 0x80 else end
        if value + length > end:
            return
        path = (*around, Part(start, value, value + length))
        found.append(path)
        if data[start] & CONSTRUCTED:
            _walk(data, value, value + length, path, found)
        start = value + length


def replaced(data: bytes, path: Path, new: bytes) -> bytes:
    """The data with another element in the place of one."""
    child = path[-1]
    for around in reversed(path[:-1]):
        content = data[around.value : child.start] + new + data[child.end : around.end]
        new, child = element(data[around.start], content), around
    return data[: child.start] + new + data[child.end :]


Change = Callable[[Choices, bytes, bytes], bytes]


def _flip(choices: Choices, data: bytes, _donor: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(1 + choices.below(3)):
        changed[choices.below(len(data))] = choices.below(256)
    return bytes(changed)


def _telling(choices: Choices, data: bytes, _donor: bytes) -> bytes:
    """A tag or a length becomes another one."""
    position = choices.one_of(paths(data))[-1].start + choices.below(2) if paths(data) else choices.below(len(data))
    return data[:position] + bytes((choices.one_of(TELLING),)) + data[position + 1 :]


def _cut(choices: Choices, data: bytes, _donor: bytes) -> bytes:
    start = choices.below(len(data))
    return data[:start] + data[start + 1 + choices.below(40) :]


def _end(choices: Choices, data: bytes, donor: bytes) -> bytes:
    return data[: choices.below(len(data))] if choices.happens(1, 2) else data + donor[: choices.below(len(donor))]


def _insert(choices: Choices, data: bytes, _donor: bytes) -> bytes:
    start = choices.below(len(data))
    return data[:start] + choices.some_bytes(choices.below(20)) + data[start:]


def _splice(choices: Choices, data: bytes, donor: bytes) -> bytes:
    start, first = choices.below(len(data)), choices.below(len(donor))
    return data[:start] + donor[first : first + choices.below(300)] + data[start:]


def _element(choices: Choices, data: bytes, donor: bytes) -> bytes:
    """An element goes, comes twice, or is another one of the same file or of another."""
    if not paths(data):
        return _flip(choices, data, donor)
    path = choices.one_of(paths(data))
    own = data[path[-1].start : path[-1].end]
    other = choices.one_of((data, donor))
    places = paths(other) or [(Part(0, 0, len(other)),)]
    stranger = choices.one_of(places)[-1]
    theirs = other[stranger.start : stranger.end]
    news = (b"", own + own, theirs, own + theirs, theirs + own, element(own[0], b""), element(own[0], own))
    return replaced(data, path, choices.one_of(news))


#: Ways to change a file.
CHANGES: tuple[Change, ...] = (_flip, _flip, _telling, _cut, _end, _insert, _splice, _element, _element, _element)


def mutated(choices: Choices, data: bytes, donor: bytes) -> bytes:
    """The data, changed once or a few times."""
    for _ in range(1 + choices.below(2)):
        data = choices.one_of(CHANGES)(choices, data, donor) or b"\0"
    return data
