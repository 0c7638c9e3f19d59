"""How much of everything: a little in `make test`, all of it in `make torture`, which says TORTURE=full."""

from __future__ import annotations

import os
from typing import NamedTuple

IS_FULL = os.environ.get("TORTURE") == "full"


class Size(NamedTuple):
    """How often, and the seconds after which something must be wrong; each for make test and for make torture."""

    default: int
    full: int
    default_s: float = 300
    full_s: float = 4 * 3600

    @property
    def times(self) -> int:
        """How often, now."""
        return self.full if IS_FULL else self.default

    @property
    def timeout_s(self) -> float:
        """The seconds, now."""
        return self.full_s if IS_FULL else self.default_s


CARD_ANSWERS = Size(100_000, 1_000_000)
CALLS = Size(100_000, 1_000_000)
SANITIZED_CALLS = Size(50_000, 1_000_000)
VALGRIND_CALLS = Size(2_000, 50_000)
SIGNATURES = Size(1_000, 200_000)
ROUNDS = Size(100, 2_000)
#: A million was run by hand.
DOCUMENTS = Size(3_000, 100_000)
