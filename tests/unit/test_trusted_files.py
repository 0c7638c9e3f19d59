"""Which files count: regular ones that only root and the effective user can have written, reached through nothing else.

The kernel can guard sticky folders by itself (fs.protected_*), which would hide what is missing here; so each refusal
has to be in our words.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pyjpki11 import trusted_files

OTHER = 65534
MAX_LEN = 100
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


def belongs(path: Path) -> None:
    """Give it to another user, not what a link leads to."""
    os.chown(path, OTHER, OTHER, follow_symlinks=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file in it, as a user would have made them."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("mine")
    return tmp_path / "folder"


# -- what counts ----------------------------------------------------------------------------------------------


def _moved(path: Path) -> None:
    """The same behind a link."""
    away = path.with_name(f"{path.name}-away")
    path.rename(away)
    path.symlink_to(away)


def _moved_in_steps(path: Path) -> None:
    """Two links, both relative, one of which goes up."""
    away = path.with_name(f"{path.name}-away")
    path.rename(away)
    path.with_name("middle").symlink_to(Path("..") / path.parent.name / away.name)
    path.symlink_to("middle")


GOOD: dict[str, Callable[[Path], None]] = {
    "as it is": lambda _folder: None,
    "for all to read": lambda folder: (folder / "file").chmod(0o644),
    "the folder is a link": _moved,
    "the folder is a link to a link": _moved_in_steps,
    "the file is a link": lambda folder: _moved(folder / "file"),
    "the file is a link to a link": lambda folder: _moved_in_steps(folder / "file"),
    "in a sticky folder": lambda folder: folder.chmod(0o1777),
    "with a second name": lambda folder: os.link(folder / "file", folder / "name"),
}


@pytest.mark.parametrize("change", GOOD.values(), ids=GOOD)
def test_what_is_read_and_written(change: Callable[[Path], None], folder: Path) -> None:
    change(folder)
    assert trusted_files.read(f"{folder}/file", MAX_LEN) == b"mine"
    trusted_files.append(f"{folder}//./file", b"+")
    assert trusted_files.read(f"{folder}/../folder/file", MAX_LEN) == b"mine+"
    assert trusted_files.real_path(str(folder)) == os.path.realpath(folder)


def test_relative_paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert trusted_files.read("file", MAX_LEN) == b"mine"
    trusted_files.append("new", b"line")
    assert (folder / "new").read_text() == "line"


@needs_root
def test_a_user_takes_roots_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the administrator has put there; but it is not added to."""
    monkeypatch.setattr("posix.geteuid", lambda: OTHER)
    assert trusted_files.read(f"{folder}/file", MAX_LEN) == b"mine"
    with pytest.raises(PermissionError, match="belongs to user 0"):
        trusted_files.append(f"{folder}/file", b"+")
    with pytest.raises(PermissionError, match="belongs to user 0"):
        trusted_files.make_folder(f"{folder}/new")
    assert sorted(os.listdir(folder)) == ["file"]


