"""The environment variables of the process that the module is in."""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_at_start: dict[str, str] | None = None


def variables() -> Mapping[str, str]:
    """All of them: those of `os` where a program in Python has loaded it, and may have set some; else as at the start.

    The module itself does without `os`, whose abstract classes take longer to make than all of ours.
    """
    global _at_start
    loaded = sys.modules.get("os")
    if loaded is not None:
        found: Mapping[str, str] = loaded.environ
        return found
    if _at_start is None:  # all at once: a process that is forked meanwhile would go on with a part of them
        _at_start = {_text(name): _text(value) for name, value in posix.environ.items()}
    return _at_start


def _text(value: bytes) -> str:
    return value.decode(errors="surrogateescape")
