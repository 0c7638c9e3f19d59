"""Every finding and every reason has its words, and all words have a use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pyjpki11
from pyjpki11.certificates.findings import BAD, GOOD, OPEN, UNPROVEN, Finding, verdict
from pyjpki11.cli.commands.verify import EXIT_STATUSES
from pyjpki11.cli.terminal import exits
from pyjpki11.cli.wording import verdicts
from pyjpki11.cli.wording.unreadable import REASONS

SOURCE = Path(pyjpki11.__file__).parent
FOLDERS = ("certificates", "documents", "cli")
#: Codes that are put together from a kind of news and what is wrong with it.
OF_NEWS = {f"{kind}-{what}" for kind in ("list", "response") for what in ("from-the-future", "expired", "too-late")}
OF_NEWS |= {"issuer-expired", "issuer-not-yet-valid", "expired", "not-yet-valid"}


def trees() -> Iterator[ast.AST]:
    """The sources that judge."""
    for folder in FOLDERS:
        for path in sorted((SOURCE / folder).glob("*.py")):
            yield ast.parse(path.read_text())


def raised() -> set[str]:
    """The reasons of each NotSignedData that is raised."""
    calls = [node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    arguments = [it.args[0] for it in calls if isinstance(it.func, ast.Name) and it.func.id == "NotSignedData"]
    return {node.value for it in arguments for node in ast.walk(it) if isinstance(node, ast.Constant)}  # type: ignore[misc]


def test_every_reason_has_its_words() -> None:
    assert raised() == set(REASONS)


def test_every_finding_has_its_sentence() -> None:
    """The code stands in a call of Finding, or in a table beside it."""
    said = {code for _check, code in verdicts.SENTENCES}
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                codes = [it.value for it in ast.walk(node.args[2]) if isinstance(it, ast.Constant)]
                assert {it for it in codes if isinstance(it, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", it)} <= said
    assert said >= OF_NEWS


@pytest.mark.parametrize("row", [*verdicts.GAPS, *verdicts.NO_PROOF])
def test_what_a_headline_names_is_a_finding(row: tuple[str, str]) -> None:
    assert row in verdicts.SENTENCES


def test_every_verdict_has_its_exit_status() -> None:
    found = {verdict([Finding("a", result, "b")]) for result in (GOOD, OPEN, UNPROVEN, BAD)}
    assert set(EXIT_STATUSES) == found
    assert len({*EXIT_STATUSES.values()}) == len(found)
    assert set(EXIT_STATUSES.values()) <= set(exits.MEANINGS)
