"""The scenarios: what a program asks for, what it must be answered, what the card must have seen.

A step is a method of `desk.Desk`, its arguments, and what comes of it: a CKR_ name, or a value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from provider.desk import DeskMaker
from support import scenarios

SCENARIOS = scenarios.load(Path(__file__).parent / "scenarios")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: dict[str, Any], make_desk: DeskMaker) -> None:
    """Every step ends as written."""
    desk = make_desk(scenario.get("faults", []), scenario.get("contact", False), **scenario.get("settings", {}))
    desk.run(scenario["steps"])


def test_every_scenario_has_a_name_of_its_own() -> None:
    names = [row.id for row in SCENARIOS]
    assert len(names) == len(set(names)) > 60
