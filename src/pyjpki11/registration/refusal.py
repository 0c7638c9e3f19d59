"""Why a program is not registered."""

from __future__ import annotations

SYMLINK = "symlink"
NOT_REGULAR = "not-regular"
NOT_YOURS = "not-yours"
NOT_TEXT = "not-text"
NOT_UNDERSTOOD = "not-understood"
NOT_OURS = "not-ours"
TAKEN = "taken"
CHANGED = "changed"
HOME_NOT_YOURS = "home-not-yours"
NOT_ROOTS = "not-roots"
IN_USE = "in-use"
UNUSABLE_PATH = "unusable-path"
TOOL_FAILED = "tool-failed"
NO_PROGRAM = "no-program"
NO_PROFILE = "no-profile"
NO_SYSTEM_WIDE = "no-system-wide"
NOT_FOR_ROOT = "not-for-root"
SNAP = "snap"
FLATPAK = "flatpak"


class Refused(Exception):
    """Nothing was changed, because it would do damage or no good; `code` is one of the words above."""

    def __init__(self, code: str, **facts: object) -> None:
        """:param facts: what the reason's text names, such as `path`."""
        super().__init__(f"{code}: {', '.join(f'{name}={value}' for name, value in facts.items())}")
        self.code = code
        self.facts = facts