@pytest.mark.parametrize("umask", [0, 0o777])
def test_a_new_file_is_for_its_owner(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        for _ in range(2):
            trusted_files.append(f"{folder}/new", b"line")
    finally:
        os.umask(before)
    assert (folder / "new").read_text() == "lineline"
    assert (folder / "new").stat().st_mode & 0o7777 == 0o600


def test_no_more_than_the_limit(folder: Path) -> None:
    (folder / "file").write_bytes(b"x" * MAX_LEN)
    assert len(trusted_files.read(f"{folder}/file", MAX_LEN)) == MAX_LEN
    (folder / "file").write_bytes(b"x" * (MAX_LEN + 1))
    with pytest.raises(OSError, match="more than 100 bytes"):
        trusted_files.read(f"{folder}/file", MAX_LEN)


def test_no_descriptor_is_left(folder: Path) -> None:
    (folder / "fifo").mkdir()
    before = os.listdir("/proc/self/fd")
    for path in (folder / "file", folder / "fifo", folder / "none"):
        for use in USES.values():
            try:
                use(str(path))
            except OSError:
                pass
    assert os.listdir("/proc/self/fd") == before


# -- what does not --------------------------------------------------------------------------------------------

USES: dict[str, Callable[[str], object]] = {
    "read": lambda path: trusted_files.read(path, MAX_LEN),
    "append": lambda path: trusted_files.append(path, b"+"),
}


def _replaced(path: Path, make: Callable[[Path], object]) -> None:
    path.rename(path.with_name("before"))
    make(path)


def _linked_by_another(path: Path) -> None:
    _moved(path)
    belongs(path)


def _linked_in_a_sticky_folder(folder: Path) -> None:
    _moved(folder / "file")
    folder.chmod(0o1777)


def _named_in_a_sticky_folder(folder: Path) -> None:
    """What others may do where fs.protected_hardlinks is 0."""
    os.link(folder / "file", folder.parent / "precious")
    folder.chmod(0o1777)


def _through_the_folder_of_another(folder: Path) -> None:
    """Both ends are ours, but the link can be exchanged."""
    theirs = folder.with_name("theirs")
    theirs.mkdir()
    (theirs / "link").symlink_to(folder / "file")
    belongs(theirs)
    _replaced(folder / "file", lambda path: path.symlink_to(theirs / "link"))


def _of_another_in_a_sticky_folder(folder: Path) -> None:
    belongs(folder / "file")
    folder.chmod(0o1777)


def _fifo_of_another(path: Path) -> None:
    _replaced(path, os.mkfifo)
    belongs(path)


#: What is wrong -> how it comes to be, our words for it.
BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "written by all": (lambda folder: (folder / "file").chmod(0o666), "written by others .mode 0666"),
    "written by its group": (lambda folder: (folder / "file").chmod(0o620), "written by others .mode 0620"),
    "in a folder for all": (lambda folder: folder.chmod(0o777), "written by others .mode 0777"),
    "in a folder of a group": (lambda folder: folder.chmod(0o770), "written by others .mode 0770"),
    "a link in a sticky folder": (_linked_in_a_sticky_folder, "linked by others"),
    "a second name in a sticky folder": (_named_in_a_sticky_folder, "linked by others"),
    "a FIFO": (lambda folder: _replaced(folder / "file", os.mkfifo), "not a regular file|No such device"),
    "a folder": (lambda folder: _replaced(folder / "file", Path.mkdir), "not a regular file|Is a directory"),
    "links in a circle": (
        lambda folder: _replaced(folder / "file", lambda path: path.symlink_to(path)),
        "more than 40 links",
    ),
}
#: The same with files of another user.
BAD_OF_ANOTHER: dict[str, tuple[Callable[[Path], None], str]] = {
    "the file": (lambda folder: belongs(folder / "file"), "belongs to user 65534"),
    "the folder": (belongs, "belongs to user 65534"),
    "a folder further up": (lambda folder: belongs(folder.parent), "belongs to user 65534"),
    "the file in a sticky folder": (_of_another_in_a_sticky_folder, "belongs to user 65534"),
    "a FIFO": (lambda folder: _fifo_of_another(folder / "file"), "belongs to user 65534"),
    "a link": (lambda folder: _linked_by_another(folder / "file"), "belongs to user 65534"),
    "a link to the folder": (_linked_by_another, "belongs to user 65534"),
    "a link between": (_through_the_folder_of_another, "belongs to user 65534"),
}


def check_refusal(use: Callable[[str], object], folder: Path, words: str) -> None:
    """It is refused in those words, and not a byte has changed."""
    with pytest.raises(OSError, match=words):
        use(f"{folder}/file")
    texts = {path.read_text() for path in folder.parent.rglob("*") if path.is_file()}
    assert texts <= {"mine"}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize(("change", "words"), BAD.values(), ids=BAD)
def test_what_is_refused(
    use: Callable[[str], object], change: Callable[[Path], None], words: str, folder: Path
) -> None:
    change(folder)
    check_refusal(use, folder, words)


@needs_root
@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize(("change", "words"), BAD_OF_ANOTHER.values(), ids=BAD_OF_ANOTHER)
def test_what_is_refused_of_another_user(
    use: Callable[[str], object], change: Callable[[Path], None], words: str, folder: Path
) -> None:
    change(folder)
    check_refusal(use, folder, words)


def test_no_file_is_made_at_the_end_of_a_link(folder: Path) -> None:
    (folder / "log").symlink_to(folder / "elsewhere")
    with pytest.raises(OSError, match=r"exists|No such file"):
        trusted_files.append(f"{folder}/log", b"line")
    assert not (folder / "elsewhere").exists()


@needs_root
def test_nothing_is_made_where_others_may_write(folder: Path) -> None:
    (folder / "theirs").mkdir()
    belongs(folder / "theirs")
    (folder / "shared").mkdir()
    (folder / "shared").chmod(0o777)
    for name in ("theirs", "shared"):
        for make in (USES["append"], trusted_files.make_folder):
            with pytest.raises(PermissionError):
                make(f"{folder}/{name}/new")
        assert os.listdir(folder / name) == []
