"""The suite pkcs11-check, on both slots: no outcome that is not listed with its reason, and more passes than OpenSC."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from suites import newer_python, pkcs11_check
from support.figures import Figures

#: What OpenSC 0.23 passes with a software My Number card.
PASSES_OF_OPENSC = 586

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def environment() -> Path:
    """Where the suite is installed; who asks for nothing but conformance wants an answer on any machine."""
    try:
        python = newer_python.find(pkcs11_check.OLDEST_PYTHON)
    except newer_python.NoNewerPython as error:
        end = pytest.fail if os.environ.get("CONFORMANCE") == "required" else pytest.skip
        end(f"{pkcs11_check.REQUIREMENT} WAS NOT RUN: {error}")
    return newer_python.environment_with(python, pkcs11_check.REQUIREMENT)


@pytest.mark.parametrize("slot", [0, 1])
def test_suite(environment: Path, softcard_state: Path, tmp_path: Path, slot: int, figures: Figures) -> None:
    file = pkcs11_check.run_suite(environment, slot, softcard_state, tmp_path)
    outcomes = pkcs11_check.read_outcomes(file)
    counts = Counter(it.outcome for it in outcomes)
    figures(f"{pkcs11_check.REQUIREMENT}, slot {slot}: {', '.join(f'{n} {what}' for what, n in counts.most_common())}")
    print(file)
    unexpected = pkcs11_check.differences(outcomes, slot)
    assert not unexpected, "\n".join(unexpected)
    assert counts["passed"] > PASSES_OF_OPENSC
