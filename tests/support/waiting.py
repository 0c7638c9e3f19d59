"""What a program is subjected to while it waits for a slot event, and how it has to come out of it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from subprocess import CompletedProcess

EXIT_STATUS = 3
#: Mode of wait.c -> its status, how many signatures it prints.
MODES = {
    "exit": (EXIT_STATUS, 0),
    "_exit": (EXIT_STATUS, 0),
    "terminated": (-signal.SIGTERM, 0),
    "atexit": (EXIT_STATUS, 0),
    "cancel": (0, 1),
    "signals": (0, 1),
    "fork": (0, 2),
    "late": (0, 0),
}


def assert_comes_out(run: Callable[..., CompletedProcess[str]], mode: str, signature: str | None = None) -> None:
    """The program ends as it should, within the time that `run` gives it.

    :param signature: what it signs; None where another test has looked at that.
    """
    finished = run(mode)
    status, count = MODES[mode]
    assert finished.returncode == status, finished
    assert finished.stderr == ""
    lines = finished.stdout.split()
    assert len(lines) == count
    if signature is not None:
        assert set(lines) <= {signature}
