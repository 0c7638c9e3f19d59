"""Registering programs: the programs themselves say that they have the module."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.openssh import Askpass, serving
from support.openssl import openssl_verify
from support.process import run
from support.registering import engine, listed, tree
from support.tool import tool, tool_json

AUTHENTICATION, SIGNATURE = "JPKI (User Authentication PIN)", "JPKI (Digital Signature PIN)"
ENGINE = engine()
PROVIDER = next(Path("/usr/lib").glob("*/ossl-modules/pkcs11.so"))
#: What p11-kit takes for somebody else than root.
NOBODY = ["unshare", "--user"] if os.geteuid() == 0 else []


@pytest.fixture
def card_env(softcard_state: Path) -> dict[str, str]:
    """With a software card in the reader."""
    return {"PYJPKI11_READER": f"softcard:{softcard_state}"}


def modules(database: Path, env: dict[str, str]) -> str:
    """What NSS says of the modules in a database."""
    return run(["modutil", "-list", "-dbdir", f"sql:{database}"], env=env).stdout


def test_chromium(home: Path, module_path: Path, card_env: dict[str, str]) -> None:
    tool("register", "chromium")
    listed = modules(home / ".pki/nssdb", card_env)
    assert str(module_path) in listed and AUTHENTICATION in listed
    tool("unregister", "chromium")
    assert tree(home) == {}


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
