"""The environment variables of the process that the module is in, and whether it may heed them."""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What tells the real, the effective and the saved ids; macOS keeps the saved ones to itself.
_IDS: tuple[Callable[[], tuple[int, ...]], ...] = (
    getattr(posix, "getresuid", lambda: (posix.getuid(), posix.geteuid())),
    getattr(posix, "getresgid", lambda: (posix.getgid(), posix.getegid())),
)
_at_start: dict[str, str] | None = None
_was_started_privileged = False


def note_privilege(is_privileged: bool) -> None:
    """Record what only C can ask the kernel; it stays so until the process ends."""
    global _was_started_privileged
    _was_started_privileged = _was_started_privileged or is_privileged


def is_privileged() -> bool:
    """Whether the process may do more than those who started it, so that nothing of theirs is to be trusted.

    The kernel has marked it so (AT_SECURE: set-id programs, file capabilities), or its ids differ now. The saved ids
    count too: it can take on what they stand for. Spec: getauxval(3), credentials(7)
    """
    return _was_started_privileged or any(len(set(ids())) > 1 for ids in _IDS)


def variables() -> Mapping[str, str]:
    """None in a privileged process, whose user has chosen them. Design: decision 14

    Else all: those of `os` where a program in Python has loaded it, and may have set some; else as at the start. The
    module itself does without `os`, whose abstract classes take longer to make than all of ours.
    """
    global _at_start
    if is_privileged():
        return {}
    loaded = sys.modules.get("os")
    if loaded is not None:
        found: Mapping[str, str] = loaded.environ
        return found
    if _at_start is None:  # all at once: a process that is forked meanwhile would go on with a part of them
        _at_start = {_text(name): _text(value) for name, value in posix.environ.items()}
    return _at_start


def _text(value: bytes) -> str:
    return value.decode(errors="surrogateescape")
