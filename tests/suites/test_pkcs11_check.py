"""The suite pkcs11-check, on both slots: no outcome that is not listed with its reason, and more passes than OpenSC."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from suites import newer_python, pkcs11_check

PINS = ("1234", "ABC123")  # by slot
#: reference: suites.md 3, OpenSC 0.23 on a software My Number card
PASSES_OF_OPENSC = 586

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def environment() -> Path:
    """Where the suite is installed. It fails where it cannot be: who asks for conformance wants an answer."""
    try:
        python = newer_python.find(pkcs11_check.OLDEST_PYTHON)
    except newer_python.NoNewerPython as error:
        pytest.fail(f"{pkcs11_check.REQUIREMENT} was not run: {error}")
    return newer_python.environment_with(python, pkcs11_check.REQUIREMENT)


@pytest.mark.parametrize("slot", [0, 1])
def test_suite(environment: Path, softcard_state: Path, tmp_path: Path, slot: int) -> None:
    file = pkcs11_check.run_suite(environment, slot, PINS[slot], softcard_state, tmp_path)
    outcomes = pkcs11_check.read_outcomes(file)
    counts = Counter(it.outcome for it in outcomes)
    print(dict(counts), file)
    unexpected = pkcs11_check.differences(outcomes, slot)
    assert not unexpected, "\n".join(unexpected)
    assert counts["passed"] > PASSES_OF_OPENSC
