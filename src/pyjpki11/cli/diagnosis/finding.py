"""A finding: what is right or wrong, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal import columns, exits

OK, NOTE, WARNING, PROBLEM = "ok", "note", "warning", "problem"
#: Level -> its name for people.
LEVELS = {OK: N_("OK"), NOTE: N_("Note"), WARNING: N_("Warning"), PROBLEM: N_("Problem")}


class Finding(NamedTuple):
    """Message and remedy are in the user's language; `code` is a word that programs tell findings by."""

    level: str
    code: str
    message: str
    remedy: str = ""
    exit_status: int = exits.FAILED  # of a problem

    def document(self) -> dict[str, object]:
        """For programs."""
        return {"code": self.code, "level": self.level, "message": self.message, "remedy": self.remedy}

    def rows(self) -> list[tuple[str, str]]:
        """For people, in two columns."""
        return [(_(LEVELS[self.level]), self.message), *([("", self.remedy)] if self.remedy else [])]


def text(findings: list[Finding]) -> list[str]:
    """All findings for people."""
    return columns.table([row for finding in findings for row in finding.rows()])


def exit_status(findings: list[Finding]) -> int:
    """That of the first problem: what comes later may only follow from it."""
    problems = [finding.exit_status for finding in findings if finding.level == PROBLEM]
    return problems[0] if problems else exits.OK
