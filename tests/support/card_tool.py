"""The command `pyjpki11` with a card, in either language."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from support.process import Failed
from support.terminal import Dialogue, run_at_terminal
from support.tool import ENGLISH, JAPANESE, PROGRAM, tool

from pyjpki11.cli.terminal.columns import COLUMNS, width

LANGUAGES = {"en": ENGLISH, "ja": JAPANESE}
PINS = {"auth": "1234", "sign": "ABC123"}


class CardTool:
    """The tool with a card, in a folder of its own."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = env

    def __call__(
        self,
        *arguments: str | Path,
        language: str = "en",
        text: str = "",
        status: int = 0,
        env: Mapping[str, str | None] | None = None,
        prefix: Sequence[str] = (),
    ) -> CompletedProcess[str]:
        """Run a command to its end, which must be that exit status, within the columns of a terminal.

        `text`: its standard input. `prefix`: what runs it.
        """
        settings = {**self.env, **(env or {})}
        words, folder = LANGUAGES[language], self.folder
        done = tool(*arguments, env=settings, status=status, prefix=prefix, language=words, cwd=folder, text=text)
        if "--trace" not in arguments:  # it shows bytes in hex
            _require_narrow(done.stderr if "--json" in arguments else done.stdout + done.stderr)
        return done

    def json(self, *arguments: str | Path, **options: Any) -> dict[str, Any]:
        """The JSON document that a command prints."""
        document: dict[str, Any] = json.loads(self(*arguments, "--json", **options).stdout)
        return document

    def at_terminal(
        self, *arguments: str | Path, answers: Mapping[str, str], language: str = "en", status: int = 0
    ) -> Dialogue:
        """Run a command for a person who types an answer to each prompt."""
        env = {**LANGUAGES[language], **self.env}
        said = run_at_terminal([PROGRAM, *arguments], answers, env=env, cwd=self.folder, check=False)
        assert said.status == status, said.output
        return said

    def write(self, name: str, content: str | bytes) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write_pin(self, name: str, pin: str) -> Path:
        """A file with a PIN in the folder, which nobody else may read."""
        path = self.write(name, f"{pin}\n")
        path.chmod(0o600)
        return path

    def read(self, name: str) -> bytes:
        """A file in the folder."""
        return (self.folder / name).read_bytes()


def _require_narrow(text: str) -> None:
    """Words fit a terminal; what cannot be broken, such as keys in Base64 and paths, may be wider."""
    for line in text.splitlines():
        if width(line) > COLUMNS and not re.search(r"\S{40}", line):
            raise Failed(f"a line of {width(line)} columns: {line}")
