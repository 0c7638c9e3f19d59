"""Steps: rules that hypothesis draws from, which a plain random walk can take too.

Hypothesis finds short sequences well, because it repeats and shrinks; a walk by weights gets deeper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule


@dataclass
class Step:
    """A method, how often it is taken, when it may be, and what its arguments are chosen from."""

    name: str
    weight: int
    when: Callable[[Any], bool]
    choices: dict[str, Sequence[Any]]


STEPS: list[Step] = []


def step(
    when: Callable[[Any], bool], weight: int = 2, **choices: Sequence[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a method of the machine a step."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        STEPS.append(Step(function.__name__, weight, when, choices))
        draw: Any = rule
        strategies = {name: st.sampled_from(values) for name, values in choices.items()}
        made: Callable[..., None] = precondition(when)(draw(**strategies)(function))
        return made

    return decorate


def walk(machine: RuleBasedStateMachine, random: Random, length: int, check: Callable[[], None]) -> None:
    """So many random steps; those taken are told where one fails."""
    taken: list[str] = []
    try:
        for _ in range(length):
            possible = [it for it in STEPS if it.when(machine)]
            (chosen,) = random.choices(possible, [it.weight for it in possible])
            arguments = {name: random.choice(values) for name, values in chosen.choices.items()}
            taken.append(f"state.{chosen.name}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})")
            getattr(machine, chosen.name)(**arguments)
            check()
    except BaseException as error:
        error.add_note("\n".join(taken))
        raise
