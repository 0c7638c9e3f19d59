"""Chance that can be repeated and bent: an example is the list of its choices."""

from __future__ import annotations

import random
from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")
LIMIT = 1 << 24
MAX_KEPT = 2000  # examples that led to something new


class Choices:
    """Choices as they were once made, for as long as they last; new ones after that."""

    def __init__(self, source: random.Random, known: Sequence[int] = ()) -> None:
        self._source = source
        self._known = known
        self.made: list[int] = []

    def below(self, limit: int) -> int:
        """A number from 0 on."""
        position = len(self.made)
        chosen = self._known[position] if position < len(self._known) else self._source.randrange(LIMIT)
        self.made.append(chosen)
        return chosen % limit

    def one_of(self, options: Sequence[T]) -> T:
        """One of several."""
        return options[self.below(len(options))]

    def happens(self, part: int, of: int) -> bool:
        """Yes, so many times out of so many."""
        return self.below(of) < part

    def some_bytes(self, length: int) -> bytes:
        """Any bytes, from a single choice."""
        return random.Random(self.below(LIMIT)).randbytes(length)  # noqa: S311 - repeatable is what it has to be


class Corpus:
    """The examples that led to something new, of which others are made. What is new is told by features."""

    def __init__(self, seed: int) -> None:
        self._source = random.Random(seed)  # noqa: S311
        self._kept: list[list[int]] = []
        self._features: set[Hashable] = set()

    @property
    def features(self) -> int:
        """How many features were ever seen."""
        return len(self._features)

    def next(self) -> Choices:
        """A new example, or a known one that is bent."""
        if not self._kept or self._source.random() < 0.4:
            return Choices(self._source)
        return Choices(self._source, self._bent(self._source.choice(self._kept)))

    def learn(self, example: Choices, features: set[Hashable]) -> None:
        """Keep an example that led to something new."""
        if not features <= self._features and len(self._kept) < MAX_KEPT:
            self._features |= features
            self._kept.append(example.made)

    def _bent(self, made: list[int]) -> list[int]:
        bent = made[: self._source.randrange(len(made)) + 1] if self._source.random() < 0.5 else list(made)
        for _ in range(self._source.randrange(4)):
            bent[self._source.randrange(len(bent))] = self._source.randrange(LIMIT)
        return bent
