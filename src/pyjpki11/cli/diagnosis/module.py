"""Whether the module loads, here and in other programs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator

from pyjpki11.cli.diagnosis.finding import NOTE, OK, PROBLEM, Finding
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.library import LIBRARY

TIMEOUT_S = 60
#: A program that does with the library what all its users do first; it prints the number of slots.
PYTHON_PROGRAM = """
import ctypes, sys
module = ctypes.CDLL(sys.argv[1])
count = ctypes.c_ulong()
for step in (lambda: module.C_Initialize(None), lambda: module.C_GetSlotList(0, None, ctypes.byref(count))):
    if (answer := step() & 0xFFFFFFFF) != 0:
        sys.exit(f"CKR {answer:08X}")
print(count.value)
module.C_Finalize(None)
"""
#: Program -> options with which it shows what a module says of itself.
OTHER_HOSTS = {"pkcs11-tool": ("--show-info", "--module"), "p11tool": ("--list-tokens", "--provider")}
#: What such a program has printed by then. It may go on to complain that there is no card.
SAID_BY_MODULE = "pyjpki11"
#: No registry has a package of that name, so nothing can be fetched anew.
REBUILD = N_("Build it again, in the folder with the sources of pyjpki11: make build")


def examine() -> Iterator[Finding]:
    """The library in a Python, and in the first other program that is installed."""
    if not LIBRARY.exists():
        message = _("{path} is missing: this copy of pyjpki11 has not been built.", path=LIBRARY)
        yield Finding(PROBLEM, "not-built", message, _(REBUILD))
        return
    yield _loaded("Python", [sys.executable, "-I", "-c", PYTHON_PROGRAM, str(LIBRARY)])
    for program, options in OTHER_HOSTS.items():
        if shutil.which(program):
            yield _loaded(program, [program, *options, str(LIBRARY)])
            return
    message = _("There is no other program with which to test the module.")
    yield Finding(NOTE, "no-host", message, _("Install one: sudo apt install opensc"))


def _loaded(name: str, command: list[str]) -> Finding:
    complaint = _complaint(command)
    if complaint is None:
        return Finding(OK, "loads", _("{program} loads the module.", program=name))
    message = _("{program} cannot load the module: {complaint}", program=name, complaint=complaint)
    return Finding(PROBLEM, "does-not-load", message, _(REBUILD))


def _complaint(command: list[str]) -> str | None:
    """What a program says that fails; None: it does not."""
    try:
        done = subprocess.run(  # noqa: S603 - one of the table
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, errors="backslashreplace"
        )
    except subprocess.TimeoutExpired:
        return _("it did not end within {count} seconds", count=TIMEOUT_S)
    except OSError as error:
        return str(error)
    if done.returncode == 0 or SAID_BY_MODULE in done.stdout:
        return None
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else _("it ended with status {count}", count=done.returncode)
