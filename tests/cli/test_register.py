"""Registering programs: the programs themselves say that they have the module; what is not ours is left as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.openssh import Askpass, serving
from support.openssl import openssl_verify
from support.process import run
from support.tool import JAPANESE, tool, tool_json

from pyjpki11.cli import registrations
from pyjpki11.registration import refusal
from pyjpki11.registration.programs import PROGRAMS

AUTHENTICATION, SIGNATURE = "JPKI (User Authentication PIN)", "JPKI (Digital Signature PIN)"
ENGINE = next(Path("/usr/lib").glob("*/engines-3/pkcs11.so"))
PROVIDER = next(Path("/usr/lib").glob("*/ossl-modules/pkcs11.so"))
JAVA_SECURITY = Path(shutil.which("keytool") or "keytool").resolve().parents[1] / "conf/security/java.security"
OPENSSL_CNF = Path("/etc/ssl/openssl.cnf")
#: Programs that a user who is not root can register without ever having used them.
ANYWHERE = ["chromium", "openssh", "openssl", "java"]
#: Root without root's right to write everywhere.
NO_RIGHTS = ["setpriv", "--bounding-set", "-all", "--"]
#: What p11-kit takes for somebody else than root.
NOBODY = ["unshare", "--user"] if os.geteuid() == 0 else []


@pytest.fixture
def home() -> Path:
    """The test's own home."""
    return Path(os.environ["HOME"])


@pytest.fixture
def card_env(softcard_state: Path) -> dict[str, str]:
    """With a software card in the reader."""
    return {"PYJPKI11_READER": f"softcard:{softcard_state}"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Another system, which has OpenSSH, OpenSSL with its engine, Java and Firefox."""
    folder = tmp_path / "root"
    for path in ("etc/ssh/ssh_config.d", "etc/ssl", ENGINE.parent, "usr/lib/jvm/java/conf/security", "usr/bin"):
        (folder / str(path).lstrip("/")).mkdir(parents=True)
    (folder / "etc/ssh/ssh_config").write_text("Include /etc/ssh/ssh_config.d/*.conf\nHost *\n    SendEnv LANG\n")
    shutil.copy(OPENSSL_CNF, folder / "etc/ssl")
    (folder / str(ENGINE).lstrip("/")).touch()
    shutil.copy(JAVA_SECURITY, folder / "usr/lib/jvm/java/conf/security")
    (folder / "usr/bin/firefox").write_bytes(b"\x7fELF")
    return folder


@pytest.fixture
def profile(home: Path) -> Path:
    """A profile that Firefox has made."""
    run(["firefox-esr", "--headless", "-CreateProfile", "test"], timeout=120)
    (found,) = (home / ".config/mozilla/firefox").glob("*.test")
    return found


def tree(folder: Path) -> dict[str, bytes | str]:
    """Everything below a folder, caches aside."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or path.is_file()) and ".cache" not in path.parts
    }


def modules(database: Path, env: dict[str, str]) -> str:
    """What NSS says of the modules in a database."""
    return run(["modutil", "-list", "-dbdir", f"sql:{database}"], env=env).stdout


# -- the programs have it ---------------------------------------------------------------------------------------------


def test_chromium(home: Path, module_path: Path, card_env: dict[str, str]) -> None:
    tool("register", "chromium")
    listed = modules(home / ".pki/nssdb", card_env)
    assert str(module_path) in listed and AUTHENTICATION in listed
    tool("unregister", "chromium")
    assert str(module_path) not in modules(home / ".pki/nssdb", card_env)


def test_chromium_with_a_database_of_its_own(home: Path, module_path: Path, card_env: dict[str, str]) -> None:
    """Other modules stay, and the file becomes again what NSS had written."""
    database = home / ".pki/nssdb"
    database.mkdir(parents=True)
    run(["certutil", "-N", "--empty-password", "-d", f"sql:{database}"])
    opensc = next(Path("/usr/lib").glob("*/opensc-pkcs11.so"))
    run(["modutil", "-force", "-add", "OpenSC", "-libfile", opensc, "-dbdir", f"sql:{database}"])
    before = tree(home)
    tool("register", "chromium")
    listed = modules(database, card_env)
    assert str(module_path) in listed and str(opensc) in listed
    tool("unregister", "chromium")
    assert tree(home) == before


