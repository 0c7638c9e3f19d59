"""The tool at a terminal: prompts, warnings, a history without PINs, a sign of life, an interruption."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest
from cli.conftest import NewTool
from support.card_tool import CardTool
from support.process import environment
from support.terminal import run_at_terminal
from support.tool import ENGLISH, JAPANESE, PROGRAM

from jpki_softcard.store import Store
from pyjpki11.cli.wording import annotation

LAST_TRY = {"en": "Warning: this is the last try.", "ja": "警告: あと 1 回間違えるとロックされます。"}
TRIES = {"en": "3 of 3 tries left", "ja": "残り試行回数 3 回（最大 3 回）"}
PROMPT = {"en": r"PIN \(4 digits\): ", "ja": r"数字 4 桁.: "}
NEW = {"en": r"New .*\): ", "ja": r"新しい.*: "}
AGAIN = {"en": "Enter it again: ", "ja": "もう一度入力してください: "}
LANGUAGES = pytest.mark.parametrize("language", ["en", "ja"])
UP = "\x1b[A"
WAIT_S = 60


def set_tries(state: Path, name: str, tries: int) -> None:
    """As if somebody had mistyped it elsewhere."""
    with Store(str(state)).pins() as pins:
        pins[name] = pins[name]._replace(tries=tries)


def tries_of(state: Path, name: str) -> int:
    """What the card remembers."""
    with Store(str(state)).pins() as pins:
        return pins[name].tries


@LANGUAGES
def test_the_tries_are_shown_before_the_prompt(any_tool: CardTool, language: str) -> None:
    """In both languages, over both kinds of readers; the PIN is not echoed."""
    said = any_tool.at_terminal("pin", "verify", "auth", answers={PROMPT[language]: "1234"}, language=language)
    assert said.output.index(TRIES[language]) < said.output.index(said.prompts[0])
    assert "1234" not in said.output
    assert LAST_TRY[language] not in said.output


@LANGUAGES
def test_a_warning_before_the_last_try(tool: CardTool, softcard_state: Path, language: str) -> None:
    """And the right PIN brings all tries back."""
    set_tries(softcard_state, "auth", 1)
    said = tool.at_terminal("pin", "verify", "auth", answers={PROMPT[language]: "1234"}, language=language)
    assert said.output.index(LAST_TRY[language]) < said.output.index(said.prompts[0])
    assert tries_of(softcard_state, "auth") == 3


def test_nothing_is_asked_for_a_blocked_pin(tool: CardTool, softcard_state: Path) -> None:
    """Nobody types a PIN that cannot help."""
    set_tries(softcard_state, "text", 0)
    assert tool.at_terminal("text", "mynumber", answers={PROMPT["en"]: "1234"}, status=6).prompts == []


def test_a_pin_of_impossible_form_costs_no_try(tool: CardTool, softcard_state: Path) -> None:
    """It is asked for three times, then no more; nothing was sent."""
    said = tool.at_terminal("pin", "verify", "auth", answers={PROMPT["en"]: "12345"}, status=7)
    assert len(said.prompts) == 3
    assert tries_of(softcard_state, "auth") == 3


def test_a_wrong_pin_is_asked_for_once(tool: CardTool, softcard_state: Path) -> None:
    """A person decides about another try by another command."""
    said = tool.at_terminal("pin", "verify", "auth", answers={PROMPT["en"]: "4321"}, status=5)
    assert len(said.prompts) == 1
    assert tries_of(softcard_state, "auth") == 2


@LANGUAGES
def test_change_asks_twice(tool: CardTool, language: str) -> None:
    """The new PIN is the one that counts afterwards."""
    answers = {NEW[language]: "9876", AGAIN[language]: "9876", PROMPT[language]: "1234"}
    said = tool.at_terminal("pin", "change", "auth", answers=answers, language=language)
    assert len(said.prompts) == 3
    assert "9876" not in said.output
    tool("pin", "verify", "auth", "--pin-file", "-", text="9876")


def test_change_of_heart(tool: CardTool, softcard_state: Path) -> None:
    """Two different new ones: the old one stays."""
    answers = {NEW["en"]: "9876", AGAIN["en"]: "9875", PROMPT["en"]: "1234"}
    said = tool.at_terminal("pin", "change", "auth", answers=answers, status=7)
    assert "Nothing was changed." in said.output
    tool("pin", "verify", "auth", "--pin-file", "-", text="1234")


def test_a_wrong_old_pin_is_told_before_a_new_one_is_thought_of(tool: CardTool, softcard_state: Path) -> None:
    """It costs its try, and nothing else is asked."""
    said = tool.at_terminal("pin", "change", "auth", answers={PROMPT["en"]: "4321"}, status=5)
    assert len(said.prompts) == 1
    assert tries_of(softcard_state, "auth") == 2


def test_the_card_is_locked_while_a_new_pin_is_thought_of(pcsc_tool: CardTool, pcsc_card: object) -> None:
    """The old one was compared only; every other program could sign otherwise."""
    answers = {NEW["en"]: "98765", PROMPT["en"]: "1234"}
    pcsc_tool.at_terminal("pin", "change", "auth", answers=answers, status=7)
    signed = pcsc_tool.json("apdu", "00A4040C0AD392F000260100000001", "802A009703AABBCC00")["exchanges"]
    assert [one["status_word"] for one in signed] == ["9000", "6982"]


def test_apdu_prompt(tool: CardTool) -> None:
    """Commands one by one; PINs are masked in the history, which the next run has again."""
    said = converse(tool, "00A4040C0AD392F000260100000001", "00 20 00 98 04 31 32 33 34", "00200098{auth}")
    assert said.count("9000 success") == 3
    (history,) = Path(os.environ["HOME"]).glob(".cache/pyjpki11/apdu-history")
    assert history.read_text().splitlines() == ["00A4040C0AD392F000260100000001", "00 20 00 98 **", "00200098{auth}"]
    assert history.stat().st_mode & 0o777 == 0o600
    assert "not a command in hex" in converse(tool, UP + UP), "the arrow keys bring back what was masked"


LEAKS = (
    "verify 00 20 00 98 04 31 32 33 34",  # letters in front that are hex digits themselves
    "# before: 00 20 00 98 04 31 32 33 34",
    "00A4040C00 0020009804 31323334",  # two commands in one line
    "0020009804 3132333",  # a digit is missing
    "00200098{1234}",
    "31323334",
    "1234",
)


def test_no_line_in_which_a_pin_may_stand_is_kept_or_repeated(tool: CardTool) -> None:
    """Whatever stands before it."""
    typed = [*LEAKS, "0020009804 31323334"]
    said = converse(tool, "00B0950000", *typed)
    (history,) = Path(os.environ["HOME"]).glob(".cache/pyjpki11/apdu-history")
    assert history.read_text().splitlines() == ["00B0950000", "00 20 00 98 **"]
    shown = [line for line in said.splitlines() if line not in typed and "apdu>" not in line]
    assert not [line for line in shown if "1234" in line.replace(" ", "") or "3132" in line.replace(" ", "")]


def test_an_old_history_is_tidied_up(tool: CardTool) -> None:
    """Earlier versions kept such lines; the next line that is kept takes them away."""
    history = Path(os.environ["HOME"], ".cache/pyjpki11/apdu-history")
    history.parent.mkdir(parents=True, mode=0o700)
    history.write_text("00A4040C\nverify 00 20 00 98 04 31 32 33 34\n00 20 00 98 **\n")
    history.chmod(0o600)
    converse(tool, "00B0950000")
    assert history.read_text().splitlines() == ["00A4040C", "00 20 00 98 **", "00B0950000"]


def converse(tool: CardTool, *lines: str) -> str:
    """Type lines at the prompt of `apdu`, the PIN where it is asked for; what was shown."""
    env = environment({**ENGLISH, **tool.env, "TERM": "xterm"})
    child = pexpect.spawn(str(PROGRAM), ["apdu"], env=env, encoding="utf-8", timeout=WAIT_S)
    said = ""
    try:
        for line in lines:
            child.expect("apdu> ")
            said += child.before
            child.send(f"{line}\r")
            if "{auth}" in line:
                child.expect(PROMPT["en"])
                child.waitnoecho()
                child.send("1234\r")
        child.expect("apdu> ")
        said += child.before
        child.sendeof()
        child.expect(pexpect.EOF)
        return f"{said}{child.before}"
    finally:
        child.close(force=True)


@LANGUAGES
def test_a_sign_of_life(new_tool: NewTool, softcard_state: Path, language: str) -> None:
    """Whatever takes longer than half a second shows a line, which is gone in the end; only on a terminal."""
    slow = new_tool(softcard_state, "latency-ms=150")
    shown = slow.at_terminal("status", answers={"never asked": ""}, language=language).output
    words = {"en": "Reading the cards", "ja": "カードを読み取っています"}[language]
    seconds = {"en": "s", "ja": "秒"}[language]
    assert f" {words} 0 {seconds}" in shown or f" {words} 1 {seconds}" in shown
    result = shown.rpartition("\r\x1b[K")[2]
    assert words not in result
    assert {"en": "Reader", "ja": "リーダー"}[language] in result
    assert words not in slow("status", language=language).stderr


#: Shows progress of a content of two chunks, and waits in the midst for a line.
HALF = """
import sys
from pyjpki11.cli.terminal import progress
def chunks():
    yield b"1234"
    sys.stdin.readline()
    yield b"5678"
