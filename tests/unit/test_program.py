"""The program's name: from files of Linux, which another system does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyjpki11 import host_program

# the program's file, its process's name -> its names
NAMES = {
    "a browser": ("/usr/lib/firefox-esr/firefox-esr", "GeckoMain", ("firefox", "firefox-esr", "GeckoMain")),
    "a browser of one name": ("/opt/google/chrome/chrome", "chrome", ("chrome",)),
    "replaced by an update": ("/usr/lib/chromium/chromium (deleted)", "chromium", ("chromium",)),
    "no browser": ("/usr/bin/ssh", "ssh", ("ssh",)),
    "a script": ("/usr/bin/python3.11", "backup", ("python3.11", "backup")),
    "a script called as a browser": ("/bin/dash", "firefox", ("firefox", "dash")),
    "spaces": ("/opt/My Program", "My Program\n", ("My Program",)),
    "no ASCII": ("/opt/プログラム", "プログラム", ("プログラム",)),
}


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of /proc/self."""
    monkeypatch.setattr(host_program, "EXE", str(tmp_path / "exe"))
    monkeypatch.setattr(host_program, "COMM", str(tmp_path / "comm"))
    return tmp_path


@pytest.mark.parametrize(("file", "process", "expected"), NAMES.values(), ids=NAMES)
def test_names(file: str, process: str, expected: tuple[str, ...], proc: Path) -> None:
    (proc / "exe").symlink_to(file)
    (proc / "comm").write_text(process)
    assert host_program.names() == expected


def test_browsers() -> None:
    assert host_program.is_browser(("chrome",)) and host_program.is_browser(("librewolf", "GeckoMain"))
    assert not host_program.is_browser(("ssh",))


def test_no_proc(proc: Path) -> None:
    assert host_program.names() == ()
    (proc / "comm").mkdir()
    assert host_program.names() == ()
    assert not host_program.is_browser(())


def test_part_of_a_name_is_none() -> None:
    assert not host_program.is_browser(("firefox-profile-tool", "chromedriver"))


@pytest.mark.parametrize("browser", sorted(host_program.BROWSERS))
def test_a_name_leads_to_one_that_is_a_browsers(browser: str) -> None:
    """So a section for the shared name is found for each of its processes."""
    shared = host_program.BROWSERS[browser]
    assert host_program.BROWSERS[shared] == shared
