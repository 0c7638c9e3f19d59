"""Collects what the tests marked `client` found out, for tools/clients.py to print."""

from __future__ import annotations

import json
import platform
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

import pytest
from support.client_versions import VERSIONS

PASSED, FAILED = "passed", "failed"


class Row(NamedTuple):
    """One thing that a program does with the card, as the mark says it."""

    program: str
    what: str
    command: str
    example: str
    refusal: str


def client(program: str, what: str, *, command: str, example: str, refusal: str = "") -> Row:
    """A row from a mark's arguments.

    `refusal`: why it does not work, where the test proves that it is refused. Raises ValueError for a program
    that client_versions does not know.
    """
    if program not in VERSIONS:
        raise ValueError(f"tests/support/client_versions.py does not say how to find the version of {program}")
    return Row(program, what, command, example, refusal)


class ClientResults:
    """A pytest plugin: every row that was collected, with the worst outcome of its tests."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._outcomes: dict[Row, str | None] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the rows in the order of the tests."""
        self._outcomes |= dict.fromkeys(row for item in session.items for row in _rows(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note what became of a phase of a test: a row works when something ran, and nothing failed."""
        report = yield
        for row in _rows(item):
            if report.failed:
                self._outcomes[row] = FAILED
            elif report.passed and report.when == "call" and self._outcomes[row] is None:
                self._outcomes[row] = PASSED
        return report

    def pytest_sessionfinish(self) -> None:
        """Write them down."""
        programs = {row.program for row, outcome in self._outcomes.items() if outcome}
        versions = {program: VERSIONS[program]() for program in programs}
        rows = [
            {**row._asdict(), "version": versions.get(row.program), "outcome": outcome}
            for row, outcome in self._outcomes.items()
        ]
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._target.write_text(json.dumps({"system": system, "rows": rows}, indent=1) + "\n")


def _rows(item: pytest.Item) -> list[Row]:
    """The rows of a test, in the order in which they are written above it."""
    return [client(*mark.args, **mark.kwargs) for mark in reversed(list(item.iter_markers("client")))]
