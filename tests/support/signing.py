"""Files to sign with the card tool, and their signatures judged by openssl."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.card_tool import PINS, CardTool
from support.process import run

from jpki_softcard.store import Store

LANGUAGES = ("en", "ja")
KEYS = ("auth", "sign")
CONTENT = b"what is signed\r\n\0\xff" * 1000
EACH_LOGIN = 'signature_consent = "each-login"\n'


@pytest.fixture
def files(softcard_state: Path, tmp_path: Path) -> None:
    """Files to sign, and the roots of the card, in the tool's folder."""
    folder = tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    for name in ("a.txt", "b.txt", "c.txt"):
        (folder / name).write_bytes(CONTENT + name.encode())
    for name in ("auth_ca", "sign_ca"):
        (folder / f"{name}.der").write_bytes(Store(str(softcard_state)).certificate(name))
        run(["openssl", "x509", "-inform", "DER", "-in", f"{name}.der", "-out", f"{name}.pem"], cwd=folder)
    for key, pin in PINS.items():
        (folder / f"{key}.pin").touch(0o600)
        (folder / f"{key}.pin").write_text(f"{pin}\n")


def content(name: str = "a.txt") -> bytes:
    """What is in a file."""
    return CONTENT + name.encode()


def accept(tool: CardTool, key: str, signature: str, *options: str, name: str = "a.txt") -> None:
    """Have openssl verify a CMS signature, as CAdES and up to the card's root."""
    argv = ["openssl", "cms", "-verify", "-cades", "-binary", "-CAfile", f"{key}_ca.pem", "-purpose", "any"]
    run([*argv, "-in", signature, "-out", "verified", *options], cwd=tool.folder)
    assert tool.read("verified") == content(name)
