"""Programs that may do more than those who start them, and the users who do."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.process import run

OTHER = 65534  # Debian's nobody
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make programs that run with root's rights")
#: What starts a program as an ordinary user, who can read all, wherever this project and its Python are installed.
AS_OTHER = [
    "setpriv",
    f"--reuid={OTHER}",
    f"--regid={OTHER}",
    "--clear-groups",
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
    "--",
]


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that all users reach, in a file system that heeds set-id programs."""
    places = [place for place in ("/tmp", "/var/tmp", "/run") if not os.statvfs(place).f_flag & os.ST_NOSUID]  # noqa: S108
    assert places, "every file system for temporary files is mounted with nosuid"
    folder = Path(tempfile.mkdtemp(dir=places[0]))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def give(path: Path, user: int = OTHER) -> Path:
    """Hand a file or folder, with all that is in it, to a user; links themselves, not what they lead to."""
    for each in [path, *(path.rglob("*") if path.is_dir() and not path.is_symlink() else ())]:
        os.chown(each, user, user, follow_symlinks=False)
    return path


def _set_uid(program: Path) -> None:
    os.chown(program, 0, 0)
    program.chmod(0o4755)


def _setcap() -> str:
    program = shutil.which("setcap", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program is not None, "setcap is not installed (package libcap2-bin)"
    return program


def _set_capability(program: Path) -> None:
    run([_setcap(), "cap_dac_override+ep", program])


#: How a program comes to its rights.
MAKERS = {
    "set-uid": _set_uid,
    "file capabilities": _set_capability,
}


def privileged(program: Path, folder: Path, kind: str) -> Path:
    """A copy of a program in a folder, with root's rights of that kind."""
    copy = Path(shutil.copy(program, folder / f"{program.name} {kind}".replace(" ", "-")))
    MAKERS[kind](copy)
    return copy
