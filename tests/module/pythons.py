"""The Pythons of this machine, which may all be hosts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

PLACES = [
    Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
    Path.home() / ".local/share/uv/python",
]
PROGRAMS = [Path("/usr/bin"), Path("/usr/local/bin"), *PLACES]
ASK = """
import ctypes, sys, sysconfig
folder, name = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("INSTSONAME")
print("%d.%d %s/%s" % (sys.version_info[0], sys.version_info[1], folder, name))
"""
OWN_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


class Python(NamedTuple):
    """An interpreter that has ctypes; its shared library need not exist."""

    program: Path
    version: str
    library: Path


def _asked(program: Path) -> Python | None:
    try:
        answer = subprocess.run(  # noqa: S603 - the machine's own
            [program, "-c", ASK], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version, _, library = answer.stdout.strip().partition(" ")
    return Python(program, version, Path(library)) if answer.returncode == 0 else None


def _candidates() -> set[Path]:
    found = {Path(sys.executable).resolve()}
    for place in PROGRAMS:
        if not os.access(place, os.R_OK | os.X_OK):
            continue  # PYENV_ROOT may be that of another user, from whom this one has got the environment
        pattern = "*/bin/python[23].*" if place in PLACES else "python[23].*"
        found |= {path.resolve() for path in place.glob(pattern) if path.name.replace(".", "")[6:].isdigit()}
    return found


_FOUND = [python for path in sorted(_candidates()) if (python := _asked(path)) is not None]
#: Those the module works in, ours at least.
SAME = [python for python in _FOUND if python.version == OWN_VERSION]
#: Those it has to refuse.
OTHERS = [python for python in _FOUND if python.version != OWN_VERSION]


def name_of(python: object) -> str:
    """How pytest calls one."""
    return str(python.program) if isinstance(python, Python) else str(python)
