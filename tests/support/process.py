"""Runs programs that cannot outlive their time or the tests."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

Argument = str | Path
TIMEOUT_S = 60.0
ENDING_S = 10.0  # for a program that was told to end


class Failed(AssertionError):
    """A program that ended badly or not at all; its text is everything the program said."""


def run(
    argv: Sequence[Argument],
    *,
    timeout: float = TIMEOUT_S,
    env: Mapping[str, str | None] | None = None,
    cwd: Path | None = None,
    text: str = "",
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with `text` as its input.

    `env` is laid over the tests' own environment; None takes a variable away.
    Raises Failed for a status other than 0, unless `check` is off, or when the time is over.
    """
    with _process(argv, environment(env), cwd, text) as (process, stdin):
        try:
            stdout, stderr = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            _kill_group(process)
            stdout, stderr = process.communicate()
            raise Failed(_report(argv, f"did not end within {timeout} s", stdout, stderr)) from None
    if check and process.returncode:
        raise Failed(_report(argv, f"ended with {process.returncode}", stdout, stderr))
    return subprocess.CompletedProcess(list(map(str, argv)), process.returncode, stdout, stderr)


@contextlib.contextmanager
def background(
    argv: Sequence[Argument], log: Path, env: Mapping[str, str | None] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs beside the tests, its output going to the end of `log`; ended with the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - what the tests name
            [*_ends_with_us(), *map(str, argv)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(env),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End a background program, by force where it does not listen."""
    process.send_signal(how)
    try:
        process.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        _kill_group(process)
        process.wait(ENDING_S)


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """The tests' environment with changes; None takes a variable away."""
    merged: dict[str, str | None] = {**os.environ, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


@contextlib.contextmanager
def _process(
    argv: Sequence[Argument], env: dict[str, str], cwd: Path | None, text: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(  # noqa: S603 - what the tests name
        list(map(str, argv)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=cwd,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,
    )
    try:
        yield process, text
    except BaseException:  # a keyboard interrupt as well
        _kill_group(process)
        raise
    finally:
        process.wait(ENDING_S)


def _ends_with_us() -> list[str]:
    """A prefix that has the kernel end a program when the tests are killed; util-linux has it."""
    tool = shutil.which("setpriv")
    return [tool, "--pdeathsig", "TERM", "--"] if tool else []


def _kill_group(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the leader of its own session, hence of its group


def _report(argv: Sequence[Argument], what: str, stdout: str, stderr: str) -> str:
    return f"{shlex.join(map(str, argv))}\n{what}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
