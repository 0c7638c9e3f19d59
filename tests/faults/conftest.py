"""The ring of faults: what goes wrong at every step, whoever caused it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.matrix import Matrix
from pcsc.conftest import client as client
from pcsc.conftest import new_client as new_client
from pcsc.conftest import new_raw as new_raw
from pcsc.conftest import programs as programs
from pcsc.test_readers import other_state as other_state
from pcsc.test_readers import own_pcscd as own_pcscd
from provider.conftest import desk as desk
from provider.conftest import make_desk as make_desk
from provider.conftest import remembered_rsa as remembered_rsa
from support.figures import Outcomes


@pytest.fixture
def matrix(issued_card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcomes: Outcomes) -> Iterator[Matrix]:
    """Runs flows with faults; how all cells ended stands in the summary."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # the cards do not outlive the test
    made = Matrix(issued_card, tmp_path, monkeypatch)
    yield made
    outcomes(made.outcomes)
