"""What the tests of registering programs share: a home, another system, what is in a folder."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
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


@pytest.fixture
def roots_folder() -> Iterator[Path]:
    """A folder in the tests' own installation: what is above it belongs to whom that belongs, which /tmp does not."""
    with tempfile.TemporaryDirectory(dir=sys.prefix) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def new_build(roots_folder: Path, module_path: Path) -> Callable[[str], dict[str, str]]:
    """Installs the package once more, and answers with the environment in which the tool is that one."""

    def make(name: str) -> dict[str, str]:
        shutil.copytree(module_path.parent, roots_folder / name / "pyjpki11")
        return {"PYTHONPATH": ":".join(filter(None, (str(roots_folder / name), os.environ.get("PYTHONPATH"))))}

    return make


def tree(folder: Path) -> dict[str, bytes | str]:
    """Everything below a folder, caches aside."""
    return {
        str(path.relative_to(folder)): _content(path)
        for path in sorted(folder.rglob("*"))
        if ".cache" not in path.parts
    }


def _content(path: Path) -> bytes | str:
    if path.is_symlink():
        return str(path.readlink())
    return "a folder" if path.is_dir() else path.read_bytes()


def listed() -> list[dict[str, object]]:
    """register --list."""
    entries: list[dict[str, object]] = tool_json("register", "--list")["registrations"]
    return entries
