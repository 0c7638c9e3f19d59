"""The start in a plain C program, in processor instructions: the same on every machine, however busy.

`make bench` has the milliseconds. On the machine where OpenSC's whole `pkcs11-tool --sign` takes 50 ms, the budget of
25 ms is some 80 million instructions.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from module.conftest import NO_READERS
from support.hosts import Hosts
from support.process import run

#: Python -> what was measured, and a little: growth fails. They may only be lowered. Python itself takes 20 million,
#: and some more from 3.12 on.
INSTRUCTIONS = {(3, 11): 32_000_000}
INSTRUCTIONS_OF_NEWER = 39_000_000


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
    limit = INSTRUCTIONS.get(sys.version_info[:2], INSTRUCTIONS_OF_NEWER)
    assert int(counted[1].replace(",", "")) <= limit, counted[1]
