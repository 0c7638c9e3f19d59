"""What commands write: never over a file unasked, through links, with a mode that suits, and no swap is fallen for."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.process import run

from pyjpki11.cli.terminal import exits, files
from pyjpki11.cli.terminal.exits import ToolError


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """The usual one, whatever the tests run with."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def write(path: Path, may_replace: bool = False, most: int = files.ORDINARY, data: bytes = b"new") -> None:
    """Look, then write."""
    with files.writing(files.look(str(path), may_replace), most) as file:
        file.write(data)


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> set[str]:
    """What is in a folder."""
    return {path.name for path in folder.iterdir()}


# -- never unasked ------------------------------------------------------------------------------------------


def test_a_file_that_exists_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_bytes(b"mine")
    with pytest.raises(ToolError, match="already exists") as raised:
        files.look(str(path), may_replace=False)
    assert (raised.value.exit_status, raised.value.code) == (exits.FAILED, "exists")
    assert "--force" in raised.value.remedy
    assert path.read_bytes() == b"mine"
    write(path, may_replace=True)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"letter"}


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_comes_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    """Not where the file system has no hard links either."""
    if not has_links:
        monkeypatch.setattr(os, "link", lambda *_names: (_ for _ in ()).throw(OSError(errno.EPERM, "not here")))
    path = tmp_path / "letter"
    with pytest.raises(ToolError, match="already exists"), files.writing(files.look(str(path), False)) as file:
        path.write_bytes(b"theirs")
        file.write(b"new")
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == {"letter"}
    path.unlink()
    write(path)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"letter"}


def test_nothing_is_left_of_what_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), files.writing(files.look(str(tmp_path / "letter"), False)) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert names(tmp_path) == set()


