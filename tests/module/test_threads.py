"""Threads of the host: many, short-lived, small, cancelled."""

from __future__ import annotations

from pathlib import Path

import pytest
from module.conftest import NO_READERS, RunHost


@pytest.mark.parametrize("mode", ["together", "first-exits", "cancel"])
def test_threads(run_host: RunHost, signature: str, mode: str) -> None:
    assert run_host("threads", mode).stdout.split() == [signature]


@pytest.mark.parametrize("round_number", range(5))
def test_first_call_from_ten_threads(run_host: RunHost, signature: str, round_number: int) -> None:
    """Another race each time."""
    assert run_host("threads", "together").stdout.split() == [signature], round_number


@pytest.mark.parametrize("rounds", [0, 3])
def test_a_crowd(run_host: RunHost, signature: str, rounds: int) -> None:
    """64 threads sign, search, open and close, while the module is finalised and initialised anew under them."""
    answer = run_host("crowd", "64", str(rounds))
    assert answer.stdout.split() == [signature]
    assert answer.stderr == ""


# Python 3.11 starts, logs in and signs on 32 KiB; twice that leaves room for other versions and for libc.
@pytest.mark.parametrize("stack_kib", [64, 128, 256])
def test_small_stack(run_host: RunHost, signature: str, stack_kib: int) -> None:
    assert run_host("threads", "small-stack", str(stack_kib)).stdout.split() == ["0x0", signature]


def test_threads_check_what_they_do(run_host: RunHost, tmp_path: Path) -> None:
    """These tests can fail: without a card the host says where it stopped."""
    answer = run_host("threads", "first-exits", env=NO_READERS, check=False)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "C_OpenSession" in answer.stderr
