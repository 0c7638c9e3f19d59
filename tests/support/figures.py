"""What tests have measured, shown behind their results; it works with tests in several processes too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

#: Names of the properties of a report that carry a line, and counts of how something ended.
LINE, OUTCOMES = "figure", "outcomes"

Figures = Callable[[str], None]
Outcomes = Callable[[Mapping[str, int]], None]


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    """Takes a line for the summary."""
    return lambda line: record_property(LINE, line)


@pytest.fixture
def outcomes(record_property: Callable[[str, object], None]) -> Outcomes:
    """Takes counts that are summed over all tests."""
    return lambda counts: record_property(OUTCOMES, dict(counts))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The lines, and the sums."""
    found = list(_properties(terminalreporter.stats))
    lines = [value for name, value in found if name == LINE]
    counted = [value for name, value in found if name == OUTCOMES]
    if counted:
        total = sum(map(Counter, counted), start=Counter[str]())
        told = ", ".join(f"{count} {name}" for name, count in total.most_common())
        lines.append(f"{len(counted)} pairs of flow and fault, {total.total()} cells: {told}")
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.line(line)


def _properties(stats: Mapping[str, list[Any]]) -> Iterator[tuple[str, Any]]:
    for reports in list(stats.values()):
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "teardown":
                yield from report.user_properties