with progress.shown("Reading"):
    print(b"".join(progress.counted(chunks(), 8)))
"""
#: The tool, which shows progress without patience.
EAGER = """
import sys
from pyjpki11.cli import main
from pyjpki11.cli.terminal import progress
progress.PATIENCE_S, progress.TICK_S = 0, 0.001
sys.exit(main.run(sys.argv[1:]))
"""


@pytest.mark.parametrize(("language", "seconds"), [(ENGLISH, "s"), (JAPANESE, "秒")])
def test_progress_of_a_content(language: dict[str, str], seconds: str) -> None:
    """In percent of its length, then gone."""
    env = environment(language)
    child = pexpect.spawn(sys.executable, ["-c", HALF], env=env, encoding="utf-8", timeout=WAIT_S)
    try:
        child.expect(rf"Reading 50 % \d+ {seconds}")
        child.send("\n")
        child.expect_exact("b'12345678'")
        child.expect(pexpect.EOF)
        assert child.before.endswith("\r\x1b[K")
    finally:
        child.close(force=True)


@pytest.mark.parametrize("options", [["--detached"], ["--format", "raw"]])
def test_progress_of_a_big_file(tool: CardTool, options: list[str]) -> None:
    """How much of it was read, when it is signed and when it is verified."""
    with open(tool.folder / "big", "wb") as file:
        file.truncate(256 << 20)
    tool.write_pin("pin", "1234")
    tool("cert", "export", "auth", "-o", "auth.pem")
    bare = ["--certificate", "auth.pem"] if "raw" in options else []
    sign = ["sign", "--key", "auth", "--pin-file", "pin", *options, "-o", "signature", "big"]
    verify = ["verify", "--test-card", "--content", "big", "signature", *bare]  # valid or not, it is read
    for command in (sign, verify):
        env = {**ENGLISH, **tool.env}
        argv = [sys.executable, "-c", EAGER, *command]
        said = run_at_terminal(argv, {"never asked": ""}, env=env, cwd=tool.folder, check=False)
        assert len(set(re.findall(r"Reading the file (\d+) %", said.output))) > 2


def test_no_sign_of_life_where_none_is_needed(tool: CardTool) -> None:
    """A terminal is left alone by what is quick."""
    assert "\x1b" not in tool.at_terminal("module-path", answers={"never asked": ""}).output


def listen_to_interruptions() -> None:
    """A test run in the background of a shell ignores them, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interruption(tool: CardTool, softcard_state: Path) -> None:
    """At a prompt: exit status 130, the terminal shows again what is typed, no try is gone."""
    env = environment({**ENGLISH, **tool.env})
    command = ["pin", "verify", "auth"]
    child = pexpect.spawn(str(PROGRAM), command, env=env, timeout=WAIT_S, preexec_fn=listen_to_interruptions)
    try:
        child.expect(rb"\(4 digits\): ")
        child.waitnoecho()
        child.kill(signal.SIGINT)
        child.expect(pexpect.EOF)
        child.wait()
    finally:
        child.close(force=True)
    assert child.exitstatus == 130
    assert b"Interrupted." in child.before
    assert tries_of(softcard_state, "auth") == 3


@pytest.mark.parametrize("command", ["0020009804", "00 20 00 80 04", "00240198", "80320080", "0C200098", "002C0098"])
def test_every_pin_command_is_masked(command: str) -> None:
    """Whatever its coding; the length of the PIN, too."""
    raw = bytes.fromhex(command) + b"SECRET"
    assert annotation.masked(raw) == f"{annotation.hex_of(raw[:4])} **"
