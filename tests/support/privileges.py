"""Programs that may do more than those who start them, and the users who do."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.process import run

OTHER = 65534  # Debian's nobody
CONFIG = ".config/pyjpki11/config.toml"
CRONTAB = '"* * * * * root /tmp/evil" = 1\n'  # a line that the complaint about it would carry to a log
KEPT = 'database_key = "hunter2"\n'
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


class Trap:
    """What an ordinary user has prepared, and a folder where only root may write."""

    def __init__(self, folder: Path, card: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.roots = folder / "roots"
        self.roots.mkdir(mode=0o755)
        (self.roots / "secret.toml").write_text(KEPT)
        (self.roots / "secret.toml").chmod(0o600)
        shutil.copytree(card, self.home / "card")
        (self.home / CONFIG).parent.mkdir(parents=True)
        self.configure(CRONTAB)

    def configure(self, text: str) -> None:
        """The user's settings."""
        (self.home / CONFIG).write_text(text.replace("ROOTS", str(self.roots)).replace("HOME", str(self.home)))
        give(self.home)

    def environment(self, variables: Mapping[str, str]) -> dict[str, str | None]:
        """The variables of the user's choice."""
        named = {key: value.replace("ROOTS", str(self.roots)) for key, value in variables.items()}
        return {key: value.replace("HOME", str(self.home)) for key, value in named.items()}

    def check(self) -> None:
        """Root's folder is as it was, and nothing in the user's home is root's."""
        assert {path.name: path.read_text() for path in self.roots.iterdir()} == {"secret.toml": KEPT}
        assert {path.lstat().st_uid for path in self.home.rglob("*")} == {OTHER}
