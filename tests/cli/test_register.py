"""Registering programs: what is not ours is left as it was, and where each program stands is said."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.process import run
from support.registering import listed, tree
from support.tool import JAPANESE, PROGRAM, tool, tool_json

from pyjpki11.cli.wording import registrations
from pyjpki11.registration import refusal
from pyjpki11.registration.programs import PROGRAMS

#: Programs that a user who is not root can register without ever having used them.
ANYWHERE = ["chromium", "openssh", "openssl", "java"]
#: Root without root's right to write everywhere.
NO_RIGHTS = ["setpriv", "--bounding-set", "-all", "--"]
#: Program -> a file of its user that is there before, and what is in it.
FILES = {
    "openssh": (".ssh/config", "# mine, without an end of line\nHost a\n  User b"),
    "openssl": (".config/pyjpki11/other", "not ours"),
    "java": (".config/pyjpki11/other", "not ours"),
    "chromium": (".pki/nssdb/pkcs11.txt", "library=/usr/lib/x.so\nname=x\n"),
}


@pytest.mark.parametrize("program", ANYWHERE)
def test_there_and_back(program: str, home: Path) -> None:
    name, content = FILES[program]
    (home / name).parent.mkdir(parents=True)
    (home / name).write_text(content)
    before = tree(home)

    dry = tool_json("register", program, "--dry-run")
    assert tree(home) == before and dry["changes"]
    done = tool_json("register", program)
    assert {**done, "dry_run": True} == dry
    registered = tree(home)
    assert registered != before

    assert "Nothing to change." in tool("register", program).stdout
    assert tool_json("register", program, "--dry-run")["changes"] == []
    assert tree(home) == registered

    tool("unregister", program, "--dry-run")
    assert tree(home) == registered
    tool("unregister", program)
    assert tree(home) == before
    assert "Nothing to change." in tool("unregister", program).stdout


@pytest.mark.parametrize("program", ["firefox", "openssh", "openssl", "java", "p11-kit"])
def test_there_and_back_for_all(program: str, root: Path) -> None:
    before = tree(root)
    place: list[str | Path] = ["--system", "--root", root]
    tool("register", program, *place, "--dry-run")
    assert tree(root) == before
    tool("register", program, *place)
    assert tree(root) != before
    assert "Nothing to change." in tool("register", program, *place).stdout
    tool("unregister", program, *place)
    assert tree(root) == before


def test_what_was_there_is_kept(home: Path) -> None:
    config = home / ".ssh/config"
    config.parent.mkdir(mode=0o700)
    config.write_text("Host a\n")
    config.chmod(0o640)
    printed = tool("register", "openssh").stdout
    backup = config.with_name("config.pyjpki11-backup")
    assert backup.read_text() == "Host a\n" and str(backup) in printed
    assert config.read_text().startswith("Host a\n")
    assert config.stat().st_mode & 0o7777 == backup.stat().st_mode & 0o7777 == 0o640


def test_changes_made_since_stay(home: Path) -> None:
    config = home / ".ssh/config"
    config.parent.mkdir(mode=0o700)
    config.write_text("Host a\n")
    tool("register", "openssh")
    config.write_text(config.read_text() + "Host b\n")
    tool("unregister", "openssh")
    assert config.read_text() == "Host a\nHost b\n"


BROKEN: dict[str, tuple[Sequence[str], str, bytes, str]] = {
    "openssh": (["openssh"], ".ssh/config", b"a\0b", "is not a text file"),
    "chromium": (["chromium"], ".pki/nssdb/pkcs11.txt", b"something else\n", "cannot be parsed (line 1)"),
    "openssl": (["openssl"], ".config/pyjpki11/openssl.cnf", b"\x7fELF\0", "is not a text file"),
    "java": (["java"], ".config/pyjpki11/java-signature.cfg", b"name = mine\n", "was not made by pyjpki11"),
    "firefox": (["firefox"], ".mozilla/firefox/profiles.ini", b"no section\n", "cannot be parsed (line 1)"),
}


@pytest.mark.parametrize(("arguments", "name", "content", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_understood(arguments: Sequence[str], name: str, content: bytes, message: str, home: Path) -> None:
    """Neither this file nor the others of the program are touched."""
    (home / name).parent.mkdir(parents=True)
    (home / name).write_bytes(content)
    before = tree(home)
    said = tool("register", *arguments, status=1).stderr
    assert message in " ".join(said.split()), said
    assert tree(home) == before
    (entry,) = [one for one in listed() if one["program"] == arguments[0] and not one["system"]]
    assert entry["state"] in ("unreadable", "absent")


@pytest.mark.parametrize("content", ["{", "[]", "// comment\n{}"])
def test_policies_that_are_not_understood(content: str, root: Path) -> None:
    policies = root / "etc/firefox/policies/policies.json"
    policies.parent.mkdir(parents=True)
    policies.write_text(content)
    assert "cannot be parsed" in tool("register", "firefox", "--system", "--root", root, status=1).stderr
    assert policies.read_text() == content


def test_a_link_to_somewhere_else(home: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("Host a\n")
    (home / ".ssh").mkdir(mode=0o700)
    (home / ".ssh/config").symlink_to(tmp_path / "theirs")
    said = tool_json("register", "openssh", status=1)["error"]
    assert said["code"] == "symlink" and str(tmp_path / "theirs") in said["message"]
    assert (tmp_path / "theirs").read_text() == "Host a\n" and (home / ".ssh/config").is_symlink()


def test_a_link_within_the_home(home: Path) -> None:
    """It stays one, and what it names is changed."""
    (home / "dotfiles").mkdir()
    (home / "dotfiles/ssh").write_text("Host a\n")
    (home / ".ssh").mkdir(mode=0o700)
    (home / ".ssh/config").symlink_to("../dotfiles/ssh")
    tool("register", "openssh")
    assert (home / ".ssh/config").is_symlink() and "PKCS11Provider" in (home / "dotfiles/ssh").read_text()


@pytest.mark.parametrize("program", ANYWHERE)
def test_a_folder_that_cannot_be_written(program: str, home: Path) -> None:
    home.chmod(0o500)
    try:
        said = tool_json("register", program, status=1, prefix=NO_RIGHTS if os.geteuid() == 0 else ())["error"]
    finally:
        home.chmod(0o700)
    assert said["code"] == "EACCES"
    assert tree(home) == {}


def test_a_full_disk(root: Path) -> None:
    """The last file of several has no room: those before it are gone again."""
    before = tree(root)
    limit = len((root / "usr/lib/jvm/java/conf/security/java.security").read_bytes()) - 1
    command: list[str | Path] = ["register", "java", "--system", "--root", root]
    said = tool_json(*command, status=1, prefix=["prlimit", f"--fsize={limit}", "--"])["error"]
    assert said["code"] == "EFBIG"
    assert tree(root) == before
    tool(*command)


def test_a_home_of_somebody_else(home: Path) -> None:
    """As with sudo, which may keep HOME."""
    if os.geteuid() == 0:
        os.chown(home, 12345, 12345)
    else:
        home = Path("/")
    assert tool_json("register", "openssh", status=1, env={"HOME": str(home)})["error"]["code"] == "home-not-yours"


# -- for all users ----------------------------------------------------------------------------------------------------

OTHER = 65534
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
#: Root as a user who is not root.
NOBODY = ["unshare", "--user"] if os.geteuid() == 0 else []
SYSTEM_WIDE = ["firefox", "openssh", "openssl", "java", "p11-kit"]


def check_not_roots(program: str, root: Path, path: Path, **options: Any) -> None:
    """That a program is not registered for all users because of a file, and how to do better is said."""
    before = tree(root)
    command: list[str | Path] = ["register", program, "--system", "--root", root]
    for dry in ([], ["--dry-run"]):
        error = tool_json(*command, *dry, status=1, **options)["error"]
        assert error["code"] == "not-roots" and str(path) in error["message"]
    said = tool(*command, status=1, **options).stderr.splitlines()
    assert "    sudo make build VENV=/opt/pyjpki11 PYTHON=/usr/bin/python3" in said
    assert f"    sudo /opt/pyjpki11/bin/pyjpki11 register {program} --system" in said
    assert tree(root) == before


@ROOT_ONLY
@pytest.mark.parametrize("program", SYSTEM_WIDE)
def test_a_module_that_another_user_can_change(
    program: str, root: Path, roots_folder: Path, new_build: Callable[[str], dict[str, str]]
) -> None:
    """Root would run what that user writes, at its next ssh."""
    env = new_build("build")
    errors = roots_folder / "build/pyjpki11/errors.py"
    os.chown(errors, OTHER, OTHER)
    check_not_roots(program, root, errors, env=env)
    os.chown(errors, 0, 0)
    tool("register", program, "--system", "--root", root, env=env)


@ROOT_ONLY
@pytest.mark.parametrize("part", ["", "build", "build/pyjpki11", "build/pyjpki11/libpyjpki11.so"])
@pytest.mark.parametrize("is_given_away", [True, False], ids=["given away", "for a group to write"])
def test_folders_that_another_user_can_change(
    part: str, is_given_away: bool, root: Path, roots_folder: Path, new_build: Callable[[str], dict[str, str]]
) -> None:
    env = new_build("build")
    if is_given_away:
        os.chown(roots_folder / part, OTHER, OTHER)
    else:
        (roots_folder / part).chmod(0o775)
    check_not_roots("p11-kit", root, roots_folder / part, env=env)


@ROOT_ONLY
def test_a_python_that_another_user_can_change(root: Path, roots_folder: Path) -> None:
    """The link to it, in a virtual environment."""
    run([sys.executable, "-m", "venv", "--without-pip", roots_folder / "venv"])
    python = roots_folder / "venv/bin/python"
    os.chown(python, OTHER, OTHER, follow_symlinks=False)
    env = {"PYTHONPATH": ":".join(filter(None, (sysconfig.get_path("platlib"), os.environ.get("PYTHONPATH"))))}
    check_not_roots("openssl", root, python, prefix=[str(python)], env=env)


@ROOT_ONLY
@pytest.mark.parametrize("part", ["usr", "usr/local", "usr/local/lib"])
def test_a_folder_of_the_copy_that_others_can_change(part: str, root: Path) -> None:
    (root / "usr/local/lib").mkdir(parents=True)
    (root / part).chmod(0o777)
    check_not_roots("openssh", root, root / part)


def test_what_needs_root(roots_folder: Path) -> None:
    """An ordinary user is told the whole command."""
    folder = roots_folder / "system"
    folder.mkdir()
    folder.chmod(0o555)
    said = tool("register", "p11-kit", "--system", "--root", folder, status=1, prefix=NOBODY).stderr
    assert "permission denied" in said
    assert f"    sudo {PROGRAM} register p11-kit --system --root {folder}" in said.splitlines()


@ROOT_ONLY
@pytest.mark.parametrize("program", ["chromium", "openssh", "openssl", "java"])
def test_files_of_roots_own(
    program: str, home: Path, roots_folder: Path, new_build: Callable[[str], dict[str, str]]
) -> None:
    """They have root run the module, too."""
    env = new_build("build")
    os.chown(roots_folder / "build", OTHER, OTHER)
    said = tool("register", program, status=1, env=env).stderr.splitlines()
    assert f"    sudo /opt/pyjpki11/bin/pyjpki11 register {program}" in said
    assert tree(home) == {}


def test_commands_for_root_are_not_given_where_they_would_be_refused(
    home: Path, roots_folder: Path, new_build: Callable[[str], dict[str, str]]
) -> None:
    """A user may well use a module that others than root can change."""
    env = new_build("build")
    (roots_folder / "build").chmod(0o777)
    said = tool("register", "openssh", env=env, prefix=NOBODY).stderr.splitlines()
    assert f'    eval "$(ssh-agent -P {roots_folder}/build/pyjpki11/libpyjpki11.so)"' in said
    assert not [line for line in said if "sudo" in line]


@ROOT_ONLY
def test_the_command_for_all_users_is_given_for_a_module_of_roots(home: Path) -> None:
    assert f"    sudo {PROGRAM} register openssh --system" in tool("register", "openssh").stderr.splitlines()


@pytest.mark.parametrize(("called", "name"), [("Chrome", "chromium"), ("edge", "chromium"), ("OpenSSH", "openssh")])
def test_other_names(called: str, name: str, home: Path) -> None:
    assert tool_json("register", called)["program"] == name
    tool("unregister", called)
    assert tree(home) == {}


def test_a_program_that_is_told_by_hand() -> None:
    assert "Security Devices" in tool("register", "thunderbird", status=2).stderr


CONFINED = {
    "firefox": ("snap/bin/firefox", "var/lib/flatpak/app/org.mozilla.firefox"),
    "chromium": ("snap/bin/chromium", "var/lib/flatpak/app/org.chromium.Chromium"),
}


@pytest.mark.parametrize("code", ["snap", "flatpak"])
@pytest.mark.parametrize("program", CONFINED)
def test_snap_and_flatpak(program: str, code: str, home: Path, tmp_path: Path) -> None:
    """Alone they are a reason to refuse; beside a program that can load the module a warning."""
    confined = tmp_path / "system" / CONFINED[program][code == "flatpak"]
    confined.mkdir(parents=True)
    command: list[str | Path] = ["register", program, "--root", tmp_path / "system"]
    (home / ".mozilla/firefox/p").mkdir(parents=True)
    (home / ".mozilla/firefox/profiles.ini").write_text("[Profile0]\nPath=p\n")
    before = tree(home)
    assert tool_json(*command, status=1)["error"]["code"] == code
    assert tree(home) == before
    free = tmp_path / "system/usr/bin" / program
    free.parent.mkdir(parents=True)
    free.write_text("#!/bin/sh\nexec /snap/bin/firefox\n")  # Ubuntu's packages
    assert tool_json(*command, status=1)["error"]["code"] == code
    free.write_text("#!/bin/sh\nexec /usr/lib/program\n")
    assert f"Warning: {confined} is a snap or a flatpak" in " ".join(tool(*command).stderr.split())


def test_nothing_to_register_with(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for program in ("openssl", "java"):
        said = tool_json("register", program, "--root", tmp_path / "empty", status=1)["error"]
        assert said["code"] == "no-program"


# -- the list ---------------------------------------------------------------------------------------------------------


def test_list(home: Path, module_path: Path) -> None:
    assert [one["program"] for one in listed()] == [name for name in PROGRAMS for _scope in ("user", "system")]
    assert {one["state"] for one in listed() if not one["system"]} == {"absent"}
    tool("register", "openssh")
    (entry,) = [one for one in listed() if one["state"] == "registered" and not one["system"]]
    path = str(home / ".ssh/config")
    assert entry["files"] == [{"path": path, "library": str(module_path), "state": "registered"}]
    lines = tool("register", "--list").stdout.splitlines()
    assert any(line.startswith("openssh, you ") and "registered:" in line for line in lines)


def test_a_module_that_has_gone(home: Path) -> None:
    """As after the virtual environment was removed; registering anew mends it."""
    tool("register", "openssh")
    config = home / ".ssh/config"
    config.write_text(config.read_text().replace('PKCS11Provider "', 'PKCS11Provider "/gone'))
    (entry,) = [one for one in listed() if one["program"] == "openssh" and not one["system"]]
    assert entry["state"] == "library-missing"
    tool("register", "openssh")
    (entry,) = [one for one in listed() if one["program"] == "openssh" and not one["system"]]
    assert entry["state"] == "registered"


def test_every_refusal_has_its_text() -> None:
    codes = {value for name, value in vars(refusal).items() if name.isupper()}
    assert codes == set(registrations.REASONS)


def test_japanese() -> None:
    assert "自分" in tool("register", "--list", language=JAPANESE).stdout
    said = tool("register", "chromium", "--system", status=1, language=JAPANESE).stderr
    assert said.startswith("エラー: ")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["register"], 2), (["unregister"], 2), (["register", "emacs"], 2), (["register", "java", "--root", "/none"], 2)],
)
def test_usage(arguments: list[str], status: int) -> None:
    tool(*arguments, status=status)
