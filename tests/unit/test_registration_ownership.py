"""What only root can change, and what others can."""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyjpki11.registration.ownership import foreign_below, foreign_part, foreign_step

OTHER = 65534
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system of its own, since /tmp is everybody's, with a package."""
    folder = tmp_path / "root"
    (folder / "opt/site/pyjpki11/boundary").mkdir(parents=True)
    (folder / "opt/site/pyjpki11/boundary/_cffi.so").touch()
    (folder / "opt/site/pyjpki11/libpyjpki11.so").touch()
    return folder


def give_away(path: Path) -> None:
    """To another user."""
    os.chown(path, OTHER, OTHER, follow_symlinks=False)


def let_group(path: Path) -> None:
    """Write."""
    path.chmod(0o775)


def let_all(path: Path) -> None:
    """Write, as in /tmp."""
    path.chmod(0o1777)


@pytest.mark.parametrize("spoil", [give_away, let_group, let_all])
@pytest.mark.parametrize("part", ["", "opt", "opt/site", "opt/site/pyjpki11", "opt/site/pyjpki11/libpyjpki11.so"])
def test_every_step_counts(root: Path, part: str, spoil: Callable[[Path], None]) -> None:
    library = root / "opt/site/pyjpki11/libpyjpki11.so"
    assert foreign_step(library, root) is None
    spoil(root / part)
    assert foreign_step(library, root) == root / part


def test_links_are_followed_at_every_step(root: Path) -> None:
    """One to a folder on the way, one to a link, one that begins at the root, one that goes up."""
    (root / "real").mkdir()
    (root / "real/file").touch()
    (root / "first").symlink_to("/second")
    (root / "second").symlink_to("opt/../real")
    assert foreign_step(root / "first/file", root) is None
    for part in ("real/file", "real", "second", "first"):
        status = (root / part).lstat()
        give_away(root / part)
        assert foreign_step(root / "first/file", root) == root / part
        os.chown(root / part, status.st_uid, status.st_gid, follow_symlinks=False)


def test_what_is_missing_only_root_can_make(root: Path) -> None:
    assert foreign_step(root / "opt/none/file", root) is None
    give_away(root / "opt")
    assert foreign_step(root / "opt/none/file", root) == root / "opt"


def test_links_that_go_round(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        foreign_step(root / "a", root)


@pytest.fixture
def roots_folder() -> Iterator[Path]:
    """A folder above which all belongs to root, if these tests are installed so."""
    with tempfile.TemporaryDirectory(dir=sys.prefix) as folder:
        yield Path(folder)


@pytest.mark.parametrize("spoil", [give_away, let_group])
@pytest.mark.parametrize("part", ["a", "a/b", "a/b/file"])
def test_all_that_is_in_a_folder_counts(roots_folder: Path, part: str, spoil: Callable[[Path], None]) -> None:
    (roots_folder / "a/b").mkdir(parents=True)
    (roots_folder / "a/b/file").touch()
    assert foreign_below(roots_folder) is None
    spoil(roots_folder / part)
    assert foreign_below(roots_folder) == roots_folder / part


def test_what_links_in_a_folder_lead_to_counts(roots_folder: Path, tmp_path: Path) -> None:
    """A folder elsewhere, with what is in it; and itself, round in circles."""
    for name in ("site", "elsewhere"):
        (roots_folder / name).mkdir()
    (roots_folder / "elsewhere/module.py").touch()
    (roots_folder / "site/linked").symlink_to("../elsewhere")
    (roots_folder / "site/round").symlink_to(".")
    assert foreign_below(roots_folder / "site") is None
    give_away(roots_folder / "elsewhere/module.py")
    assert foreign_below(roots_folder / "site") == roots_folder / "elsewhere/module.py"


@pytest.mark.parametrize("place", ["beside the package", "interpreter", "standard library", "libpython"])
def test_the_module_with_its_python(roots_folder: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's Python is root's alone; one that is not would be found."""
    library = roots_folder / "site/pyjpki11/libpyjpki11.so"
    library.parent.mkdir(parents=True)
    library.touch()
    assert foreign_part(library) is None
    spoilt = roots_folder / ("site" if place == "beside the package" else "python") / "part"
    spoilt.parent.mkdir(exist_ok=True)
    spoilt.touch()
    give_away(spoilt)
    if place == "interpreter":
        monkeypatch.setattr(sys, "executable", str(spoilt))
    elif place == "standard library":
        monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(spoilt.parent))
    elif place == "libpython":
        values = {"LIBDIR": str(spoilt.parent), "INSTSONAME": spoilt.name}
        monkeypatch.setattr(sysconfig, "get_config_var", values.get)
        monkeypatch.setattr("pyjpki11.registration.ownership._standard_library", set)
    assert foreign_part(library) == spoilt
