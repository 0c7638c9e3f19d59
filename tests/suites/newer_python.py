"""An environment for a suite that needs a newer Python than the tests have, with our module built for that Python."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from support.process import Failed, run

PROJECT = Path(__file__).parents[2]
#: What the module is built from.
SOURCES = ("src", "c_shim", "docs/man", "pyproject.toml", "setup.py", "README.md", "LICENSE")
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.so", ".*")
NAMES = ("python3.12", "python3.13", "python3.14")
INSTALL_S, LOOK_S = 600.0, 30.0


class NoNewerPython(Exception):
    """This machine has none; the text says which were tried."""


def find(oldest: tuple[int, int]) -> Path:
    """A Python of at least that version that the module can be built for. Raises NoNewerPython."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)  # that of the user, not the tests' empty one
    of_pyenv = sorted(map(str, home.glob(".pyenv/versions/3.*/bin/python3")))
    candidates = [sys.executable, *NAMES, *of_pyenv]
    for candidate in candidates:
        if (found := _usable(candidate, oldest)) is not None:
            return found
    wanted = ".".join(map(str, oldest))
    raise NoNewerPython(f"there is no Python {wanted} or later with its shared library among {candidates}")


def _usable(candidate: str, oldest: tuple[int, int]) -> Path | None:
    """The Python's own path, if the project's set-up would build with it and it is new enough."""
    try:
        path = run([PROJECT / "tools" / "find_python.sh", candidate], timeout=LOOK_S).stdout.strip()
        version = run([path, "-Ic", "import sys; print(*sys.version_info[:2])"], timeout=LOOK_S).stdout
    except Failed:
        return None
    return Path(path) if tuple(map(int, version.split())) >= oldest else None


def environment_with(python: Path, requirement: str) -> Path:
    """The folder of an environment with the requirement and the module.

    It is kept: the requirement is installed once, the module whenever its sources have changed.
    """
    building = tomllib.loads((PROJECT / "pyproject.toml").read_text())["build-system"]["requires"]
    which = hashlib.sha256(repr((str(python), building)).encode()).hexdigest()
    folder = Path(sys.prefix) / "suites" / f"{requirement}-{which[:8]}"
    with _alone(folder), tempfile.TemporaryDirectory() as name:
        if not (folder / "complete").exists():
            run([python, "-m", "venv", "--clear", folder], timeout=INSTALL_S)
            _install(folder, *building, requirement)
            (folder / "complete").touch()
        sources = Path(name)
        _copy_sources(sources)
        _install_module(folder, sources)
    return folder


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Tests run in several processes, which want the same environment."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_module(folder: Path, sources: Path) -> None:
    stamp, wanted = folder / "module", _hash_of(sources)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    _install(folder, "--no-build-isolation", sources)  # with what it requires
    _install(folder, "--no-build-isolation", "--no-deps", "--force-reinstall", sources)  # the version is the same
    stamp.write_text(wanted)


def _install(folder: Path, *arguments: str | Path) -> None:
    run([folder / "bin" / "pip", "install", "--quiet", *arguments], timeout=INSTALL_S)


def _copy_sources(target: Path) -> None:
    """pip builds where the sources are, which is no place for another Python's results."""
    for name in SOURCES:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=IGNORED)
        else:
            shutil.copyfile(source, target / name)


def _hash_of(folder: Path) -> str:
    hashing = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        hashing.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return hashing.hexdigest()