@pytest.mark.parametrize("name", ["", "missing/letter", "missing/", "letter/below", "folder", "loop"])
def test_no_place_for_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is noticed before anything is asked."""
    monkeypatch.chdir(tmp_path)
    Path("letter").touch()
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    with pytest.raises(OSError) as raised:
        files.look(name, may_replace=True)
    assert raised.value.filename == name


# -- links --------------------------------------------------------------------------------------------------


def test_links_are_written_through(tmp_path: Path) -> None:
    """The link stays, and leads to the new content."""
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to("elsewhere/real")
    with pytest.raises(ToolError, match="already exists"):
        files.look(str(link), may_replace=False)
    write(link, may_replace=True)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_link_to_nothing_needs_force(tmp_path: Path) -> None:
    """Somebody else may have laid it."""
    link = tmp_path / "link"
    link.symlink_to("nothing")
    with pytest.raises(ToolError, match="already exists"):
        files.look(str(link), may_replace=False)
    write(link, may_replace=True)
    assert link.is_symlink()
    assert (tmp_path / "nothing").read_bytes() == b"new"


# -- modes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "before", "after"),
    [
        (files.ORDINARY, None, 0o644),
        (files.PRIVATE, None, 0o600),
        (files.ORDINARY, 0o600, 0o600),
        (files.ORDINARY, 0o640, 0o640),
        (files.ORDINARY, 0o666, 0o666),
        (files.ORDINARY, 0o4755, 0o644),
        (files.PRIVATE, 0o644, 0o600),
    ],
)
def test_the_mode_is_that_of_what_it_holds(tmp_path: Path, most: int, before: int | None, after: int) -> None:
    """A file keeps its own within that; a new one obeys the umask."""
    path = tmp_path / "letter"
    if before is not None:
        path.touch()
        path.chmod(before)
    write(path, may_replace=True, most=most)
    assert mode(path) == after


def test_others_cannot_open_it_while_it_is_written(tmp_path: Path) -> None:
    with files.writing(files.look(str(tmp_path / "letter"), False), files.PRIVATE):
        (beside,) = tmp_path.iterdir()
        assert mode(beside) == 0o600


@pytest.mark.parametrize(("source", "copy"), [(0o600, 0o600), (0o400, 0o600), (0o644, 0o644), (0o755, 0o644)])
def test_a_copy_is_for_those_who_may_read_the_source(tmp_path: Path, source: int, copy: int) -> None:
    path = tmp_path / "source"
    path.touch()
    path.chmod(source)
    assert files.mode_of_copy(path.stat()) == copy


def test_what_comes_through_a_pipe_has_no_mode(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert files.mode_of_copy((tmp_path / "pipe").stat()) == files.ORDINARY


# -- pipes and devices --------------------------------------------------------------------------------------


def test_devices_are_written_into_without_force() -> None:
    write(Path("/dev/null"))
    with pytest.raises(OSError, match="No space"):
        write(Path("/dev/full"))


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(path)
        assert os.read(reader, 100) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_nothing_waits_for_the_reader_of_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    said: list[OSError] = []

    def attempt() -> None:
        try:
            write(path)
        except OSError as error:
            said.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(30)
    assert [error.errno for error in said] == [errno.ENXIO]


@pytest.mark.parametrize("kind", ["file", "link", "other pipe", "device"])
def test_what_is_put_in_a_pipes_place_is_refused(tmp_path: Path, kind: str) -> None:
    """Between the look and the opening; a file is neither cut nor written."""
    path, treasure = tmp_path / "pipe", tmp_path / "treasure"
    treasure.write_bytes(b"precious")
    os.mkfifo(path)
    target = files.look(str(path), may_replace=True)
    path.rename(tmp_path / "kept")  # so that its number is not given to the other one
    swap: dict[str, Callable[[], object]] = {
        "file": lambda: path.write_bytes(b"precious"),
        "link": lambda: path.symlink_to(treasure),
        "other pipe": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/full"),
    }
    swap[kind]()
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(ToolError, match="changed by another program"), files.writing(target) as file:
            file.write(b"new")
    finally:
        os.close(reader)
    assert treasure.read_bytes() == b"precious"
    assert kind != "file" or path.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", ["pipe", "link", "other file"])
def test_what_is_put_in_a_files_place_is_refused(tmp_path: Path, kind: str) -> None:
    """Nothing waits for a pipe, no link is followed to a file that was not seen."""
    path, treasure = tmp_path / "letter", tmp_path / "treasure"
    treasure.write_bytes(b"precious")
    path.touch()
    target = files.look(str(path), may_replace=True)
    path.rename(tmp_path / "kept")
    swap: dict[str, Callable[[], object]] = {
        "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to(treasure),
        "other file": lambda: path.write_bytes(b"precious"),
    }
    swap[kind]()
    with pytest.raises(ToolError, match="changed by another program"), files.writing(target) as file:
        file.write(b"new")
    assert treasure.read_bytes() == b"precious"
    assert kind != "other file" or path.read_bytes() == b"precious"
    assert names(tmp_path) == {"letter", "kept", "treasure"}


def test_sockets_are_nothing_to_write_into(tmp_path: Path) -> None:
    os.mknod(tmp_path / "socket", stat.S_IFSOCK | 0o600)
    with pytest.raises(ToolError, match="not a writable file"):
        files.look(str(tmp_path / "socket"), may_replace=True)


# -- standard output under all its names --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("redirected", ["> out", "| cat > out", "1<> out"])
def test_every_name_of_standard_output(tmp_path: Path, name: str, redirected: str) -> None:
    """The file that the shell has opened is neither refused nor replaced: what is printed later follows."""
    script = (
        "import sys\nfrom pyjpki11.cli.terminal import files\ntarget = files.look(sys.argv[1], False)\n"
        "assert target.is_stdout\n"
        "with files.writing(target) as file:\n    file.write(b'new')\nprint(' and more')"
    )
    (tmp_path / "script.py").write_text(script)
    shell = f'"$0" -P script.py "$1" {redirected}'
    run(["bash", "-o", "pipefail", "-c", shell, sys.executable, name], cwd=tmp_path)
    assert (tmp_path / "out").read_text() == "new and more\n"
