"""Taking the module out again: what was there before is there again, and nothing of ours is left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.process import run
from support.registering import JAVA_SECURITY, listed, tree
from support.tool import tool, tool_json

from pyjpki11.registration.edits import BEGIN, END

NewBuild = Callable[[str], dict[str, str]]
#: Program -> a file of its user, and what is in it, in a form which we would not write so.
USERS_FILES = {
    "openssh": (".ssh/config", "# mine, without an end of line\nHost a\n  User b"),
    "openssl": (".config/pyjpki11/openssl.cnf", "[mine]\na = b"),
    "java": (".config/pyjpki11/other", "not ours"),
    "chromium": (".pki/nssdb/pkcs11.txt", "\n\nlibrary=/usr/lib/x.so\nname=x\n"),
    "firefox": (".mozilla/firefox/p/pkcs11.txt", "library=\nname=NSS Internal PKCS #11 Module\nNSS=Flags=internal\n"),
}
#: Program -> a file of the system, likewise.
SYSTEMS_FILES = {
    "openssh": ("etc/ssh/ssh_config", "Host *\n    SendEnv LANG"),
    "openssl": ("etc/ssl/openssl.cnf", "[default]\nname = value"),
    "java": ("usr/lib/jvm/java/conf/security/java.security", JAVA_SECURITY.read_text().rstrip("\n")),
    "firefox": ("etc/firefox/policies/policies.json", '{"policies": {"SecurityDevices": {}}, "a":1}'),
    "p11-kit": ("etc/pkcs11/modules/other.module", "module: other.so"),
}
CASES = [(name, is_system) for is_system, names in ((False, USERS_FILES), (True, SYSTEMS_FILES)) for name in names]


def places(program: str, is_system: bool, home: Path, root: Path, is_empty: bool) -> tuple[Path, list[str | Path]]:
    """Whose files are looked at, and the options for them; there is something of theirs, or nothing."""
    base, files = (root, SYSTEMS_FILES) if is_system else (home, USERS_FILES)
    if program == "firefox" and not is_system:
        (home / ".mozilla/firefox/p").mkdir(parents=True)
        (home / ".mozilla/firefox/profiles.ini").write_text("[Profile0]\nPath=p\n")
    name, content = files[program]
    if not is_empty:
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(content)
    return base, ["--root", root, *(["--system"] if is_system else [])]


@pytest.mark.parametrize(("last", "is_empty"), [("first", False), ("second", False), ("second", True)])
@pytest.mark.parametrize(("program", "is_system"), CASES)
def test_registered_twice_from_different_folders(
    program: str, is_system: bool, last: str, is_empty: bool, home: Path, root: Path, new_build: NewBuild
) -> None:
    """As when a virtual environment was made anew elsewhere. Either build takes out what both have written."""
    builds = {name: new_build(name) for name in ("first", "second")}
    base, options = places(program, is_system, home, root, is_empty)
    before = tree(base)
    for env in builds.values():
        tool("register", program, *options, env=env)
        texts = [content for content in tree(base).values() if isinstance(content, bytes)]
        assert any(env["PYTHONPATH"].split(":")[0].encode() in text for text in texts)
    tool("unregister", program, *options, env=builds[last])
    assert tree(base) == before
    assert "Nothing to change." in tool("unregister", program, *options).stdout


@pytest.mark.parametrize(("program", "is_system"), CASES)
def test_the_library_has_gone(
    program: str, is_system: bool, home: Path, root: Path, roots_folder: Path, new_build: NewBuild
) -> None:
    """What it wrote is known by its form, and by the library's name."""
    env = new_build("first")
    base, options = places(program, is_system, home, root, False)
    before = tree(base)
    tool("register", program, *options, env=env)
    shutil.rmtree(roots_folder / "first")
    tool("unregister", program, *options)
    assert tree(base) == before


def test_a_copy_that_was_made_with_us_in_it(home: Path) -> None:
    """As version 0.1.0 made them when a program was registered once more."""
    config = home / ".ssh/config"
    config.parent.mkdir(mode=0o700)
    block = f'{BEGIN}\nHost *\n    PKCS11Provider "/FOLDER/libpyjpki11.so"\n{END}\n'
    config.with_name("config.pyjpki11-backup").write_text("Host a\n" + block.replace("FOLDER", "older"))
    config.write_text("Host a\n" + block.replace("FOLDER", "old"))
    tool("unregister", "openssh")
    assert {name: content for name, content in tree(home).items() if name != ".ssh"} == {".ssh/config": b"Host a\n"}


