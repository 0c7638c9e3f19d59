"""Files of others: changed as a whole or not at all, and looking afterwards as they did."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pyjpki11.registration import files, refusal
from pyjpki11.registration.files import Change
from pyjpki11.registration.place import Place, closed_to_others
from pyjpki11.registration.refusal import Refused

LIBRARY = Path("/usr/lib/libpyjpki11.so")
OTHER = 65534
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def place(home: Path) -> Place:
    """That user's files."""
    return Place(LIBRARY, {"HOME": str(home)})


@pytest.fixture
def file(home: Path) -> Path:
    """A file of the user's, which only the user reads."""
    path = home / "file"
    path.write_bytes(b"before\n")
    path.chmod(0o640)
    return path


def listing(folder: Path) -> dict[str, bytes]:
    """Everything in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def refused(function: Callable[..., object], *arguments: object) -> str:
    """The code of a refusal."""
    with pytest.raises(Refused) as caught:
        function(*arguments)
    return caught.value.code


def change(file: Path) -> list[Change]:
    """A file's change, and its copy."""
    copy = Change(files.backup_path(file), None, b"before\n", 0o600, pattern=file.name, is_ours=True)
    return [copy, Change(file, b"before\n", b"after\n", 0o600, copy.path)]


def test_a_copy_looks_like_the_file(file: Path, place: Place) -> None:
    files.apply(change(file), place)
    assert listing(file.parent) == {"file": b"after\n", "file.pyjpki11-backup": b"before\n"}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == {0o640}


def test_the_owner_is_kept(file: Path) -> None:
    """Only root may write files of others."""
    owner = (1234, 4321) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(file, *owner)
    files.apply(change(file), Place(LIBRARY, {}, is_system=True))
    assert {(path.stat().st_uid, path.stat().st_gid) for path in file.parent.iterdir()} == {owner}


def test_attributes_are_kept(file: Path, place: Place) -> None:
    os.setxattr(file, "user.note", b"kept")
    files.apply(change(file), place)
    assert os.getxattr(file, "user.note") == b"kept"


@pytest.mark.parametrize(("mode", "folder_mode"), [(0o600, 0o700), (0o644, 0o755)])
def test_a_new_file(home: Path, place: Place, mode: int, folder_mode: int) -> None:
    path = home / "folder" / "file"
    files.apply([Change(path, None, b"new", mode)], place)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert stat.S_IMODE(path.parent.stat().st_mode) == folder_mode
    files.apply([Change(path, b"new", None, mode)], place)
    assert listing(path.parent) == {}


def test_a_file_that_has_changed_meanwhile(file: Path, place: Place) -> None:
    assert refused(files.apply, [Change(file, b"older\n", b"after\n", 0o600)], place) == refusal.CHANGED
    assert listing(file.parent) == {"file": b"before\n"}


