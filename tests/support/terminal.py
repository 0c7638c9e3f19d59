"""Runs a program at a terminal, where it asks for a PIN as it asks a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pexpect  # type: ignore[import-untyped]
from support.process import TIMEOUT_S, Argument, Failed, environment


class Dialogue(NamedTuple):
    """What was shown on the terminal."""

    output: str
    """Everything, prompts included; lines end with a line feed."""
    prompts: list[str]
    """The parts that asked for something."""
    status: int


def run_at_terminal(
    argv: Sequence[Argument],
    answers: Mapping[str, str | Sequence[str]],
    *,
    timeout: float = TIMEOUT_S,
    env: Mapping[str, str | None] | None = None,
    cwd: Path | None = None,
    check: bool = True,
) -> Dialogue:
    """Run a program to its end, typing after each prompt as a person would who waits for it.

    `answers`: what a prompt looks like (a regular expression) -> the text to type, or several, of which the last is
    typed again and again. A prompt for a secret must have switched off the echo. Raises Failed for a status other
    than 0, unless `check` is off, or when the time is over.
    """
    program, *arguments = map(str, argv)
    folder = None if cwd is None else str(cwd)
    child = pexpect.spawn(
        program, arguments, env=environment(env), cwd=folder, timeout=timeout, encoding="utf-8", codec_errors="replace"
    )
    texts = [[answer] if isinstance(answer, str) else list(answer) for answer in answers.values()]
    said, prompts = "", []
    try:
        while child.expect([pexpect.EOF, *answers]):
            said += child.before + child.after
            prompts.append(child.after)
            if not child.waitnoecho(timeout):
                raise Failed(f"{program} shows what is typed after {child.after!r}")
            child.sendline(_next(texts[child.match_index - 1]))
        said = (said + child.before).replace("\r\n", "\n")
    except pexpect.TIMEOUT:
        raise Failed(f"{program} waits for something, or does not end:\n{said}{child.before}") from None
    finally:
        child.close(force=True)
    status = -child.signalstatus if child.exitstatus is None else child.exitstatus
    if check and status:
        raise Failed(f"{program} ended with {status}\n{said}")
    return Dialogue(said, prompts, status)


def _next(texts: list[str]) -> str:
    return texts.pop(0) if len(texts) > 1 else texts[0]
