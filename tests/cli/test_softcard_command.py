"""`pyjpki11 softcard`: the card in front of vpcd, as before the tool had a frame."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import pytest
from support.card_tool import LANGUAGES, CardTool
from support.process import background, end, run
from support.tool import ENGLISH, PROGRAM

READY = {
    "en": "The software card {state} is in the reader at {address}.",
    "ja": "ソフトウェアカード {state} を {address} のリーダーに入れました。",
}
ASK_ATR = b"\x00\x01\x04"
CONTACT_C5 = "3bc5ff8131fb458073c6010000"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_card_in_a_reader(softcard_state: Path, tmp_path: Path, language: str, number: signal.Signals) -> None:
    """Its options reach it; it says when it is in; a signal ends it with status 0."""
    output = tmp_path / "output"
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        command = [str(PROGRAM), "softcard", "--vpcd", address, "--state", str(softcard_state), "--atr", "contact-c5"]
        with background(command, output, LANGUAGES[language]) as process:
            connection, _ = server.accept()
            with connection:
                connection.sendall(ASK_ATR)
                assert connection.recv(64)[2:].hex() == CONTACT_C5
                end(process, number)
    assert process.returncode == 0
    said = READY[language].format(state=softcard_state, address=address)
    assert output.read_text() == f"{said}\n"


def test_the_faults_as_before() -> None:
    """--list-faults stands for `softcard faults`."""
    assert run([PROGRAM, "softcard", "--list-faults"]).stdout == run([PROGRAM, "softcard", "faults"]).stdout


def test_a_card_of_my_own(tool: CardTool, tmp_path: Path) -> None:
    """Name, birth date, sex and PINs are those that were chosen; OpenSSL reads the validity."""
    chosen = ["--name", "見本\u3000花子", "--birth-date", "1990-05-06", "--sex", "female", "--sign-pin", "hanako90"]
    validity = ["--valid-from", "2026-01-01", "--valid-to", "2027-03-31"]
    state = tmp_path / "mine"
    made = tool.json("softcard", "new", "--state", state, *chosen, *validity)
    assert (made["not_before"], made["not_after"]) == ("2025-12-31T15:00:00+00:00", "2027-03-31T14:59:59+00:00")
    mine = {"PYJPKI11_READER": f"softcard:{state}"}
    text = tool.json("text", "attributes", "--pin-file", "-", text="1234", env=mine)
    assert (text["name"], text["birth_date"], text["sex"]) == ("見本\u3000花子", "1990-05-06", "female")
    tool("pin", "verify", "sign", "--pin-file", "-", text="HANAKO90", env=mine)
    shown = run(["openssl", "x509", "-inform", "DER", "-in", state / "auth.der", "-noout", "-dates"]).stdout
    assert shown == "notBefore=Dec 31 15:00:00 2025 GMT\nnotAfter=Mar 31 14:59:59 2027 GMT\n"


def test_never_over_another_card(tool: CardTool, softcard_state: Path) -> None:
    """A card that is there stays as it is."""
    before = {path.name: path.read_bytes() for path in softcard_state.iterdir()}
    done = tool("softcard", "new", "--state", softcard_state, status=1)
    assert "there is already a card" in done.stderr.replace("\n", " ")
    assert {path.name: path.read_bytes() for path in softcard_state.iterdir()} == before


def test_unreadable_pin_file(tool: CardTool) -> None:
    """The right to read is asked for as any user has it."""
    path = tool.write("pin", "1234\n")
    path.chmod(0)
    nobody_special = ["setpriv", "--bounding-set", "-all", "--"]
    done = tool("pin", "verify", "auth", "--pin-file", path, prefix=nobody_special, status=1)
    assert "permission denied" in done.stderr


def test_closed_output(softcard_state: Path) -> None:
    """A reader of our output that has had enough is no reason to complain."""
    env = f"PYJPKI11_READER=softcard:{softcard_state}"
    script = f"{PROGRAM} status --json | true; exit ${{PIPESTATUS[0]}}"
    done = run(["env", env, "bash", "-c", script], env=ENGLISH, check=False)
    assert done.stderr == ""
    assert done.returncode in (0, 1)


def test_streams_that_know_no_japanese(tool: CardTool) -> None:
    """An old encoding of the terminal is no reason to fail."""
    done = subprocess.run(  # noqa: S603 - our own program, whose bytes are looked at
        [PROGRAM, "status"],
        env={**tool.env, "LANGUAGE": "ja", "PYTHONIOENCODING": "ascii", "HOME": str(tool.folder)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert b"\\u30ea\\u30fc\\u30c0\\u30fc" in done.stdout