def test_all_or_none(file: Path, home: Path, place: Place) -> None:
    """The last one cannot be written: its folder is a file. Folders that were made for the others go again."""
    changes = [Change(home / "folder" / "new", None, b"new", 0o600), *change(file)]
    with pytest.raises(NotADirectoryError):
        files.apply([*changes, Change(file / "below", None, b"x", 0o600)], place)
    assert listing(home) == {"file": b"before\n"} and [path.name for path in home.iterdir()] == ["file"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder of others, in which a file has the name of ours."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "file").write_bytes(b"before\n")
    return folder


def test_a_folder_that_a_link_replaces_after_it_was_examined(home: Path, place: Place, elsewhere: Path) -> None:
    """Nothing is read or written behind the link, be it as root."""
    (home / "folder").mkdir()
    path = files.real_path(home / "folder" / "file", place)
    (home / "folder").rename(home / "away")
    (home / "folder").symlink_to(elsewhere)
    with pytest.raises(NotADirectoryError):
        files.read(path, place)
    with pytest.raises(NotADirectoryError):
        files.apply(change(path), place)
    assert listing(elsewhere) == {"file": b"before\n"}


@ROOT_ONLY
def test_a_folder_that_another_user_replaces_after_it_was_examined(home: Path, place: Place, elsewhere: Path) -> None:
    path = files.real_path(home / "folder" / "file", place)
    os.chown(elsewhere, OTHER, OTHER)
    elsewhere.rename(home / "folder")
    assert refused(files.apply, change(path), place) == refusal.NOT_YOURS
    assert listing(home / "folder") == {"file": b"before\n"}


@ROOT_ONLY
@pytest.mark.parametrize("name", ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"])
@pytest.mark.parametrize("part", ["", "folder/to/be/made"])
def test_settings_of_somebody_else(home: Path, elsewhere: Path, name: str, part: str) -> None:
    """As with sudo -E: HOME is root's, and the other variables are the user's."""
    os.chown(elsewhere, OTHER, OTHER)
    place = Place(LIBRARY, {"HOME": str(home), name: str(elsewhere / part)})
    assert refused(place.check_owner) == refusal.HOME_NOT_YOURS


def test_a_symbolic_link_within_the_home_is_followed(file: Path, place: Place) -> None:
    """As people have it who keep their settings in a repository."""
    link = place.home / "link"
    link.symlink_to(file)
    assert files.real_path(link, place) == file


@pytest.mark.parametrize("is_folder", [False, True], ids=["file", "folder"])
def test_a_symbolic_link_out_of_the_home(tmp_path: Path, place: Place, is_folder: bool) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / "file").write_text("foreign")
    link = place.home / "link"
    link.symlink_to(target if is_folder else target / "file")
    assert refused(files.real_path, link / "file" if is_folder else link, place) == refusal.SYMLINK


def test_a_home_that_is_a_symbolic_link(tmp_path: Path, home: Path) -> None:
    (tmp_path / "link").symlink_to(home)
    place = Place(LIBRARY, {"HOME": str(tmp_path / "link")})
    assert files.real_path(tmp_path / "link" / "file", place) == home / "file"


def test_settings_out_of_the_home_that_the_user_has_named(tmp_path: Path, home: Path) -> None:
    place = Place(LIBRARY, {"HOME": str(home), "XDG_CONFIG_HOME": str(tmp_path / "settings")})
    assert files.real_path(tmp_path / "settings" / "file", place) == tmp_path / "settings" / "file"


def test_what_is_not_a_file(place: Place) -> None:
    assert refused(files.read, place.home, place) == refusal.NOT_REGULAR
    os.mkfifo(place.home / "pipe")
    assert refused(files.read, place.home / "pipe", place) == refusal.NOT_REGULAR
    assert files.read(place.home / "none", place) is None


def test_a_file_of_somebody_else(file: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    assert refused(files.read, file, place) == refusal.NOT_YOURS
    assert files.read(file, Place(LIBRARY, {}, is_system=True)) == b"before\n"


def test_a_home_of_somebody_else(home: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under sudo, which may keep HOME."""
    place.check_owner()
    monkeypatch.setattr(os, "geteuid", lambda: home.stat().st_uid + 1)
    assert refused(place.check_owner) == refusal.HOME_NOT_YOURS
    assert refused(Place(LIBRARY, {}).check_owner) == refusal.HOME_NOT_YOURS
    Place(LIBRARY, {}, is_system=True).check_owner()


UNUSABLE = ["/a/$HOME/l.so", '/a/"/l.so', "/a\n/l.so", "/a#/l.so", "/a\\/l.so", "/a/%d.so", "l.so"]


@pytest.mark.parametrize("path", UNUSABLE)
def test_a_library_whose_path_a_format_would_change(home: Path, path: str) -> None:
    assert refused(Place(Path(path), {"HOME": str(home)}).check_library) == refusal.UNUSABLE_PATH


def test_a_library_among_japanese_folders(home: Path) -> None:
    Place(Path("/home/花子/my files/libpyjpki11.so"), {"HOME": str(home)}).check_library()


def test_diff(file: Path) -> None:
    lines = Change(file, b"a\nb\n", b"a\nc\n", 0o600).diff()
    assert lines == [f"--- {file}", f"+++ {file}", "@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    assert Change(file, None, b"a\n", 0o600).diff()[:2] == ["--- /dev/null", f"+++ {file}"]
    assert Change(file, None, b"\x7fELF\0", 0o600).diff() == []


def test_what_others_cannot_read(file: Path) -> None:
    assert closed_to_others(Path("/usr/bin/env")) is None
    assert closed_to_others(file) in (file, *file.parents)
