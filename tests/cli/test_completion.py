"""The completion scripts, in the shells that they are for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest
from support.card_tool import CardTool
from support.process import environment, run
from support.tool import ENGLISH, JAPANESE, PROGRAM

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


def test_help_makes_the_folders(tool: CardTool, tmp_path: Path) -> None:
    """What it says works as it stands, in a home where nothing is yet."""
    lines = tool("completion", "--help").stdout.splitlines()
    commands = [line.partition(" (")[0] for line in lines if line.startswith(("  mkdir -p ", "  pyjpki11 completion "))]
    assert len(commands) == 2 * len(SHELLS)
    env = {"HOME": str(tmp_path), "PATH": f"{PROGRAM.parent}:/usr/bin:/bin"}
    for command in commands:
        run(["sh", "-c", command], env=env)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*pyjpki11*") if path.is_file()}
    assert written >= {
        ".local/share/bash-completion/completions/pyjpki11",
        ".zfunc/_pyjpki11",
        ".config/fish/completions/pyjpki11.fish",
    }


#: What is typed in bash before the tabulator -> what the line is then.
QUOTED = {
    "pyjpki11 status --reader ": r"pyjpki11 status --reader Software\ card\ 00 ",
    r"pyjpki11 status --reader Software\ c": r"pyjpki11 status --reader Software\ card\ 00 ",
    'pyjpki11 status --reader "Software c': 'pyjpki11 status --reader "Software card 00" ',
    "pyjpki11 status --reader 'Software c": "pyjpki11 status --reader 'Software card 00' ",
}


@pytest.mark.parametrize("typed", QUOTED)
def test_bash_quotes_readers(tool: CardTool, tmp_path: Path, typed: str) -> None:
    """Their names have blanks; the command runs as it then stands."""
    script = tmp_path / "completion"
    script.write_text(run([PROGRAM, "completion", "bash"]).stdout)
    env = {**ENGLISH, **tool.env, "PATH": f"{PROGRAM.parent}:/usr/bin:/bin", "TERM": "dumb", "HOME": str(tmp_path)}
    options, load = SHELLS["bash"]
    child = pexpect.spawn("bash", options, env=environment(env), encoding="utf-8", timeout=WAIT_S)
    try:
        child.sendline(f"{load.format(script=script)}; echo load''ed")
        child.expect("loaded")
        child.send(f"{typed}\t")
        child.expect_exact(QUOTED[typed])
        child.sendline("; echo stat''us=$?")
        child.expect_exact("status=0")
    finally:
        child.close(force=True)


@pytest.mark.parametrize("language", [ENGLISH, JAPANESE])
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_descriptions_are_whole(tool: CardTool, shell: str, language: dict[str, str]) -> None:
    """Beside each command the line that the help has; Japanese has no spaces at which one could be cut."""
    asked = {"_PYJPKI11_COMPLETE": f"{shell}_complete", "COMP_WORDS": "pyjpki11 ", "COMP_CWORD": "1"}
    asked["COMP_CWORD"] = "" if shell == "fish" else "1"
    said = run([PROGRAM], env={**language, **tool.env, **asked}).stdout
    listed = run([PROGRAM, "--help"], env={**language, "COLUMNS": "200"}).stdout
    for name in ("status", "cert", "module-path", "unregister", "apdu"):
        (summary,) = [line.split(None, 1)[1] for line in listed.splitlines() if line.startswith(f"  {name} ")]
        assert summary in said
    assert "..." not in said


def test_fish_shows_what_follows_a_comma(tool: CardTool, tmp_path: Path) -> None:
    script = tmp_path / "completion.fish"
    script.write_text(run([PROGRAM, "completion", "fish"]).stdout)
    env = {**ENGLISH, **tool.env, "PATH": f"{PROGRAM.parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    said = run(["fish", "--no-config", "-c", f"source {script}; complete -C 'pyjpki11 stat'"], env=env).stdout
    assert said == "status\tShow readers, cards, certificates, and the tries left.\n"


def test_readers_are_completed(tool: CardTool) -> None:
    """By the protocol between our scripts and the tool."""
    asked = {"_PYJPKI11_COMPLETE": "bash_complete", "COMP_WORDS": "pyjpki11 status --reader ", "COMP_CWORD": "3"}
    assert tool(env=asked).stdout == "plain,Software card 00\n"


def test_no_reader_can_be_asked(tool: CardTool) -> None:
    """Completion has nothing to say, instead of an error in the middle of a line."""
    asked = {"_PYJPKI11_COMPLETE": "bash_complete", "COMP_WORDS": "pyjpki11 status --reader ", "COMP_CWORD": "3"}
    done = tool(env={**asked, "PYJPKI11_READER": "none-such"})
    assert (done.stdout.strip(), done.stderr) == ("", "")
