"""What the tool prints: no name forges a line or steers a terminal, and every width of a terminal is used."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from support.authority import Authority
from support.card_tool import CardTool
from support.process import environment, run
from support.tool import ENGLISH, JAPANESE, PROGRAM

from pyjpki11.cli.terminal import columns, output
from pyjpki11.cli.terminal.options import Options
from pyjpki11.printable import printable

LANGUAGES = {"en": ENGLISH, "ja": JAPANESE}
#: A line that would be believed, however lines are ended.
FORGED = "All of it is valid."
ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
STEERING = "\x1b[2J\x9b2J\x1b]0title\x07\u202e\u2066\u061c\u200b\u200e\ufeff\u00ad\U000e0041"
HOSTILE = f"x{STEERING}" + "".join(f"{end}{FORGED}" for end in ENDS)
#: As long as the name of a file may be, with two bytes for most of these.
HOSTILE_NAME = f"x{STEERING}\n{FORGED}\u2028{FORGED}\r{FORGED}\x85{FORGED}"


def require_harmless(text: str) -> None:
    """No line is the forged one, whatever is taken for the end of a line; nothing steers."""
    assert FORGED in text, "the name is not shown at all, so that this says nothing"
    assert not [line for line in re.split(f"[{ENDS}]", text) if line.strip() == FORGED or line.startswith(FORGED)]
    assert [line for line in text.split("\n") if printable(line) != line] == []


#: Commands that show the name of a file that is there, or is none, or another word of the user's; the exit status.
NAMING = [
    (("cert", "verify", HOSTILE_NAME), 8),
    (("cert", "verify", f"no{HOSTILE_NAME}"), 1),
    (("cert", "verify", "auth", "--root", f"no{HOSTILE_NAME}"), 1),
    (("cert", "verify", "auth", "--at", HOSTILE), 2),
    (("cert", "export", "auth", "-o", HOSTILE_NAME), 1),
    (("cert", "export", HOSTILE), 2),
    (("sign", "--key", "auth", "--pin-file", "pin", HOSTILE_NAME), 0),
    (("sign", "--key", "auth", "--pin-file", f"no{HOSTILE_NAME}", "pin"), 1),
    (("sign", "--key", "auth", f"no{HOSTILE_NAME}"), 1),
    (("sign", "--key", "auth", "-o", f"{HOSTILE_NAME}/x", "pin"), 1),
    (("verify", f"no{HOSTILE_NAME}"), 1),
    (("verify", "--content", f"no{HOSTILE_NAME}", "detached"), 1),
    (("status", "--reader", HOSTILE), 3),
    (("softcard", "new", "--state", HOSTILE_NAME), 1),
    (("softcard", "--fault", HOSTILE), 1),
    (("register", "openssh", "--root", f"no{HOSTILE_NAME}"), 2),
    ((HOSTILE,), 2),
    (("status", f"--{HOSTILE}"), 2),
    (("status", HOSTILE), 2),
    (("completion", HOSTILE), 2),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("arguments", "status"), NAMING, ids=[str(number) for number in range(len(NAMING))])
def test_no_name_forges_a_line(tool: CardTool, arguments: tuple[str, ...], status: int, language: str) -> None:
    """On both outputs, also where Python has not shown what it could not read."""
    tool.write(HOSTILE_NAME, Authority().pem)
    tool.write_pin("pin", "1234")
    tool("sign", "--key", "auth", "--pin-file", "pin", "--detached", "-o", "detached", "pin")
    done = run([PROGRAM, *arguments], env={**LANGUAGES[language], **tool.env}, cwd=tool.folder, check=False)
    assert done.returncode == status, done.stderr
    require_harmless(done.stdout + done.stderr)


def test_json_is_whole_whatever_a_name_holds(tool: CardTool) -> None:
    """Each character is there again once the document is read."""
    tool.write(HOSTILE_NAME, b"content")
    tool.write_pin("pin", "1234")
    said = tool("sign", "--key", "auth", "--pin-file", "pin", HOSTILE_NAME, "--json").stdout
    assert [line for line in said.split("\n") if printable(line) != line] == []
    assert json.loads(said)["signatures"][0]["file"] == HOSTILE_NAME


def hostile_certificate(tool: CardTool) -> None:
    """A certificate that everything is wrong with, in the file `hostile.pem`; its root is root.pem."""
    authority = Authority()
    tool.write("root.pem", authority.pem)
    tool.write("hostile.pem", authority.issue(f"\x1b[2J\u202e\n{FORGED}\u2028{FORGED}").pem)


def test_no_certificate_forges_a_line(tool: CardTool) -> None:
    hostile_certificate(tool)
    for arguments in (("hostile.pem", "--root", "root.pem"), ("hostile.pem", "--root", "root.pem", "--json")):
        require_harmless(tool("cert", "verify", *arguments).stdout)


def test_no_certificate_forges_a_line_of_a_file(tool: CardTool, softcard_state: Path) -> None:
    """Nor where its text is kept to be read later."""
    hostile_certificate(tool)
    certificate = x509.load_pem_x509_certificate(tool.read("hostile.pem"))
    (softcard_state / "auth.der").write_bytes(certificate.public_bytes(Encoding.DER))
    for form in ("text", "json"):
        options = ["--json"] if form == "json" else ["--format", form]
        tool("cert", "show", "auth", "-o", form, *options)
        require_harmless(tool.read(form).decode())
        require_harmless(tool("cert", "show", "auth", *options).stdout)


def test_everything_that_is_printed_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    """Results, tables, remarks: wherever the name of a reader may be."""
    options = Options()
    output.show(options, {}, [HOSTILE, *columns.table([(HOSTILE, HOSTILE)]), *columns.wrap(HOSTILE, 80)])
    output.note(HOSTILE, "")
    output.print_lines([HOSTILE], sys.stderr)
    options.json = True
    output.show(options, {HOSTILE: [HOSTILE]}, [])
    said = capsys.readouterr()
    for text in said:
        require_harmless(text)
    assert json.loads(said.out[said.out.index("{") :]) == {HOSTILE: [HOSTILE]}


# -- width --------------------------------------------------------------------------------------------------

#: Commands whose texts are longer than a line.
WIDE = [
    ("--help",),
    ("status",),
    ("cert", "show", "auth"),
    ("cert", "verify", "auth", "--test-card"),
    ("cert", "export", "--help"),
    ("doctor",),
    ("status", "--reader", "none that is called so, however long one looks for it among all readers there are"),
]


def at_width(tool: CardTool, arguments: tuple[str, ...], width: int, language: Mapping[str, str]) -> list[str]:
    """The lines that a command shows on a terminal of that width; without what cannot be broken, such as keys."""
    env = environment({**language, **tool.env, "COLUMNS": None})
    child = pexpect.spawn(
        str(PROGRAM), list(arguments), timeout=120, env=env, dimensions=(50, width), cwd=str(tool.folder)
    )
    try:
        child.expect(pexpect.EOF)
        shown: bytes = child.before
    finally:
        child.close(force=True)
    text = shown.decode().replace("\r\n", "\n").rpartition("\x1b[K")[2]
    return [line for line in text.split("\n") if not re.search(r"\S{30}", line)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("arguments", WIDE, ids=lambda value: value[0])
def test_the_width_of_the_terminal_is_used(tool: CardTool, arguments: tuple[str, ...], language: str) -> None:
    """From 40 columns to 200: nothing is wider, and what has room is not broken."""
    heights = []
    for width in (40, 60, 80, 120, 200):
        lines = at_width(tool, arguments, width, LANGUAGES[language])
        too_wide = [line for line in lines if columns.width(line) > width]
        assert not too_wide, width
        heights.append(len(lines))
    assert heights == sorted(heights, reverse=True)
    assert heights[0] > heights[-1]


@pytest.mark.parametrize(
    ("variable", "expected"),
    [("60", 60), ("10", 40), ("1000", 200), ("0", 80), ("", 80), ("x", 80), ("-5", 80), ("²", 80)],
)
def test_the_width_that_is_asked_for(monkeypatch: pytest.MonkeyPatch, variable: str, expected: int) -> None:
    """What is no terminal has 80, whatever else has been said."""
    monkeypatch.setenv("COLUMNS", variable)
    assert columns.room(io.StringIO()) == expected


def test_a_closed_output_has_a_width() -> None:
    with open(os.devnull) as closed:
        pass
    assert columns.room(closed) == columns.COLUMNS


# -- what is not for a terminal -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_bytes_are_kept_from_a_terminal(tool: CardTool, name: str, language: str) -> None:
    """Before a PIN is asked for, with what to do instead."""
    tool.write("a.txt", b"content")
    tool.write_pin("pin", "1234")
    tool("sign", "--key", "auth", "--pin-file", "pin", "a.txt")
    for arguments in (
        ("sign", "--key", "sign", "-o", name, "a.txt"),
        ("sign", "--key", "auth", "--format", "raw", "-o", name, "a.txt"),
        ("cert", "export", "sign", "--format", "der", "-o", name),
        ("verify", "--test-card", "-o", name, "a.txt.p7m"),
    ):
        said = tool.at_terminal(*arguments, answers={"never asked": ""}, status=2, language=language)
        assert "-o FILE" in said.output
        assert "\x1b" not in said.output


def test_text_is_not_kept_from_a_terminal(tool: CardTool) -> None:
    tool.write("a.txt", b"content")
    tool.write_pin("pin", "1234")
    for arguments in (
        ("sign", "--key", "auth", "--pin-file", "pin", "--format", "pem", "-o", "-", "a.txt"),
        ("cert", "export", "auth"),
    ):
        assert "-----BEGIN" in tool.at_terminal(*arguments, answers={"never asked": ""}).output
