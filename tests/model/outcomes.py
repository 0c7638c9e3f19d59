"""What a call may answer, with what each answer does to the model."""

from __future__ import annotations

from collections.abc import Callable

Effect = Callable[[], None]
Outcomes = dict[str, Effect]


def nothing() -> None:
    """The effect of a refusal."""


def refusal(*names: str) -> Outcomes:
    """Any of some refusals, which change nothing."""
    return dict.fromkeys(names, nothing)


def success(effect: Effect = nothing) -> Outcomes:
    """OK and nothing else."""
    return {"OK": effect}


def chain(*effects: Effect) -> Effect:
    """One effect after the other."""

    def run() -> None:
        for effect in effects:
            effect()

    return run
