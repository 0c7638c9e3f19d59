"""A process that signs for weeks, or that starts and ends the module again and again, stays as it was."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from support.figures import Figures
from torture.conftest import Hosts, RunHost
from torture.sizes import IS_FULL, ROUNDS, SIGNATURES

MAX_GROWTH_LEN = 1 << 20  # bytes
MAX_SLOWDOWN = 1.5


class Course(NamedTuple):
    """What soak.c prints: bytes resident, open files, threads, each after the warm-up and at the end; nanoseconds."""

    memory_before: int
    memory_after: int
    files_before: int
    files_after: int
    threads_before: int
    threads_after: int
    first_ns: int
    last_ns: int

    @property
    def growth(self) -> int:
        """By how many bytes the process grew."""
        return self.memory_after - self.memory_before


def test_soak(torture_host: Hosts, run_on_card: RunHost, module_path: Path, figures: Figures) -> None:
    """Memory, files, threads; and, where there are enough of them, the time that a signature takes."""
    finished = run_on_card(SIGNATURES, torture_host("soak"), module_path, str(SIGNATURES.times), str(ROUNDS.times))
    lines = (line.split() for line in finished.stdout.splitlines())
    courses = {name: Course(*map(int, numbers)) for name, *numbers in lines}
    for name, size in (("signatures", SIGNATURES), ("rounds", ROUNDS)):
        course = courses[name]
        figures(f"{size.times} {name}: {course}, grew by {course.growth // 1024} KiB")
        assert course.growth < MAX_GROWTH_LEN, name
        assert course.files_after == course.files_before, name
        # Those of the last life may still be on their way out. Were any left behind, there would be some each time.
        assert course.threads_after < course.threads_before + size.times // 10, name
    if IS_FULL:
        assert courses["signatures"].last_ns < MAX_SLOWDOWN * courses["signatures"].first_ns
