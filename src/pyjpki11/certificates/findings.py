"""One result of a check, as data: the tool puts it into words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

# Results of a check.
GOOD = "good"
BAD = "bad"
OPEN = "open"  # not checked, or nothing to check with

Facts = Mapping[str, object]
NO_FACTS: Facts = MappingProxyType({})


class Finding(NamedTuple):
    """What a check found: `check` is what was looked at, `code` says how it is, `facts` with what."""

    check: str
    result: str
    code: str
    facts: Facts = NO_FACTS


def is_good(findings: Iterable[Finding]) -> bool:
    """Whether nothing speaks against it."""
    return all(finding.result != BAD for finding in findings)
