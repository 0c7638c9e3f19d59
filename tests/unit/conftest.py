"""How hypothesis works here: without a clock, which busy machines would fail, and without files."""

from __future__ import annotations

import pytest
from hypothesis import settings
from unit.clock import Clock

from pyjpki11.reader import worker

settings.register_profile("unit", deadline=None, database=None)
settings.load_profile("unit")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """That of workers."""
    clock = Clock()
    monkeypatch.setattr(worker, "monotonic", clock)
    return clock