def test_chromium_in_the_newer_folder(home: Path) -> None:
    """Chromium 146 and later, where ~/.pki never was."""
    database = home / ".local/share/pki/nssdb"
    database.mkdir(parents=True)
    run(["certutil", "-N", "--empty-password", "-d", f"sql:{database}"])
    tool("register", "chromium")
    assert "name=pyjpki11" in (database / "pkcs11.txt").read_text()
    assert not (home / ".pki").exists()


def test_nss_can_take_it_out_itself(home: Path) -> None:
    tool("register", "chromium")
    run(["modutil", "-force", "-delete", "pyjpki11", "-dbdir", f"sql:{home}/.pki/nssdb"])
    (entry,) = [one for one in listed() if one["program"] == "chromium" and not one["system"]]
    assert entry["state"] == "absent"
    tool("register", "chromium")
    assert "pyjpki11" in modules(home / ".pki/nssdb", {})


def test_firefox(profile: Path, module_path: Path, card_env: dict[str, str]) -> None:
    tool("register", "firefox")
    listed = modules(profile, card_env)
    assert str(module_path) in listed and AUTHENTICATION in listed


def test_firefox_without_a_profile() -> None:
    assert "There is no Firefox profile yet" in tool("register", "firefox", status=1).stderr


def test_firefox_in_both_folders(home: Path, profile: Path) -> None:
    """Those of older Firefoxes stay where they are; an absolute path is one too."""
    old, absolute = home / ".mozilla/firefox/old", home / "elsewhere"
    for folder in (old, absolute):
        folder.mkdir(parents=True)
    (old / "cert8.db").touch()  # which Firefox takes over by itself, if nothing newer is there
    sections = ["[Profile0]\nIsRelative=1\nPath=old", f"[Profile1]\nIsRelative=0\nPath={absolute}", "[General]"]
    (old.parent / "profiles.ini").write_text("\n\n".join(sections) + "\n")
    tool("register", "firefox")
    assert all("name=pyjpki11" in (folder / "pkcs11.txt").read_text() for folder in (profile, old, absolute))
    assert (absolute / "cert9.db").exists() and not (old / "cert9.db").exists()


def keytool(*options: str, home: Path, env: dict[str, str]) -> str:
    """What keytool prints."""
    properties = f"-J-Djava.security.properties={home}/.config/pyjpki11/java.security"
    return run(["keytool", *options, properties], env=env, timeout=120).stdout


@pytest.mark.parametrize(
    ("pin", "provider", "entry"),
    [
        ("1234", [], "User Authentication Certificate, PrivateKeyEntry"),
        ("1234", ["-providerName", "SunPKCS11-pyjpki11"], "User Authentication Certificate, PrivateKeyEntry"),
        ("ABC123", ["-providerName", "SunPKCS11-pyjpki11-signature"], "Digital Signature Certificate, PrivateKeyEntry"),
    ],
)
def test_java(pin: str, provider: list[str], entry: str, home: Path, card_env: dict[str, str]) -> None:
    tool("register", "java")
    store = ["-keystore", "NONE", "-storetype", "PKCS11", "-storepass", pin]
    assert entry in keytool("-list", *store, *provider, home=home, env=card_env)


def test_java_without_a_reader(home: Path) -> None:
    """Everything else works as before."""
    tool("register", "java")
    env = {"PCSCLITE_CSOCK_NAME": "/nonexistent/pcscd.comm"}
    store = ["-keystore", str(home / "store.p12"), "-storepass", "secret1", "-alias", "a"]
    keytool("-genkeypair", "-keyalg", "RSA", "-dname", "CN=a", *store, home=home, env=env)
    assert "PrivateKeyEntry" in keytool("-list", *store, home=home, env=env)


def test_java_for_all(root: Path, tmp_path: Path, card_env: dict[str, str]) -> None:
    """Java is told of the file that it would read in that system."""
    tool("register", "java", "--system", "--root", root)
    properties = tmp_path / "java.security"
    written = (root / "usr/lib/jvm/java/conf/security/java.security").read_text()
    properties.write_text(written.replace("/etc/pyjpki11/", f"{root}/etc/pyjpki11/"))
    store = ["-keystore", "NONE", "-storetype", "PKCS11", "-storepass", "1234"]
    option = f"-J-Djava.security.properties=={properties}"  # instead of Java's own file
    assert "PrivateKeyEntry" in run(["keytool", "-list", *store, option], env=card_env, timeout=120).stdout