def test_changes_made_between_two_registrations_stay(home: Path, new_build: NewBuild) -> None:
    config = home / ".ssh/config"
    config.parent.mkdir(mode=0o700)
    config.write_text("Host a\n")
    tool("register", "openssh", env=new_build("first"))
    config.write_text(config.read_text() + "Host b\n")
    tool("register", "openssh")
    assert config.with_name("config.pyjpki11-backup").read_text() == "Host a\n"
    tool("unregister", "openssh")
    assert tree(home) == {".ssh": "a folder", ".ssh/config": b"Host a\nHost b\n"}


LEFT: dict[str, tuple[str, str, list[str]]] = {
    "openssh": (".ssh/config", 'Host a\n    PKCS11Provider "/my/own/libpyjpki11.so"\n', []),
    "openssl": ("etc/ssl/openssl.cnf", "[a]\nMODULE_PATH = /my/own/libpyjpki11.so\n", ["--system"]),
}


@pytest.mark.parametrize("is_registered", [True, False])
@pytest.mark.parametrize("program", LEFT)
def test_lines_of_the_users_own_that_name_the_module(program: str, is_registered: bool, home: Path, root: Path) -> None:
    """They stay, and are an error; a remark is none."""
    name, content, options = LEFT[program]
    file = (root if options else home) / name
    file.parent.mkdir(exist_ok=True, mode=0o700)
    content += "# /my/own/libpyjpki11.so\n"
    file.write_text(content)
    if is_registered:
        tool("register", program, *options, "--root", root)
    said = tool_json("unregister", program, *options, "--root", root, status=1)
    assert said["error"]["code"] == "left" and f"{file} still names the module in line 2" in said["error"]["message"]
    assert bool(said["changes"]) == is_registered
    assert file.read_text() == content and len(tree(file.parent)) == len(list(file.parent.iterdir()))


@pytest.mark.parametrize(
    "devices",
    [{"My card": "/old/libpyjpki11.so"}, {"pyjpki11": "/old/libpyjpki11.so", "Add": {"Mine": "/x/libpyjpki11.so"}}],
)
def test_policies_that_name_the_module_under_any_name(devices: dict[str, object], root: Path) -> None:
    """In the form of either age of Firefox."""
    policies = root / "etc/firefox/policies/policies.json"
    policies.parent.mkdir(parents=True)
    policies.write_text(json.dumps({"policies": {"SecurityDevices": devices, "DisableTelemetry": True}}))
    tool("unregister", "firefox", "--system", "--root", root)
    assert json.loads(policies.read_text()) == {"policies": {"DisableTelemetry": True}}


# -- what registering made --------------------------------------------------------------------------------------------


def database(home: Path) -> Path:
    """That of Chromium, with the module in it."""
    tool("register", "chromium")
    return home / ".pki/nssdb"


def nss(program: str, *arguments: str | Path, folder: Path) -> str:
    """What a program of NSS says."""
    return run([program, *arguments, "-d" if program == "certutil" else "-dbdir", f"sql:{folder}"]).stdout


def test_databases_that_programs_have_looked_into_go(home: Path) -> None:
    folder = database(home)
    assert "pyjpki11" in nss("modutil", "-list", folder=folder)
    nss("certutil", "-L", folder=folder)
    tool("unregister", "chromium")
    assert tree(home) == {}


def test_databases_to_whose_list_nss_has_added_itself_go(home: Path, tmp_path: Path) -> None:
    """As it writes its own module into new lists."""
    folder = database(home)
    nss("certutil", "-N", "--empty-password", folder=tmp_path)
    internal = (tmp_path / "pkcs11.txt").read_text()
    assert "NSS Internal" in internal
    (folder / "pkcs11.txt").write_text(internal + (folder / "pkcs11.txt").read_text())
    tool("unregister", "chromium")
    assert tree(home) == {}


def test_databases_that_a_newer_program_has_opened_go(home: Path) -> None:
    """It adds the columns and tables that it knows, as Firefox does."""
    folder = database(home)
    for name, table in (("cert9.db", "nssPublic"), ("key4.db", "nssPrivate")):
        with contextlib.closing(sqlite3.connect(folder / name)) as connection:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN a999")
            connection.execute("CREATE TABLE new (id)")
    tool("unregister", "chromium")
    assert tree(home) == {}


