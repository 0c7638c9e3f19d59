"""The ring of faults: what goes wrong at every step, whoever caused it; its figures stand in the summary."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from faults.matrix import FIGURES, Matrix
from pcsc.conftest import client as client
from pcsc.conftest import new_client as new_client
from pcsc.conftest import new_raw as new_raw
from pcsc.conftest import programs as programs
from pcsc.test_readers import other_state as other_state
from pcsc.test_readers import own_pcscd as own_pcscd
from softcard.conftest import desk as desk
from softcard.conftest import make_desk as make_desk
from softcard.conftest import remembered_rsa as remembered_rsa

TOTAL: list[Matrix] = []


@pytest.fixture
def matrix(issued_card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Matrix:
    """Runs flows with faults."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # the cards do not outlive the test
    TOTAL.append(Matrix(issued_card, tmp_path, monkeypatch))
    return TOTAL[-1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured."""
    outcomes = sum((one.outcomes for one in TOTAL), start=Counter[str]())
    lines = [*FIGURES]
    if TOTAL:
        answers = ", ".join(f"{count} {name}" for name, count in outcomes.most_common())
        lines.append(f"{len(TOTAL)} pairs of flow and fault, {outcomes.total()} cells: {answers}")
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.line(line)