def test_p11_kit(module_path: Path, card_env: dict[str, str]) -> None:
    """It reads no files of root's own, and says nothing; so does not the tool, but it refuses."""
    tool("register", "p11-kit", prefix=NOBODY)
    listed = run([*NOBODY, "p11-kit", "list-modules"], env=card_env).stdout
    assert f"pyjpki11: {module_path}" in listed and AUTHENTICATION in listed and SIGNATURE in listed
    tool("unregister", "p11-kit", prefix=NOBODY)
    assert "pyjpki11" not in run([*NOBODY, "p11-kit", "list-modules"], env=card_env).stdout


def test_p11_kit_of_root(home: Path) -> None:
    if os.geteuid() == 0:
        assert "p11-kit does not read root's own files" in tool("register", "p11-kit", status=1).stderr
    assert tree(home) == {}


def test_openssl_with_lines_of_the_users_own(home: Path) -> None:
    """They stay, and are in force together with what was registered."""
    tool("register", "openssl")
    config = home / ".config/pyjpki11/openssl.cnf"
    tls = "[tls]\nsystem_default = mine\n[mine]\nCiphersuites = TLS_AES_128_GCM_SHA256\n"
    own = f"[openssl_init]\nssl_conf = tls\n{tls}"
    config.write_text(config.read_text() + own)
    tool("register", "openssl")
    assert config.read_text().endswith(own)
    offered = run(["openssl", "ciphers", "-s", "-tls1_3"], env={"OPENSSL_CONF": str(config)}).stdout
    assert offered == "TLS_AES_128_GCM_SHA256\n"
    tool("unregister", "openssl")
    assert config.read_text() == own


#: How openssl is told to use the engine; the provider needs no options.
WITH_ENGINE = ["-engine", "pkcs11", "-keyform", "engine"]


def openssl_sign(config: Path, state: Path, env: dict[str, str], folder: Path, options: Sequence[str] = ()) -> None:
    """Sign with what the configuration names, and verify."""
    (folder / "data").write_bytes(b"data")
    uri = "pkcs11:token=JPKI%20(User%20Authentication%20PIN);id=%01;type=private?pin-value=1234"
    command: list[str | Path] = ["openssl", "dgst", "-sha256", "-sign", uri, *options, "-out", folder / "signature"]
    run([*command, folder / "data"], env={**env, "OPENSSL_CONF": str(config)})
    certificate = (state / "auth.der").read_bytes()
    openssl_verify(certificate, b"data", (folder / "signature").read_bytes(), "sha256")


def test_openssl(home: Path, tmp_path: Path, softcard_state: Path, card_env: dict[str, str]) -> None:
    """Where both are installed, the provider is taken."""
    tool("register", "openssl")
    config = home / ".config/pyjpki11/openssl.cnf"
    openssl_sign(config, softcard_state, card_env, tmp_path)
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=a"]
    made = run(["openssl", *request], env={"OPENSSL_CONF": str(config)}).stdout
    assert "BEGIN CERTIFICATE" in made  # what the system's configuration says holds as well


@pytest.mark.parametrize(("library", "options"), [(ENGINE, WITH_ENGINE), (PROVIDER, [])], ids=["engine", "provider"])
def test_openssl_for_all(
    library: Path, options: Sequence[str], root: Path, tmp_path: Path, softcard_state: Path, card_env: dict[str, str]
) -> None:
    """A system that has one of the two."""
    (root / str(ENGINE).lstrip("/")).unlink()
    there = root / str(library).lstrip("/")
    there.parent.mkdir(parents=True, exist_ok=True)
    there.touch()
    tool("register", "openssl", "--system", "--root", root)
    openssl_sign(root / "etc/ssl/openssl.cnf", softcard_state, card_env, tmp_path, options)


@pytest.mark.parametrize("kind", ["engines", "providers"])
def test_openssl_with_another_module(kind: str, root: Path) -> None:
    """It knows one only, and that of the user stays."""
    config = root / "etc/ssl/openssl.cnf"
    config.write_text(f"openssl_conf = start\n[start]\n{kind} = mine\n[mine]\npkcs11 = token\n[token]\nactivate = 1\n")
    before = tree(root)
    for place in (["--system"], []):
        said = tool_json("register", "openssl", *place, "--root", root, status=1)["error"]
        assert said["code"] == "taken"
    assert tree(root) == before


