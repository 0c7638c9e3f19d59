"""One result of a check, as data: the tool puts it into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

# Results of a check.
GOOD = "good"
OPEN = "open"  # not checked, or nothing to check with
UNPROVEN = "unproven"  # nothing is wrong, but this proves nothing
BAD = "bad"

# What all checks together say.
VALID, NOT_VALID = "valid", "not-valid"  # UNPROVEN is between them

#: Result -> verdict, the worst first.
VERDICTS = {BAD: NOT_VALID, UNPROVEN: UNPROVEN}

Facts = Mapping[str, object]
NO_FACTS: Facts = MappingProxyType({})


class Finding(NamedTuple):
    """What a check found: `check` is what was looked at, `code` says how it is, `facts` with what."""

    check: str
    result: str
    code: str
    facts: Facts = NO_FACTS


def verdict(findings: Iterable[Finding]) -> str:
    """What the findings say together: the worst of them."""
    results = {finding.result for finding in findings}
    return next((said for result, said in VERDICTS.items() if result in results), VALID)


def is_good(findings: Iterable[Finding]) -> bool:
    """Whether nothing speaks against it, and it proves what it should."""
    return verdict(findings) == VALID
