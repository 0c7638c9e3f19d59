"""Where a PIN may come from without a person, and when its last try is spared."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from cli.test_terminal import set_tries, tries_of
from support.card_tool import CardTool

from pyjpki11.cli.terminal import exits

VERIFY = ("pin", "verify", "auth")
NOBODY = 65534
#: A wrong PIN: had it been sent, a try would be gone.
WRONG = "4321\n"


def pin_file(tool: CardTool, mode: int, content: str = WRONG) -> Path:
    """A file with a PIN."""
    path = tool.write("pin", content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o602, 0o666])
def test_a_file_that_others_may_use_is_refused(tool: CardTool, softcard_state: Path, mode: int) -> None:
    """Whether they may read it or write it."""
    done = tool(*VERIFY, "--pin-file", pin_file(tool, mode), status=exits.FAILED)
    assert "chmod 600" in done.stderr
    assert tries_of(softcard_state, "auth") == 3


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_my_own_is_taken(tool: CardTool, mode: int) -> None:
    tool(*VERIFY, "--pin-file", pin_file(tool, mode, "1234\n"))


def test_a_link_is_judged_by_what_it_leads_to(tool: CardTool) -> None:
    path = pin_file(tool, 0o600, "1234\n")
    link = tool.folder / "link"
    link.symlink_to(path)
    tool(*VERIFY, "--pin-file", link)
    path.chmod(0o644)
    tool(*VERIFY, "--pin-file", link, status=exits.FAILED)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_another_user_is_refused(tool: CardTool, softcard_state: Path) -> None:
    path = pin_file(tool, 0o600)
    os.chown(path, NOBODY, NOBODY)
    assert "belongs to another user" in tool(*VERIFY, "--pin-file", path, status=exits.FAILED).stderr
    assert tries_of(softcard_state, "auth") == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_pipe_of_another_user_does_not_hold_us_up(tool: CardTool) -> None:
    """To open it would be to wait for its other end."""
    path = tool.folder / "pipe"
    os.mkfifo(path, 0o600)
    os.chown(path, NOBODY, NOBODY)
    assert "belongs to another user" in tool(*VERIFY, "--pin-file", path, status=exits.FAILED).stderr


def test_a_pipe_of_my_own_is_taken(tool: CardTool) -> None:
    path = tool.folder / "pipe"
    os.mkfifo(path, 0o600)
    writer = threading.Thread(target=path.write_text, args=("1234\n",))
    writer.start()
    tool(*VERIFY, "--pin-file", path)
    writer.join()


@pytest.mark.parametrize("option", [("--pin-file", "-"), ("--pin-fd", "0")])
def test_a_descriptor_of_a_file_that_others_may_use_is_refused(tool: CardTool, option: tuple[str, str]) -> None:
    """Its owner does not matter: whoever opened it has chosen it."""
    path = pin_file(tool, 0o644, "1234\n")
    into = ["sh", "-c", f'exec "$@" < "{path}"', "sh"]
    assert "chmod 600" in tool(*VERIFY, *option, prefix=into, status=exits.FAILED).stderr
    path.chmod(0o600)
    tool(*VERIFY, *option, prefix=into)


def test_a_script_never_blocks_the_pin(tool: CardTool, softcard_state: Path) -> None:
    """However often it runs."""
    path = pin_file(tool, 0o600)
    for status in (exits.WRONG_PIN, exits.WRONG_PIN, exits.LAST_TRY, exits.LAST_TRY):
        tool(*VERIFY, "--pin-file", path, status=status)
    assert tries_of(softcard_state, "auth") == 1
    tool(*VERIFY, "--pin-file", path, "--last-try", status=exits.PIN_BLOCKED)


@pytest.mark.parametrize(
    ("pin", "command"),
    [
        ("text", ("text", "mynumber")),
        ("sign", ("cert", "show", "sign")),
        ("sign", ("sign", "--key", "sign", "a.txt")),
        ("auth", ("pin", "change", "auth", "--new-pin-file", "-")),
        ("auth", ("doctor", "--test-pss")),
    ],
)
def test_the_last_try_is_spared_by_every_command(
    tool: CardTool, softcard_state: Path, pin: str, command: tuple[str, ...]
) -> None:
    """And used by each when it is told to."""
    tool.write("a.txt", "text")
    set_tries(softcard_state, pin, 1)
    text = {"sign": "ABC123\n"}.get(pin, "1234\n") + "5678\n"
    tool(*command, "--pin-file", "-", text=text, status=exits.LAST_TRY)
    assert tries_of(softcard_state, pin) == 1
    tool(*command, "--pin-file", "-", "--last-try", text=text)
    assert tries_of(softcard_state, pin) > 1
