"""The settings: whatever the file holds, the module starts, and on the safe side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjpki11 import log, settings
from pyjpki11.provider.token import TOKENS

DEFAULTS = {
    "reader": "pcsc",
    "signature_consent": "each-signature",
    "logout": "clear",
    "card_timeout": 20,
    "certificate_cache": True,
    "log": None,
    "log_level": None,
    "slots": ("authentication", "signature"),
}
FIREFOX = ("firefox", "firefox-esr")


@pytest.fixture(autouse=True)
def log_off() -> Iterator[None]:
    """load() configures the log: leave none behind."""
    yield
    log.configure(None, None)


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings in the log."""
    lines: list[str] = []
    monkeypatch.setattr(log, "warning", lines.append)
    return lines


def load(path: Path | str, programs: tuple[str, ...] = (), **environment: str) -> dict[str, Any]:
    """The settings in force with this file for a program of these names."""
    loaded = settings.load({"PYJPKI11_CONFIG": str(path), **environment}, programs)
    return {name: getattr(loaded, name) for name in settings.Settings.__slots__}


def write(folder: Path, content: str | bytes) -> Path:
    """A settings file."""
    path = folder / "config.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_defaults(complaints: list[str]) -> None:
    loaded = settings.load({})
    assert {name: getattr(loaded, name) for name in settings.Settings.__slots__} == DEFAULTS
    assert complaints == []


def test_every_setting_is_checked() -> None:
    assert set(settings.CHECKS) == set(settings.Settings.__slots__) == set(DEFAULTS)
    assert set(settings.VARIABLES.values()) <= set(DEFAULTS)


GOOD: dict[str, Any] = {
    'reader = "softcard:/tmp/x"': {"reader": "softcard:/tmp/x"},
    'signature_consent = "each-login"': {"signature_consent": "each-login"},
    'signature_consent = "each-signature"': {},
    'logout = "keep"': {"logout": "keep"},
    "card_timeout = 5": {"card_timeout": 5},
    "certificate_cache = false": {"certificate_cache": False},
    "card_timeout = 0.5": {"card_timeout": 0.5},
    'log_level = "debug"': {"log_level": "debug"},
    'slots = ["authentication"]': {"slots": ["authentication"]},
    'slots = ["signature"]': {"slots": ["signature"]},
    'slots = ["signature", "authentication"]': {"slots": ["signature", "authentication"]},
    '[program.firefox]\nlogout = "keep"': {},
    "[program]": {},
    "": {},
    "# a comment": {},
}


@pytest.mark.parametrize(("content", "changes"), GOOD.items())
def test_good_file(content: str, changes: dict[str, Any], tmp_path: Path, complaints: list[str]) -> None:
    assert load(write(tmp_path, content)) == DEFAULTS | changes
    assert complaints == []


