"""The completion scripts, in the shells that they are for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest
from support.card_tool import CardTool
from support.process import environment, run
from support.tool import ENGLISH, PROGRAM

WAIT_S = 30
#: Shell -> how to start it without anybody's settings, how to load the script.
SHELLS = {
    "bash": (["--noprofile", "--norc", "-i"], "source {script}"),
    "zsh": (["-f", "-i"], "autoload -U compinit; compinit -u -d {script}.dump; source {script}"),
    "fish": (["--no-config", "-i"], "source {script}"),
}
#: What is typed before the tabulator -> what the shell makes of it.
COMPLETIONS = {
    "pyjpki11 modu": "pyjpki11 module-path",
    "pyjpki11 pin chan": "pyjpki11 pin change",
    "pyjpki11 pin verify te": "pyjpki11 pin verify text",
    "pyjpki11 softcard fau": "pyjpki11 softcard faults",
    "pyjpki11 status --jso": "pyjpki11 status --json",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_completes(shell: str, tmp_path: Path) -> None:
    """Commands, commands below them, arguments and options."""
    program = shutil.which(shell)
    assert program, f"{shell} is not installed"
    script = tmp_path / "completion"
    script.write_text(run([PROGRAM, "completion", shell]).stdout)
    options, load = SHELLS[shell]
    env = {**ENGLISH, "PATH": f"{PROGRAM.parent}:/usr/bin:/bin", "TERM": "dumb", "HOME": str(tmp_path)}
    child = pexpect.spawn(program, options, env=environment(env), encoding="utf-8", timeout=WAIT_S)
    try:
        child.sendline(f"{load.format(script=script)}; echo load''ed")
        child.expect("loaded")
        for typed, completed in COMPLETIONS.items():
            child.send(f"{typed}\t")
            child.expect_exact(completed)
            child.send("\x15")
    finally:
        child.close(force=True)


def test_readers_are_completed(tool: CardTool) -> None:
    """By the protocol between our scripts and the tool."""
    asked = {"_PYJPKI11_COMPLETE": "bash_complete", "COMP_WORDS": "pyjpki11 status --reader ", "COMP_CWORD": "3"}
    assert tool(env=asked).stdout == "plain,Software card 00\n"


def test_no_reader_can_be_asked(tool: CardTool) -> None:
    """Completion has nothing to say, instead of an error in the middle of a line."""
    asked = {"_PYJPKI11_COMPLETE": "bash_complete", "COMP_WORDS": "pyjpki11 status --reader ", "COMP_CWORD": "3"}
    done = tool(env={**asked, "PYJPKI11_READER": "none-such"})
    assert (done.stdout.strip(), done.stderr) == ("", "")
