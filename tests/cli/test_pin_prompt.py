"""The PIN prompt as a terminal has it: nothing is shown, not after Ctrl-Z either, and nothing is left for the shell."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest
from cli.conftest import NewTool
from cli.test_terminal import tries_of
from support.card_tool import CardTool
from support.process import environment
from support.tool import ENGLISH, PROGRAM

WAIT_S = 30.0
POLL_S = 0.01
PROMPT = "PIN (4 digits): "
SHELL_PROMPT = "shell-is-ready> "
ENDING = [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT]


class Terminal:
    """A terminal that stays when its program ends, and the tool at it."""

    def __init__(self, tool: CardTool, *arguments: str, ignored: Collection[signal.Signals] = ()) -> None:
        self._ignored = ignored
        self._master, self.slave = os.openpty()
        self.shown = ""
        self.process = subprocess.Popen(  # noqa: S603 - our own
            [PROGRAM, *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=environment({**ENGLISH, **tool.env}),
            cwd=tool.folder,
            preexec_fn=self._take,
        )

    def _take(self) -> None:
        """A test run in the background of a shell ignores some signals, and so would its children."""
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN if number in self._ignored else signal.SIG_DFL)

    def has_echo(self) -> bool:
        """Whether what is typed is shown."""
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def type(self, text: str) -> None:
        """As a person does."""
        os.write(self._master, text.encode())

    def expect(self, text: str, times: int = 1) -> None:
        """Wait until something has been shown that often."""
        wait(lambda: self._read().count(text) >= times)

    def end(self) -> int:
        """Wait for the end; the exit status."""
        wait(lambda: bool(self._read()) and self.process.poll() is not None)
        return self.process.wait(WAIT_S)

    def left(self) -> bytes:
        """What was typed and nobody has read: the next program would."""
        return os.read(self.slave, 4096) if select.select([self.slave], [], [], 0)[0] else b""

    def close(self) -> None:
        """Whatever happened."""
        self.process.kill()
        self.process.wait(WAIT_S)
        os.close(self._master)
        os.close(self.slave)

    def _read(self) -> str:
        while select.select([self._master], [], [], 0)[0]:
            self.shown += os.read(self._master, 4096).decode(errors="replace")
        return self.shown


def wait(condition: Callable[[], bool]) -> None:
    """Until it is true."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(POLL_S)


@contextlib.contextmanager
def at_terminal(tool: CardTool, *arguments: str, ignored: Collection[signal.Signals] = ()) -> Iterator[Terminal]:
    """The tool at a terminal of its own."""
    terminal = Terminal(tool, *arguments, ignored=ignored)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize("number", ENDING, ids=str)
def test_a_signal_restores_the_terminal(tool: CardTool, softcard_state: Path, number: signal.Signals) -> None:
    """And ends the tool with the status that shells give it."""
    with at_terminal(tool, "pin", "verify", "auth") as terminal:
        terminal.expect(PROMPT)
        assert not terminal.has_echo()
        terminal.type("12")
        terminal.process.send_signal(number)
        assert terminal.end() == 128 + number
        assert terminal.has_echo()
    assert tries_of(softcard_state, "auth") == 3


def test_a_signal_at_the_apdu_prompt_restores_the_terminal_too(tool: CardTool) -> None:
    """Which readline has taken over."""
    with at_terminal(tool, "apdu") as terminal:
        terminal.expect("apdu> ")
        wait(lambda: not terminal.has_echo())
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 128 + signal.SIGTERM
        assert terminal.has_echo()


def test_a_signal_that_is_ignored_stays_ignored(tool: CardTool) -> None:
    """As nohup has it."""
    with at_terminal(tool, "pin", "verify", "auth", ignored=(signal.SIGHUP,)) as terminal:
        terminal.expect(PROMPT)
        terminal.process.send_signal(signal.SIGHUP)
        terminal.type("1234\n")
        assert terminal.end() == 0


def test_what_is_typed_while_the_tool_works_reaches_nobody(new_tool: NewTool, softcard_state: Path) -> None:
    """It may be the PIN once more; a shell would run it, and keep it."""
    slow = new_tool(softcard_state, "latency-ms=300")
    with at_terminal(slow, "pin", "verify", "auth") as terminal:
        terminal.expect(PROMPT)
        terminal.type("4321\n")
        wait(terminal.has_echo)  # it was read
        terminal.type("secret\n")
        assert terminal.process.poll() is None, "the card is slow"
        assert terminal.end() == 5
        assert terminal.left() == b""


def test_what_is_typed_ahead_of_a_prompt_is_not_taken(tool: CardTool, softcard_state: Path) -> None:
    """It was meant for something else."""
    with at_terminal(tool, "pin", "verify", "auth") as terminal:
        terminal.type("4321\n")
        terminal.expect(PROMPT)
        terminal.type("1234\n")
        assert terminal.end() == 0
        assert terminal.left() == b""
    assert tries_of(softcard_state, "auth") == 3


@pytest.mark.parametrize("pasted", ["1234\n", "1234\r", "1234\nmore\n"], ids=repr)
def test_a_pasted_line_is_taken(tool: CardTool, pasted: str) -> None:
    """And what was pasted behind it is not."""
    with at_terminal(tool, "pin", "verify", "auth") as terminal:
        terminal.expect(PROMPT)
        terminal.type(pasted)
        assert terminal.end() == 0
        assert terminal.left() == b""


