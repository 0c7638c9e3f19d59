"""A child program that is told what to do one line at a time, each answer within its time."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.process import Failed, environment

TESTS = Path(__file__).parents[1]
ANSWER_S = 40.0
READ_SIZE = 1 << 16


class Refused(Exception):
    """The child could not do it; `name` is the error as the interface behind it calls it, CKR_... or 6982."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Conversation:
    """One of the programs in tests/support/programs, running."""

    def __init__(self, program: str, *arguments: str | Path, env: Mapping[str, str | None] | None = None) -> None:
        self._argv = [sys.executable, "-m", f"support.programs.{program}", *map(str, arguments)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            self._argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment({"PYTHONPATH": str(TESTS), **(env or {})}),
            start_new_session=True,
        )
        self._unread = b""

    def ask(self, operation: str, *arguments: Any, timeout: float = ANSWER_S) -> Any:
        """What the child answers.

        Raises Refused for an error that the child reports, Failed when it crashed or is silent for too long.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([operation, *arguments]).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._give_up(f"was gone before {operation}")
        answer = json.loads(self._line(operation, timeout))
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["value"]

    def close(self) -> None:
        """Let the program end by itself, which it must do in time."""
        if self._process.returncode is not None:
            return
        try:
            _, errors = self._process.communicate(timeout=ANSWER_S)
        except subprocess.TimeoutExpired:
            self._give_up("does not end")
        if self._process.returncode:
            raise Failed(f"{self._argv} ended with {self._process.returncode}\n{errors.decode(errors='replace')}")

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.kill()

    def _line(self, operation: str, timeout: float) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(timeout):
                    self._give_up(f"did not answer {operation} within {timeout} s")
                part = os.read(self._process.stdout.fileno(), READ_SIZE)
                if not part:
                    self._give_up(f"ended during {operation}")
                self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _give_up(self, what: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        _, errors = self._process.communicate()
        status = self._process.returncode
        raise Failed(f"{self._argv}\n{what} (status {status})\n{errors.decode(errors='replace')}")
