"""The installed command `pyjpki11`, run as its users run it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from support.process import run

PROGRAM = Path(sys.executable).with_name("pyjpki11")
ENGLISH = {"LANGUAGE": "", "LC_ALL": "C.UTF-8"}
JAPANESE = {"LANGUAGE": "ja", "LC_ALL": "C.UTF-8"}


def tool(
    *arguments: str | Path,
    env: Mapping[str, str | None] | None = None,
    status: int = 0,
    prefix: Sequence[str] = (),
    language: Mapping[str, str] = ENGLISH,
    cwd: Path | None = None,
    text: str = "",
) -> CompletedProcess[str]:
    """What the tool prints; it has to end with that status. `prefix`: what runs it; `text`: its standard input."""
    done = run([*prefix, PROGRAM, *arguments], env={**language, **(env or {})}, cwd=cwd, text=text, check=False)
    assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def tool_json(*arguments: str | Path, **options: Any) -> dict[str, Any]:
    """The JSON document that the tool prints."""
    document: dict[str, Any] = json.loads(tool(*arguments, "--json", **options).stdout)
    return document