@pytest.mark.parametrize("key", ["\x7f", "\x15"], ids=["backspace", "Ctrl-U"])
def test_a_slip_can_be_corrected(tool: CardTool, key: str) -> None:
    with at_terminal(tool, "pin", "verify", "auth") as terminal:
        terminal.expect(PROMPT)
        terminal.type(f"9{key}1234\n")
        assert terminal.end() == 0


@pytest.mark.parametrize(("typed", "status"), [("\x04", 130), ("\x03", 130), ("1234\x04\x04", 0)], ids=repr)
def test_the_end_of_the_input(tool: CardTool, typed: str, status: int) -> None:
    """Ctrl-D before a PIN ends the tool, behind one it ends the line."""
    with at_terminal(tool, "pin", "verify", "auth") as terminal:
        terminal.expect(PROMPT)
        terminal.type(typed)
        assert terminal.end() == status
        assert terminal.has_echo()


def test_a_line_of_any_length_costs_no_try(tool: CardTool, softcard_state: Path) -> None:
    with at_terminal(tool, "pin", "verify", "auth") as terminal:
        for times in range(1, 4):
            terminal.expect(PROMPT, times)
            terminal.type("1" * 1000 + "\n")
        assert terminal.end() == 7
        assert terminal.left() == b""
    assert tries_of(softcard_state, "auth") == 3


def test_full_width_digits_are_taken(tool: CardTool) -> None:
    """Without echo nobody sees that the Japanese input is on."""
    with at_terminal(tool, "pin", "verify", "auth") as terminal:
        terminal.expect(PROMPT)
        terminal.type("\uff11\uff12\uff13\uff14\n")
        assert terminal.end() == 0
        assert "Full-width characters were read as half-width ones." in terminal.shown


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1234 ", "ends with a space"),
        ("\x1b[A", "control characters"),
        ("", "No PIN was given"),
        ("あい", "Japanese input"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(tool: CardTool, typed: str, said: str) -> None:
    with at_terminal(tool, "pin", "verify", "auth") as terminal:
        terminal.expect(PROMPT)
        terminal.type(f"{typed}\n")
        terminal.expect("no try was used")
        assert said in terminal.shown


def test_the_prompt_says_that_a_card_is_made_of_software(any_tool: CardTool) -> None:
    """Before anybody types a PIN of a real one."""
    with at_terminal(any_tool, "pin", "verify", "auth") as terminal:
        terminal.expect("Software card: User authentication PIN (4 digits): ")


# -- job control ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["bash", "dash"])
def shell(request: pytest.FixtureRequest, tool: CardTool) -> Iterator[pexpect.spawn]:
    """A shell that a person uses, which restores the terminal's modes by itself, or does not."""
    program = {"bash": ["bash", "--norc", "--noprofile", "-i"], "dash": ["dash", "-i"]}[request.param]
    env = environment({**ENGLISH, **tool.env, "PS1": SHELL_PROMPT, "TERM": "dumb", "HISTFILE": "/dev/null", "ENV": ""})
    child = pexpect.spawn(program[0], program[1:], env=env, cwd=str(tool.folder), timeout=WAIT_S, encoding="utf-8")
    try:
        child.expect_exact(SHELL_PROMPT)
        child.sendline("set -m; stty -a | grep -o '[-]*echo\\b'")  # the command is not the answer
        child.expect(r"\n(-?echo)\b")
        yield child
    finally:
        child.close(force=True)


def test_echo_stays_off_through_a_stop(shell: pexpect.spawn) -> None:
    """Ctrl-Z at the prompt gives the shell its terminal back; after fg the PIN is asked for again, and not shown."""
    child = shell
    child.sendline(f"{PROGRAM} pin verify auth")
    for _ in range(2):
        child.expect_exact(PROMPT)
        assert child.waitnoecho(WAIT_S)
        child.send("12\x1a")
        child.expect("(?i)stopped")
        child.sendline("stty -a | grep -o '[-]*echo\\b'")
        child.expect(r"\n(-?echo)\b")
        assert child.match[1] == "echo", "the shell would show nothing"
        child.sendline("fg")
    child.expect_exact(PROMPT)
    assert child.waitnoecho(WAIT_S)
    child.sendline("1234")
    child.expect("3 of 3 tries left")
    assert "1234" not in child.before


def test_a_stopped_tool_can_be_ended(shell: pexpect.spawn) -> None:
    """In the background it leaves the terminal alone, instead of being stopped for touching it."""
    child = shell
    child.sendline(f"{PROGRAM} pin verify auth")
    child.expect_exact(PROMPT)
    assert child.waitnoecho(WAIT_S)
    child.send("\x1a")
    child.expect("(?i)stopped")
    child.sendline("jobs -p; kill %1; kill -CONT %1")
    child.expect(r"\n(\d+)\r")
    wait(lambda: has_ended(child.match[1]))


def has_ended(pid: str) -> bool:
    """Whether a process has ended, be it that its shell has not asked yet."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
