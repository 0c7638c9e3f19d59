"""Files that the examples in Python sign, judged by OpenSSL."""

from __future__ import annotations

from pathlib import Path

from support.clients import KEYS
from support.examples import FOLDER, script
from support.openssl import PSS, openssl_verify
from support.terminal import Dialogue, run_at_terminal

FILES = {"letter.txt": b"what is signed", "contract.txt": b"what else is signed"}
CERTIFICATES = {"authentication": "auth.der", "signature": "sign.der"}  # in the folder of an issued card
PROMPT = r"PIN of .*: "


class SigningExample:
    """An example program whose command in python.md is below a heading, run where its reader's files are."""

    def __init__(self, program: str, heading: str, folder: Path) -> None:
        self._program, self._heading, self._folder = program, heading, folder
        for name, content in FILES.items():
            (folder / name).write_bytes(content)

    def sign(self, key: str, pss: bool = False) -> Dialogue:
        """What it shows while it signs the files with a key."""
        option = " --pss" if pss else ""
        here = {self._program: f"{FOLDER / self._program}{option}", '" signature ': f'" {key} '}
        argv = script("python.md", "Set up", self._heading, replace=here)
        return run_at_terminal(argv, {PROMPT: KEYS[key].pin}, cwd=self._folder)

    def verify(self, issued_card: Path, key: str, pss: bool = False) -> None:
        """Raise Failed unless every signature is good."""
        certificate = (issued_card / CERTIFICATES[key]).read_bytes()
        for name, content in FILES.items():
            signature = (self._folder / f"{name}.sig").read_bytes()
            openssl_verify(certificate, content, signature, "sha256", PSS if pss else ())