# each leaves the defaults, with one line in the log
BAD = {
    "no TOML": "logout = keep",
    "cut off": 'logout = "kee',
    "no text": b"\xff\xfe\x00",
    "unknown key": 'log_out = "keep"',
    "table": '[logout]\nvalue = "keep"',
    "logout": 'logout = "never"',
    "logout: number": "logout = 1",
    "cache: text": 'certificate_cache = "false"',
    "cache: number": "certificate_cache = 0",
    "logout: truth": "logout = false",
    "logout: capitals": 'logout = "KEEP"',
    "logout: list": 'logout = ["keep"]',
    "consent": 'signature_consent = "never"',
    "consent: empty": 'signature_consent = ""',
    "reader": "reader = 1",
    "log": "log = true",
    "level": 'log_level = "loud"',
    "level: number": "log_level = 3",
    "timeout: none": "card_timeout = 0",
    "timeout: negative": "card_timeout = -1",
    "timeout: for ever": "card_timeout = inf",
    "timeout: no number": "card_timeout = nan",
    "timeout: text": 'card_timeout = "20"',
    "timeout: truth": "card_timeout = true",
    "slots: none": "slots = []",
    "slots: text": 'slots = "authentication"',
    "slots: unknown": 'slots = ["authentication", "mynumber"]',
    "slots: twice": 'slots = ["authentication", "authentication"]',
    "slots: numbers": "slots = [0]",
    "slots: nested": 'slots = [["authentication"]]',
    "program: no section": 'program = "firefox"',
    "program: several": "[[program]]",
    "program: no table": '[program]\nfirefox = "keep"',
    "program: unknown key": "[program.firefox]\nslot = 1",
    "program: bad value": '[program.firefox]\nslots = "all"',
    "program: section in a section": '[program.firefox.log]\nfile = "x"',
    "program: misspelt": '[programs.firefox]\nlogout = "keep"',
    "nested without end": "a = " + "[" * 100_000,
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_bad_file(content: str | bytes, tmp_path: Path, complaints: list[str]) -> None:
    assert load(write(tmp_path, content)) == DEFAULTS
    assert len(complaints) == 1 and "config.toml" in complaints[0]


def test_one_bad_line_spoils_no_other(tmp_path: Path, complaints: list[str]) -> None:
    loaded = load(write(tmp_path, 'unknown = 1\nlogout = "keep"\nsignature_consent = 2\n'))
    assert loaded == DEFAULTS | {"logout": "keep"}
    assert len(complaints) == 2


# what the file says of a program, and what comes of it for Firefox
SECTIONS: dict[str, Any] = {
    "none": ("", {"slots": ("authentication",)}),
    "of another program": ('[program.ssh]\nslots = ["signature"]', {"slots": ("authentication",)}),
    "of the browser": ('[program.firefox]\nlogout = "keep"', {"slots": ("authentication",), "logout": "keep"}),
    "of the file": ('[program.firefox-esr]\nslots = ["signature"]', {"slots": ["signature"]}),
    "the narrower name wins": (
        '[program.firefox-esr]\nlogout = "clear"\n[program.firefox]\nlogout = "keep"\nslots = ["signature"]',
        {"slots": ["signature"]},
    ),
    "all programs": ('slots = ["authentication", "signature"]', {"slots": ["authentication", "signature"]}),
    "the program wins": (
        'slots = ["authentication", "signature"]\n[program.firefox]\nslots = ["authentication"]',
        {"slots": ["authentication"]},
    ),
}


@pytest.mark.parametrize(("content", "changes"), SECTIONS.values(), ids=SECTIONS)
def test_sections(content: str, changes: dict[str, Any], tmp_path: Path, complaints: list[str]) -> None:
    assert load(write(tmp_path, content), FIREFOX) == DEFAULTS | changes
    assert complaints == []


def test_one_slot_in_browsers_only(tmp_path: Path) -> None:
    assert load(tmp_path / "none", ("ssh",))["slots"] == ("authentication", "signature")
    assert load(tmp_path / "none", FIREFOX)["slots"] == ("authentication",)


def test_the_environment_wins_over_a_section(tmp_path: Path) -> None:
    path = write(tmp_path, '[program.firefox]\nreader = "softcard:/tmp/x"\n')
    assert load(path, FIREFOX, PYJPKI11_READER="softcard")["reader"] == "softcard"


@pytest.mark.parametrize("programs", [(), FIREFOX, ("ssh",)])
def test_sections_are_checked_in_every_program(
    programs: tuple[str, ...], tmp_path: Path, complaints: list[str]
) -> None:
    """A mistake shows before the program that it concerns is started with a log."""
    load(write(tmp_path, '[program.firefox]\nslots = ["both"]\nspeed = 1\n'), programs)
    assert [complaint.partition("config.toml: ")[2] for complaint in complaints] == [
        '[program.firefox] slots = [\'both\'] is ignored: it takes a list of "authentication", "signature" or both',
        f"[program.firefox] speed is ignored: there is no such setting, only {', '.join(settings.CHECKS)}",
    ]


def test_the_slots_are_the_providers() -> None:
    assert settings.SLOTS == tuple(layout.key.name for layout in TOKENS)


def test_missing_file(tmp_path: Path, complaints: list[str]) -> None:
    assert load(tmp_path / "none") == DEFAULTS
    assert complaints == []


def test_unreadable_file(tmp_path: Path, complaints: list[str]) -> None:
    """A folder, since no mode keeps root out."""
    assert load(tmp_path) == DEFAULTS
    assert len(complaints) == 1


def test_environment_over_file(tmp_path: Path) -> None:
    path = write(tmp_path, f'reader = "pcsc"\nlog = "{tmp_path}/file"\nlog_level = "error"\n')
    over = {"PYJPKI11_READER": "softcard", "PYJPKI11_LOG": f"{tmp_path}/env", "PYJPKI11_LOG_LEVEL": "debug"}
    changes = {"reader": "softcard", "log": f"{tmp_path}/env", "log_level": "debug"}
    assert load(path, (), **over) == DEFAULTS | changes
    log.debug("written")
    assert not (tmp_path / "file").exists() and (tmp_path / "env").exists()


def test_empty_variables_say_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, 'reader = "softcard"')
    assert load(path, PYJPKI11_READER="", PYJPKI11_LOG="")["reader"] == "softcard"


