"""What the tests of registering programs share: a home, another system, what is in a folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from support.process import run
from support.tool import tool_json

JAVA_SECURITY = Path(shutil.which("keytool") or "keytool").resolve().parents[1] / "conf/security/java.security"
OPENSSL_CNF = Path("/etc/ssl/openssl.cnf")


def engine() -> Path:
    """OpenSSL's engine for PKCS#11 on this machine."""
    return next(Path("/usr/lib").glob("*/engines-3/pkcs11.so"))


@pytest.fixture
def home() -> Path:
    """The test's own home."""
    return Path(os.environ["HOME"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Another system, which has OpenSSH, OpenSSL with its engine, Java and Firefox."""
    folder = tmp_path / "root"
    for path in ("etc/ssh/ssh_config.d", "etc/ssl", engine().parent, "usr/lib/jvm/java/conf/security", "usr/bin"):
        (folder / str(path).lstrip("/")).mkdir(parents=True)
    (folder / "etc/ssh/ssh_config").write_text("Include /etc/ssh/ssh_config.d/*.conf\nHost *\n    SendEnv LANG\n")
    shutil.copy(OPENSSL_CNF, folder / "etc/ssl")
    (folder / str(engine()).lstrip("/")).touch()
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


def listed() -> list[dict[str, object]]:
    """register --list."""
    entries: list[dict[str, object]] = tool_json("register", "--list")["registrations"]
    return entries
