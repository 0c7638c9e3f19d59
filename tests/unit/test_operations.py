"""The table of operations: which call starts, continues and ends them. Spec: PKCS#11 v3.1 5.12 to 5.16"""

from __future__ import annotations

import pytest

from pyjpki11.provider import steps
from pyjpki11.provider.steps import CANCEL_FLAGS, IN_PARTS, OVER, READY, Step

STEPS = {name: value for name, value in vars(steps).items() if isinstance(value, Step)}
SERIES = (steps.SIGN_MESSAGES, steps.VERIFY_MESSAGES)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_phases_are_known(step: Step) -> None:
    assert step.kind in CANCEL_FLAGS
    assert step.phases and set(step.phases) <= {READY, IN_PARTS}
    assert {step.leads_to, step.after_failure} <= {READY, IN_PARTS, OVER}


@pytest.mark.parametrize("kind", CANCEL_FLAGS)
def test_every_kind_can_be_ended(kind: str) -> None:
    """By a call of its own; decryption, which nothing can do, is never begun."""
    of_kind = [step for step in STEPS.values() if step.kind == kind]
    assert any(step.leads_to == OVER for step in of_kind) or kind == steps.DECRYPT


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_failure_ends_everything_but_a_series(step: Step) -> None:
    is_within_series = step.kind in SERIES and step.leads_to != OVER
    assert step.after_failure == (READY if is_within_series else OVER)


@pytest.mark.parametrize("name", [name for name in STEPS if name.endswith("WHOLE")])
def test_a_whole_is_not_taken_after_parts(name: str) -> None:
    assert STEPS[name].phases == (READY,)
    assert STEPS[name].leads_to == OVER
