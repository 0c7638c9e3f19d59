"""The start in a plain C program, in processor instructions: the same on every machine, however busy.

`make bench` has the milliseconds. On the machine where OpenSC's whole `pkcs11-tool --sign` takes 50 ms, the budget of
25 ms is some 80 million instructions.
"""

from __future__ import annotations

import re
from pathlib import Path

from module.conftest import NO_READERS
from support.hosts import Hosts
from support.process import run

#: What was measured, and a little: growth fails. It may only be lowered.
INSTRUCTIONS = 62_000_000


def test_start(c_host: Hosts, module_path: Path, tmp_path: Path) -> None:
    """Load, C_Initialize, C_GetSlotList, C_Finalize."""
    said = run(
        [
            "valgrind",
            "--tool=callgrind",
            f"--callgrind-out-file={tmp_path / 'out'}",
            c_host("cost"),
            module_path,
            "start",
        ],
        env=NO_READERS,
    ).stderr
    counted = re.search(r"refs:\s+([\d,]+)", said)
    assert counted is not None, said
    assert int(counted[1].replace(",", "")) <= INSTRUCTIONS, counted[1]