def add_certificate(folder: Path, issued_card: Path) -> None:
    """That of an authority."""
    nss("certutil", "-A", "-n", "mine", "-t", "C,,", "-i", issued_card / "sign_ca.der", folder=folder)


def set_password(folder: Path, issued_card: Path) -> None:
    """For keys to come."""
    (folder.parent / "old").write_text("\n")
    (folder.parent / "new").write_text("secret123\n")
    nss("certutil", "-W", "-f", folder.parent / "old", "-@", folder.parent / "new", folder=folder)


def add_key(folder: Path, issued_card: Path) -> None:
    """Made there."""
    (folder.parent / "noise").write_bytes(bytes(range(256)))
    making = ["-S", "-x", "-n", "key", "-s", "CN=a", "-t", ",,", "-m", "1"]
    nss("certutil", *making, "-z", folder.parent / "noise", folder=folder)


@pytest.mark.parametrize("use", [add_certificate, set_password, add_key])
def test_databases_in_which_something_is_stay(use: Callable[[Path, Path], None], home: Path, issued_card: Path) -> None:
    folder = database(home)
    use(folder, issued_card)
    before = {name: content for name, content in tree(folder).items() if name != "pkcs11.txt"}
    tool("unregister", "chromium")
    assert {name: content for name, content in tree(folder).items() if name != "pkcs11.txt"} == before
    assert "pyjpki11" not in nss("modutil", "-list", folder=folder)
    assert not (home / ".local").exists()


def test_databases_of_others_stay(home: Path) -> None:
    """They are empty, but were there before."""
    folder = home / ".pki/nssdb"
    folder.mkdir(parents=True)
    nss("certutil", "-N", "--empty-password", folder=folder)
    before = tree(home)
    tool("register", "chromium")
    tool("unregister", "chromium")
    assert tree(home) == before


def test_databases_that_are_open_stay(home: Path) -> None:
    """A browser that runs would write into files that are gone."""
    folder = database(home)
    before = tree(home)
    with (folder / "key4.db").open("r+b"):
        said = tool_json("unregister", "chromium", status=1)["error"]
    assert said["code"] == "in-use" and str(folder / "key4.db") in said["message"]
    assert tree(home) == before
    tool("unregister", "chromium")
    assert tree(home) == {}


def test_folders_stay_as_long_as_something_is_in_them(home: Path) -> None:
    """Of another program that is registered, or of the user's."""
    for program in ("openssl", "java", "openssh"):
        tool("register", program)
    (home / ".ssh/known_hosts").write_text("mine")
    tool("unregister", "openssl")
    assert sorted(path.name for path in (home / ".config/pyjpki11").iterdir())[0] == "java-authentication.cfg"
    tool("unregister", "openssh")
    tool("unregister", "java")
    assert tree(home) == {".ssh": "a folder", ".ssh/known_hosts": b"mine"}


def test_a_record_that_was_spoilt_is_no_hindrance(home: Path) -> None:
    tool("register", "openssh")
    (home / ".local/state/pyjpki11/registered.json").write_text('{"files": 1}')
    tool("unregister", "openssh")
    assert not (home / ".ssh/config").exists()


# -- what has changed since -------------------------------------------------------------------------------------------


def test_a_profile_that_is_listed_no_longer(home: Path) -> None:
    base, _options = places("firefox", False, home, home, False)
    before = tree(base)
    tool("register", "firefox")
    ini = home / ".mozilla/firefox/profiles.ini"
    content = ini.read_text()
    ini.unlink()
    tool("unregister", "firefox")
    ini.write_text(content)
    assert tree(base) == before


def test_chromiums_older_folder_has_come_since(home: Path) -> None:
    (home / ".local/share/pki/nssdb").mkdir(parents=True)
    before = tree(home)
    tool("register", "chromium")
    (home / ".pki").mkdir()
    tool("unregister", "chromium")
    assert {name: content for name, content in tree(home).items() if name != ".pki"} == before


