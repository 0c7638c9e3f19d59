"""Each flow with each fault at each of its commands. What has to come of it: `faults.matrix`."""

from __future__ import annotations

import pytest
from faults.matrix import FAULTS, FLOWS, Matrix


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("flow", FLOWS)
def test_at_every_command(matrix: Matrix, flow: str, fault: str) -> None:
    matrix.run(FLOWS[flow], FAULTS[fault])
