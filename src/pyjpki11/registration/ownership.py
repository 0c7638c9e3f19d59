"""Whether what all users are to run is root's alone: nothing that the module loads, nor a folder above it, is another
user's to change.

That is all that the module's Python could import, not only what it imports today: the folder of the package with all
that is in it, and the standard library; and the Python itself.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
MAX_LINKS = 40  # as many as Linux follows


def is_roots_alone(library: Path) -> bool:
    """Whether it is certain that only root can change a module and its Python."""
    try:
        return foreign_part(library) is None
    except OSError:
        return False


def foreign_part(library: Path) -> Path | None:
    """The first part of a module, or of its Python, that others than root can change; None: there is none.

    :raises OSError: a part cannot be examined.
    """
    files = (foreign_step(path) for path in (library, *_python()))
    trees = (foreign_below(path) for path in (library.parents[1], *_standard_library()))
    return next((found for parts in (files, trees) for found in parts if found), None)


def foreign_step(path: Path, root: Path = Path("/")) -> Path | None:
    """The first step on the way from `root` to a file that others than root can change, with links resolved.

    :raises OSError: it cannot be examined.
    """
    try:
        return next((step for step in _steps(path, root) if not _is_roots(step.lstat())), None)
    except FileNotFoundError:
        return None  # and only root can make it


def foreign_below(folder: Path) -> Path | None:
    """The same on the way to a folder, and for all that is in it or that links in it lead to.

    :raises OSError: a part cannot be examined.
    """
    if found := foreign_step(folder):
        return found
    waiting, seen = [os.path.realpath(folder)], set()
    while waiting:
        inside = waiting.pop()
        if inside in seen or not os.path.isdir(inside):
            continue
        seen.add(inside)
        for entry in _entries(inside):
            if not _is_roots(entry.stat(follow_symlinks=False)):
                return Path(entry.path)
            if entry.is_symlink():
                if found := foreign_step(Path(entry.path)):
                    return found
                waiting.append(os.path.realpath(entry.path))
            elif entry.is_dir():
                waiting.append(entry.path)
    return None


def _steps(path: Path, root: Path) -> Iterator[Path]:
    """Every folder and link on the way to a file, and what is at its end."""
    at, rest, links = root, [*reversed(path.relative_to(root).parts)], 0
    yield at
    while rest:
        name = rest.pop()
        step = at.parent if name == ".." else at / name
        yield step
        if not step.is_symlink():
            at = step
            continue
        links += 1
        if links > MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = step.readlink()
        at = root if target.is_absolute() else at
        rest += reversed(target.parts[1:] if target.is_absolute() else target.parts)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _is_roots(status: os.stat_result) -> bool:
    """Whether it is root's, and only root may write it. A link is changed by changing its folder."""
    return status.st_uid == 0 and (stat.S_ISLNK(status.st_mode) or not status.st_mode & OTHERS_WRITE)


def _python() -> list[Path]:
    """The interpreter, and its library in all places that the build may have taken it from."""
    values = {name: sysconfig.get_config_var(name) for name in ("LIBDIR", "LIBPL", "INSTSONAME", "LDLIBRARY")}
    folders = [Path(values[name]) for name in ("LIBDIR", "LIBPL") if values[name]]
    libraries = [folder / values[name] for folder in folders for name in ("INSTSONAME", "LDLIBRARY") if values[name]]
    program = Path(sys.base_prefix) / "bin" / f"python{sysconfig.get_python_version()}"
    return [Path(sys.executable), program, *libraries]


def _standard_library() -> set[Path]:
    """The folders that the module's Python looks in."""
    return {Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_config_var("DESTSHARED"))}