def test_policies_for_all_firefoxes_have_come_since(root: Path) -> None:
    policies = root / "usr/lib/firefox/distribution/policies.json"
    policies.parent.mkdir(parents=True)
    policies.write_text('{"policies": {}}')
    tool("register", "firefox", "--system", "--root", root)
    (root / "etc/firefox/policies").mkdir(parents=True)
    (root / "etc/firefox/policies/policies.json").write_text("{}")
    tool("unregister", "firefox", "--system", "--root", root)
    assert policies.read_text() == '{"policies": {}}'


def test_ssh_reads_no_folder_of_parts_any_more(root: Path) -> None:
    whole = root / "etc/ssh/ssh_config"
    tool("register", "openssh", "--system", "--root", root)
    whole.write_text("Host *\n")
    before = tree(root / "etc/ssh")
    tool("register", "openssh", "--system", "--root", root)  # now in the file itself, and there only
    assert "PKCS11Provider" in whole.read_text() and not (root / "etc/ssh/ssh_config.d/pyjpki11.conf").exists()
    tool("unregister", "openssh", "--system", "--root", root)
    assert tree(root / "etc/ssh") == {name: content for name, content in before.items() if "pyjpki11" not in name}
    assert not (root / "usr/local").exists()


def test_a_java_that_is_in_the_environment_no_longer(root: Path) -> None:
    """Outside of the folders in which Javas are looked for."""
    (root / "usr/lib/jvm/java").rename(root / "usr/java")
    before = tree(root)
    options: list[str | Path] = ["--system", "--root", root]
    tool("register", "java", *options, env={"JAVA_HOME": str(root / "usr/java")})
    tool("unregister", "java", *options)
    assert tree(root) == before


# -- all of them ------------------------------------------------------------------------------------------------------


def states(is_system: bool) -> set[object]:
    """Of all programs."""
    return {one["state"] for one in listed() if one["system"] == is_system}


def test_all_of_a_user(home: Path, root: Path) -> None:
    places("firefox", False, home, root, False)
    before = tree(home)
    for program in USERS_FILES:
        tool("register", program)
    done = tool_json("unregister", "--all")
    assert tree(home) == before and states(False) == {"absent"}
    assert {one["program"] for one in done["programs"] if one["changes"]} == set(USERS_FILES)
    assert "Nothing to change." in tool("unregister", "--all").stdout


def test_all_of_a_system(root: Path) -> None:
    before = tree(root)
    options: Sequence[str | Path] = ["--root", root, "--system"]
    for program in SYSTEMS_FILES:
        tool("register", program, *options)
    assert "unregister --all --system" in tool("unregister", "--all", "--root", root).stderr
    tool("unregister", "--all", *options)
    assert tree(root) == before
    assert tool("unregister", "--all", "--root", root).stderr == ""


def test_one_that_fails_does_not_keep_the_others(home: Path) -> None:
    for program in ("openssh", "java"):
        tool("register", program)
    config = home / ".ssh/config"
    damaged = config.read_text().replace(END, "")
    config.write_text(damaged)
    done: dict[str, Any] = {one["program"]: one for one in tool_json("unregister", "--all", status=1)["programs"]}
    assert done["openssh"]["error"]["code"] == "not-understood" and not done["openssh"]["changes"]
    assert "error" not in done["java"] and not (home / ".config").exists()
    assert config.read_text() == damaged


def test_what_links_lead_to_elsewhere_is_no_hindrance(home: Path, tmp_path: Path) -> None:
    """Unless the module is in it."""
    (tmp_path / "theirs").write_text("Host a\n")
    (home / ".ssh").mkdir(mode=0o700)
    (home / ".ssh/config").symlink_to(tmp_path / "theirs")
    tool("unregister", "--all")
    (tmp_path / "theirs").write_text("PKCS11Provider /x/libpyjpki11.so\n")
    assert tool_json("unregister", "openssh", status=1)["error"]["code"] == "symlink"


@pytest.mark.parametrize("arguments", [[], ["openssh", "--all"]])
def test_either_a_program_or_all(arguments: list[str]) -> None:
    assert "Specify a program or --all." in tool("unregister", *arguments, status=2).stderr


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"])
def test_folders_of_somebody_else(variable: str, tmp_path: Path) -> None:
    """As with sudo -E. Whoever is not root has no folders of others but root's, which cannot be written."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(theirs, 65534, 65534)
    for command in (["register", "java"], ["unregister", "java"]):
        assert tool_json(*command, status=1, env={variable: str(theirs)})["error"]["code"] == "home-not-yours"
    assert tree(theirs) == {}