def test_openssh(home: Path, tmp_path: Path, module_path: Path, card_env: dict[str, str]) -> None:
    """A login with what was written into the user's configuration."""
    config = home / ".ssh/config"
    config.parent.mkdir(mode=0o700)
    config.write_text("Host other\n    User somebody\n")
    tool("register", "openssh")
    key = run(["ssh-keygen", "-D", module_path], env=card_env).stdout.splitlines()[0]
    askpass = Askpass(tmp_path, "1234")
    with serving(tmp_path, key) as server:
        output = server.login(config=config.read_text(), env={**card_env, **askpass.environment})
    assert output == "logged in\n" and len(askpass.prompts()) == 1


def test_openssh_for_all(root: Path, card_env: dict[str, str]) -> None:
    """The copy that ssh-agent takes finds its package."""
    tool("register", "openssh", "--system", "--root", root)
    copy = root / "usr/local/lib/libpyjpki11.so"
    assert len(run(["ssh-keygen", "-D", copy], env=card_env).stdout.splitlines()) > 0
    config = root / "etc/ssh/ssh_config.d/pyjpki11.conf"
    said = run(["ssh", "-G", "-F", config, "card.test"]).stdout
    assert "pkcs11provider /usr/local/lib/libpyjpki11.so" in said


def test_openssh_without_a_folder_of_parts(root: Path) -> None:
    (root / "etc/ssh/ssh_config").write_text("Host *\n    SendEnv LANG\n")
    tool("register", "openssh", "--system", "--root", root)
    assert "PKCS11Provider" in (root / "etc/ssh/ssh_config").read_text()
    assert list((root / "etc/ssh/ssh_config.d").iterdir()) == []


def test_firefox_for_all(root: Path, module_path: Path) -> None:
    """Where Firefox looks first for policies."""
    tool("register", "firefox", "--system", "--root", root)
    policies = root / "etc/firefox/policies/policies.json"
    assert f'"pyjpki11": "{module_path}"' in policies.read_text()


def test_policies_that_came_with_firefox_stay_in_force(root: Path) -> None:
    """Firefox would no longer read them if there were others in /etc."""
    policies = root / "usr/lib/firefox/distribution/policies.json"
    policies.parent.mkdir(parents=True)
    policies.write_text('{"policies": {"DisableTelemetry": true}}')
    before = tree(root)
    tool("register", "firefox", "--system", "--root", root)
    assert not (root / "etc/firefox").exists()
    assert '"pyjpki11"' in policies.read_text() and "DisableTelemetry" in policies.read_text()
    tool("unregister", "firefox", "--system", "--root", root)
    assert tree(root) == before


def test_chromium_for_all(root: Path) -> None:
    tool("register", "chromium", "--system", "--root", root, status=1)


# -- manners ----------------------------------------------------------------------------------------------------------

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
    databases = {name for name in tree(home) if name.endswith(".db")}  # of NSS, which stay
    assert {name: content for name, content in tree(home).items() if name not in databases} == before
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
    "openssh": (["openssh"], ".ssh/config", b"a\0b", "is no text file"),
    "chromium": (["chromium"], ".pki/nssdb/pkcs11.txt", b"something else\n", "cannot be understood (line 1)"),
    "openssl": (["openssl"], ".config/pyjpki11/openssl.cnf", b"\x7fELF\0", "is no text file"),
    "java": (["java"], ".config/pyjpki11/java-signature.cfg", b"name = mine\n", "was not made by pyjpki11"),
    "firefox": (["firefox"], ".mozilla/firefox/profiles.ini", b"no section\n", "cannot be understood (line 1)"),
}


@pytest.mark.parametrize(("arguments", "name", "content", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_not_understood(
    arguments: Sequence[str], name: str, content: bytes, message: str, home: Path
) -> None:
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
    assert "cannot be understood" in tool("register", "firefox", "--system", "--root", root, status=1).stderr
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


def listed() -> list[dict[str, object]]:
    """register --list."""
    entries: list[dict[str, object]] = tool_json("register", "--list")["registrations"]
    return entries


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