def test_the_safe_settings_have_no_variable() -> None:
    """A host's environment does not weaken a login."""
    assert set(settings.VARIABLES.values()) == {"reader", "log", "log_level"}


PATHS = {
    "named": ({"PYJPKI11_CONFIG": "/a/b", "XDG_CONFIG_HOME": "/x", "HOME": "/h"}, "/a/b"),
    "XDG": ({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}, "/x/pyjpki11/config.toml"),
    "home": ({"HOME": "/h"}, "/h/.config/pyjpki11/config.toml"),
    "empty names": (
        {"PYJPKI11_CONFIG": "", "XDG_CONFIG_HOME": "", "HOME": "/h"},
        "/h/.config/pyjpki11/config.toml",
    ),
    "no home": ({}, ""),
}


@pytest.mark.parametrize(("environment", "expected"), PATHS.values(), ids=PATHS)
def test_file_path(environment: dict[str, str], expected: str) -> None:
    assert settings.file_path(environment) == expected


def test_a_log_that_cannot_be(tmp_path: Path) -> None:
    """Nor can the complaint about the other line be written."""
    loaded = load(write(tmp_path, 'log = "a\\u0000b"\nlogout = "never"\n'))
    assert loaded["logout"] == "clear"


@pytest.mark.parametrize("name", ["none/log", "folder", "fifo", "all"])
def test_a_log_that_is_not_written_is_complained_about(name: str, tmp_path: Path) -> None:
    """By the doctor, since the log cannot say it."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "all").touch()
    (tmp_path / "all").chmod(0o666)
    _settings, complaints = settings.read({"PYJPKI11_LOG": f"{tmp_path}/{name}"})
    assert len(complaints) == 1 and f"{tmp_path}/{name}' is not written: " in complaints[0]


def test_a_log_that_will_be_written_is_not_made_yet(tmp_path: Path) -> None:
    assert settings.read({"PYJPKI11_LOG": f"{tmp_path}/log"})[1] == []
    assert list(tmp_path.iterdir()) == []


def _written_by_all(path: Path) -> None:
    path.chmod(0o666)


def _in_a_folder_for_all(path: Path) -> None:
    path.parent.chmod(0o777)


def _endless(path: Path) -> None:
    path.write_bytes(b"#" * (settings.MAX_FILE_LEN + 1))


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("change", [_written_by_all, _in_a_folder_for_all, _endless, _fifo])
def test_a_file_that_others_may_have_written(
    change: Callable[[Path], None], tmp_path: Path, complaints: list[str]
) -> None:
    path = write(tmp_path, 'logout = "keep"\n')
    change(path)
    assert load(path) == DEFAULTS
    assert len(complaints) == 1 and complaints[0].startswith(f"{path} is ignored: ")


def test_complaints_reach_the_log_of_the_same_file(tmp_path: Path) -> None:
    target = tmp_path / "log"
    load(write(tmp_path, f'log = "{target}"\nlogout = "never"\n'))
    assert "logout = 'never' is ignored" in target.read_text()
