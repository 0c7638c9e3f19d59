"""Runs the suite pkcs11-check on one slot, and says in what its outcomes differ from the expected ones.

`pkcs11_check_deviations.toml` names every test that may fail or be recorded as a deviation (the suite's xfail), with
the reason. `pkcs11_check_skips.json` counts the skipped tests of each slot by file and the suite's own reason.

After a change that is meant: `PYTHONPATH=tests python -m suites.pkcs11_check OUTCOMES0 OUTCOMES1` writes the counts
anew from the files that the failed tests have named.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from support.process import run

HERE = Path(__file__).parent
DEVIATIONS = HERE / "pkcs11_check_deviations.toml"
SKIPS = HERE / "pkcs11_check_skips.json"
REQUIREMENT = "pkcs11-check==0.2.3"
OLDEST_PYTHON = (3, 12)
RUN_S = 1500.0
#: How the settings call the slots, in the order of their ids -> PIN.
SLOTS = {"authentication": "1234", "signature": "ABC123"}
PASSED, FAILED, DEVIATED, SKIPPED = "passed", "failed", "xfailed", "skipped"

Skips = dict[str, dict[str, int]]


class Outcome(NamedTuple):
    """How one of the suite's tests ended; `why` is the suite's reason or message."""

    test: str
    outcome: str
    why: str


def run_suite(environment: Path, slot: int, state: Path, folder: Path) -> Path:
    """Run it on a software card, in one process, so that a crash ends everything; the file of outcomes.

    No slot before it is offered: child processes of the suite use the first one, whatever --slot says.
    """
    settings = folder / "config.toml"
    settings.write_text(f"slots = {list(SLOTS)[slot:]}\n")
    module = run([environment / "bin" / "pyjpki11", "module-path"]).stdout.strip()
    outcomes = folder / f"outcomes{slot}.jsonl"
    argv = [str(environment / "bin" / "pkcs11-check"), "test", "--module", module, "--slot", "0"]
    argv += ["--isolation", "none", "--output", "json", "--output-file", str(folder / "report.json")]
    env = {
        "P11TEST_PIN": list(SLOTS.values())[slot],
        "PYJPKI11_CONFIG": str(settings),
        "PYJPKI11_READER": f"softcard:{state}",
        "PYTEST_ADDOPTS": f"-p no:cacheprovider --report-log={outcomes}",
    }
    said = run(argv, env=env, cwd=folder, timeout=RUN_S, check=False)
    assert said.returncode in (0, 1), f"the suite ended with {said.returncode}\n{said.stdout[-4000:]}\n{said.stderr}"
    return outcomes


def read_outcomes(path: Path) -> list[Outcome]:
    """The outcome of every test, errors of set-up and tear-down among them."""
    found: dict[str, Outcome] = {}
    for row in map(json.loads, path.read_text().splitlines()):
        if row["$report_type"] == "TestReport" and (row["when"] == "call" or row["outcome"] != PASSED):
            found[row["nodeid"]] = _outcome(row)
    return sorted(found.values())


def _outcome(row: Mapping[str, Any]) -> Outcome:
    test = row["nodeid"].rpartition("testcases/")[2]
    if "wasxfail" in row:
        return Outcome(test, DEVIATED if row["outcome"] == SKIPPED else FAILED, row["wasxfail"])
    return Outcome(test, row["outcome"], _message(row["longrepr"]) if row["longrepr"] else "")


def _message(report: Any) -> str:
    if isinstance(report, list):
        return str(report[2])
    crash = report.get("reprcrash") if isinstance(report, dict) else None
    return str(crash["message"] if crash else report)


def skips_in(outcomes: Sequence[Outcome]) -> Skips:
    """File -> reason -> number of tests."""
    counted = Counter((it.test.partition("::")[0], it.why) for it in outcomes if it.outcome == SKIPPED)
    skips: Skips = {}
    for (file, reason), count in sorted(counted.items()):
        skips.setdefault(file, {})[reason.removeprefix("Skipped: ")] = count
    return skips


def differences(outcomes: Sequence[Outcome], slot: int) -> list[str]:
    """A line for everything that is not as expected."""
    recorded = json.loads(SKIPS.read_text())
    skips = {file: {reason: counts[slot] for reason, counts in why.items()} for file, why in recorded.items()}
    return [*_unexpected(outcomes, _expected(slot)), *_skip_differences(skips_in(outcomes), skips)]


def _expected(slot: int) -> dict[str, set[str]]:
    """Test -> the outcomes it may have."""
    groups = tomllib.loads(DEVIATIONS.read_text())["deviation"]
    here = [group for group in groups if slot in group.get("slots", (0, 1))]
    return {test: set(group["outcomes"]) for group in here for test in group["tests"]}


def _unexpected(outcomes: Sequence[Outcome], expected: Mapping[str, set[str]]) -> Iterator[str]:
    for it in outcomes:
        if it.outcome != SKIPPED and it.outcome not in expected.get(it.test, {PASSED}):
            yield f"{it.outcome}: {it.test}: {it.why}"
    for test in sorted(expected.keys() - {it.test for it in outcomes}):
        yield f"listed as a deviation, but no such test has run: {test}"


def _skip_differences(found: Skips, expected: Skips) -> Iterator[str]:
    for file in sorted(found.keys() | expected.keys()):
        now, then = found.get(file, {}), expected.get(file, {})
        for reason in sorted(now.keys() | then.keys()):
            if now.get(reason, 0) != then.get(reason, 0):
                yield f"skipped in {file}: {now.get(reason, 0)} instead of {then.get(reason, 0)}: {reason}"


def record(*paths: str) -> None:
    """Take the skips of both slots' outcomes for the expected ones: a line for each file."""
    slots = [skips_in(read_outcomes(Path(path))) for path in paths]
    lines = []
    for file in sorted(set().union(*slots)):
        counts = {reason: [skips.get(file, {}).get(reason, 0) for skips in slots] for reason in _reasons(file, slots)}
        lines.append(f"{json.dumps(file)}: {json.dumps(counts)}")
    SKIPS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _reasons(file: str, slots: Sequence[Skips]) -> list[str]:
    return sorted(set().union(*(skips.get(file, {}) for skips in slots)))


if __name__ == "__main__":
    record(*sys.argv[1:])
