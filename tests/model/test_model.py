"""The module never disagrees with the model, whatever is called in whatever order."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from model.application import Application
from model.library import Library
from model.reader import Bench
from model.steps import walk

#: HYPOTHESIS_PROFILE chooses one. The default is the same every time.
PROFILES = {
    "default": settings(
        max_examples=150,
        stateful_step_count=50,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    ),
    "torture": settings(
        max_examples=10000,
        stateful_step_count=150,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    ),
}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")
WALKS, WALK_STEPS = {"default": (100, 200), "torture": (5000, 1000)}[PROFILE]


@pytest.fixture
def example(
    module_path: Path, softcard_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> type[Application]:
    """The machine with its library and its reader."""
    bench = Bench(softcard_state, tmp_path)
    monkeypatch.setenv("PYJPKI11_READER", "softcard")
    monkeypatch.setenv("PYJPKI11_CONFIG", "")
    monkeypatch.setattr("jpki_softcard.transport.open_driver", bench.open_driver)
    monkeypatch.setattr("pyjpki11.provider.login.TRIES_HOLD_S", 0)  # the model has no clock
    monkeypatch.setattr("pyjpki11.provider.reader_watch.LOOK_S", 0.0)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no example outlives a power cut
    return type("Example", (Application,), {"library": Library(module_path), "bench": bench})


def test_sequences(example: type[Application]) -> None:
    """Short sequences: where one fails, hypothesis tells the shortest."""
    run_state_machine_as_test(example, settings=PROFILES[PROFILE])


def test_walks(example: type[Application]) -> None:
    """Long walks: each begins with its number, from which it follows."""
    for number in range(WALKS):
        random, state = Random(number), example()  # noqa: S311 - to be repeated, not secret
        try:
            state.begin(*(random.random() < 0.5 for _ in range(3)))
            walk(state, random, WALK_STEPS, state.the_card_agrees)
        finally:
            state.teardown()
