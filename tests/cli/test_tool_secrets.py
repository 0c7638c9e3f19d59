"""What the tool leaves behind of a PIN: nothing, neither in texts nor on the card."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.card_tool import CardTool

from pyjpki11.cli.card import cards
from pyjpki11.cli.terminal import exits
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.terminal.options import Options

#: A command with its standard input, which has PINs in it -> a command that the card takes after the PIN only.
LOGINS = {
    "verify": (["pin", "verify", "auth", "--pin-file", "-"], "1234\n"),
    "change": (["pin", "change", "auth", "--pin-file", "-", "--new-pin-file", "-"], "1234\n9876\n"),
    "apdu": (["apdu"], "00A4040C0AD392F000260100000001\n0020009804 31323334\n"),
}
SELECT_JPKI, SIGN = "00A4040C0AD392F000260100000001", "802A009703AABBCC00"
SELECT_TEXT, READ_ATTRIBUTES = "00A4040C0AD3921000310001010408", "00B0820000"
TRACES = ("1234", "9876", "31323334", "39383736", "31 32 33 34", "39 38 37 36")


def statuses(tool: CardTool, *apdus: str) -> list[str]:
    """What the card answers to another run of the tool."""
    return [one["status_word"] for one in tool.json("apdu", *apdus)["exchanges"]]


@pytest.mark.parametrize("name", LOGINS)
def test_the_card_forgets_the_pin(pcsc_tool: CardTool, name: str) -> None:
    """Every other program could sign otherwise. Design: decision 6"""
    command, typed = LOGINS[name]
    pcsc_tool(*command, text=typed)
    assert statuses(pcsc_tool, SELECT_JPKI, SIGN) == ["9000", "6982"]


def test_the_text_is_closed_again(pcsc_tool: CardTool) -> None:
    """Also after the PIN of the text application."""
    pcsc_tool("text", "attributes", "--pin-file", "-", text="1234")
    assert statuses(pcsc_tool, SELECT_TEXT, READ_ATTRIBUTES) == ["9000", "6982"]


def test_a_failure_does_not_keep_the_pin(pcsc_tool: CardTool) -> None:
    """The output's disk is full after the login."""
    full = ["sh", "-c", 'exec "$@" > /dev/full', "sh"]
    pcsc_tool("pin", "verify", "auth", "--pin-file", "-", text="1234", prefix=full, status=exits.FAILED)
    assert statuses(pcsc_tool, SELECT_JPKI, SIGN) == ["9000", "6982"]


def test_the_settings_may_keep_it(pcsc_tool: CardTool) -> None:
    """Which shows that the tests above can fail."""
    settings = pcsc_tool.write("config.toml", 'logout = "keep"\n')
    pcsc_tool("pin", "verify", "auth", "--pin-file", "-", text="1234", env={"PYJPKI11_CONFIG": str(settings)})
    assert statuses(pcsc_tool, SELECT_JPKI, SIGN) == ["9000", "9000"]


@pytest.mark.parametrize("name", LOGINS)
def test_no_pin_in_any_text(tool: CardTool, tmp_path: Path, name: str) -> None:
    """With everything shown and logged that there is."""
    log = tmp_path / "log"
    command, typed = LOGINS[name]
    env = {"PYJPKI11_LOG": str(log), "PYJPKI11_LOG_LEVEL": "debug"}
    for more in ([], ["--json"]):
        status = 0 if not more or name != "change" else exits.WRONG_PIN  # it is another one by then
        done = tool(*command, "--trace", *more, text=typed, env=env, status=status)
        said = done.stdout + done.stderr + (log.read_text() if log.exists() else "")
        assert "**" in said
        assert not [trace for trace in TRACES if trace in said]


def test_the_log_has_no_data_of_a_typed_command(tool: CardTool, tmp_path: Path) -> None:
    """Nor of any other; a PIN could be in it whatever the command is called."""
    log = tmp_path / "log"
    env = {"PYJPKI11_LOG": str(log), "PYJPKI11_LOG_LEVEL": "debug"}
    lines = "00A4040C0AD392F000260100000001\n00B0850000\n00D6000004 31323334\n002000980431323334\n"
    tool("apdu", text=lines, env=env)
    written = log.read_text().replace(" ", "")
    assert "apdu:00200098" in written and "apdu:00D60000" in written
    assert "D392F000" not in written and "3132" not in written


class NoReaders:
    """A driver without any reader, whose service runs."""

    def reader_names(self) -> list[str]:
        """None."""
        return []

    def card_event(self, reader: str) -> int | None:
        """No such reader, no card."""
        return None


TIMEOUT_S = 60.0


def test_no_reader() -> None:
    """A service without readers is told from no service."""
    with pytest.raises(ToolError) as caught:
        cards.Readers(NoReaders(), Options(), TIMEOUT_S).names()  # type: ignore[arg-type]
    assert (caught.value.exit_status, caught.value.code) == (exits.NO_READER, "no-reader")


def test_two_cards(pcsc_tool: CardTool, pcsc_card: object, softcard_state: Path) -> None:
    """One has to be chosen; both are named."""
    pcsc_card(slot=1, state=softcard_state)  # type: ignore[operator]
    done = pcsc_tool("pin", "status", status=exits.NO_CARD)
    assert "--reader" in done.stderr
    assert "Virtual PCD 00 00" in done.stderr
    assert "Virtual PCD 00 01" in done.stderr
    assert pcsc_tool("pin", "status", "--reader", "00 01").stdout
    assert len(pcsc_tool.json("status")["readers"]) == 2
