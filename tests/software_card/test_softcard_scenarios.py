"""The scenarios: commands with the answers they must get.

A step is (command, answer, meaning). The command is hex, or a word without an answer: `power-on`,
`power-off`, `reset`. In an answer `*N` stands for N bytes of any value, `..` for one.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from support import scenarios

from jpki_softcard.card import Card

SCENARIOS = scenarios.load(Path(__file__).parent / "scenarios")
WORDS = {"power-on": Card.power_on, "power-off": Card.power_off, "reset": Card.reset}


def _pattern(answer: str) -> str:
    """The regular expression, over upper-case hex, of an expected answer."""
    return "".join(_piece(part) for part in answer.upper().split())


def _piece(part: str) -> str:
    if part.startswith("*"):
        return f"[0-9A-F]{{{2 * int(part[1:])}}}"
    return part.replace("..", "[0-9A-F]{2}")


def _run(card: Card, steps: list[list[str]]) -> None:
    for number, (command, answer, meaning) in enumerate(steps, start=1):
        if command in WORDS:
            WORDS[command](card)
            continue
        got = card.transmit(bytes.fromhex(command)).hex().upper()
        assert re.fullmatch(_pattern(answer), got), f"step {number}, {meaning}: {command} -> {got[:80]}, not {answer}"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: dict[str, Any], make_card: Any) -> None:
    """Every answer is as written."""
    card = make_card(*scenario.get("faults", []), **scenario.get("options", {}))
    _run(card, scenario["steps"])


def test_every_scenario_has_a_name_of_its_own() -> None:
    """No scenario hides another."""
    names = [row.id for row in SCENARIOS]
    assert len(names) == len(set(names)) > 50
