"""`pyjpki11 sign`: the files that it reads, and those that it writes."""

from __future__ import annotations

import pytest
from support.card_tool import CardTool
from support.pcsc_card import CardMaker
from support.process import run
from support.signing import LANGUAGES, accept, content
from support.signing import files as files

pytestmark = pytest.mark.usefixtures("files")


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_that_cannot_be_read(pcsc_card: CardMaker, tool: CardTool, language: str) -> None:
    """They are noticed before anybody is asked for a PIN."""
    card = pcsc_card()
    for name, reason in (
        ("missing", {"en": "there is no such file", "ja": "ありません"}),
        (".", {"en": "it is a folder", "ja": "フォルダ"}),
    ):
        sign = ("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt", name)
        said = CardTool(tool.folder, {})(*sign, status=1, language=language)
        assert name in said.stderr and reason[language] in said.stderr
    assert card.count() == 0
    assert not (tool.folder / "a.txt.p7m").exists()


def test_disk_that_is_full(tool: CardTool) -> None:
    sign = ("sign", "--key", "auth", "--pin-file", "auth.pin")
    assert "no space is left" in tool(*sign, "-o", "/dev/full", "a.txt", status=1).stderr
    full = ["sh", "-c", 'exec "$@" > /dev/full', "sh"]
    assert "no space is left" in tool(*sign, "-o", "-", "a.txt", status=1, prefix=full).stderr
    assert "no space is left" in tool(*sign, "a.txt", status=1, prefix=full).stderr


def test_file_size_limit_leaves_nothing_behind(tool: CardTool) -> None:
    """A signature is there whole or not at all."""
    limited = ["sh", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$@"', "sh"]
    before = sorted(tool.folder.iterdir())
    tool("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt", status=1, prefix=limited)
    assert sorted(tool.folder.iterdir()) == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_signature_that_exists(tool: CardTool, language: str) -> None:
    sign = ("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt")
    tool.write("a.txt.p7m", b"kept")
    said = tool(*sign, status=1, language=language)
    assert "--force" in said.stderr
    assert tool.read("a.txt.p7m") == b"kept"
    tool(*sign, "--force", language=language)
    accept(tool, "auth", "a.txt.p7m", "-inform", "DER")


@pytest.mark.parametrize("language", LANGUAGES)
def test_output_that_exists(pcsc_card: CardMaker, tool: CardTool, language: str) -> None:
    """A letter is not replaced by a signature, nor anybody asked for a PIN; -o needs --force as the usual name does."""
    card = pcsc_card()
    tool.write("letter", b"kept")
    sign = ("sign", "--key", "auth", "--pin-file", "auth.pin", "-o", "letter", "a.txt")
    said = CardTool(tool.folder, {})(*sign, status=1, language=language)
    assert "letter" in said.stderr and "--force" in said.stderr
    assert card.count() == 0
    assert tool.read("letter") == b"kept"
    tool(*sign, "--force")
    accept(tool, "auth", "letter", "-inform", "DER")


@pytest.mark.parametrize(
    ("key", "options", "source", "signature"),
    [
        ("auth", [], 0o644, 0o644),
        ("auth", [], 0o600, 0o600),
        ("auth", [], 0o640, 0o640),
        ("auth", ["--detached"], 0o600, 0o644),
        ("sign", [], 0o644, 0o600),
        ("sign", ["--detached"], 0o644, 0o600),
        ("sign", ["--format", "pem"], 0o644, 0o600),
        ("sign", ["--format", "raw"], 0o600, 0o644),
    ],
)
def test_mode_is_that_of_what_is_inside(
    tool: CardTool, key: str, options: list[str], source: int, signature: int
) -> None:
    """The file itself, and a certificate that names its holder; --force keeps what others may not do, and links."""
    usual = ["sh", "-c", 'umask 022; exec "$@"', "sh"]
    (tool.folder / "a.txt").chmod(source)
    sign = ("sign", "--key", key, "--pin-file", f"{key}.pin", *options, "-o", "out", "a.txt")
    tool(*sign, prefix=usual)
    path = tool.folder / "out"
    assert path.stat().st_mode & 0o777 == signature
    path.chmod(0o600)
    (tool.folder / "link").symlink_to("out")
    tool(*sign[:-3], "-o", "link", "--force", "a.txt", prefix=usual)
    assert (tool.folder / "link").is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("language", LANGUAGES)
def test_standard_input_is_not_signed(tool: CardTool, language: str) -> None:
    """With what to do instead."""
    said = tool("sign", "--key", "auth", "--pin-file", "auth.pin", "-", text="content", status=2, language=language)
    assert {"en": "Save it to a file", "ja": "ファイルに保存"}[language] in said.stderr


def test_nothing_waits_for_a_pipe(tool: CardTool) -> None:
    """Which would be opened to see whether it can be read."""
    run(["mkfifo", tool.folder / "pipe"])
    assert "is a pipe" in tool("sign", "--key", "auth", "--pin-file", "auth.pin", "pipe", status=1).stderr


def test_what_can_be_read_only_once(tool: CardTool) -> None:
    """A pipe would be signed without what was read of it before."""
    piped = ["bash", "-c", 'exec "$@" <(cat a.txt)', "bash"]
    said = tool("sign", "--key", "auth", "--pin-file", "auth.pin", "-o", "out", status=1, prefix=piped)
    assert "is a pipe" in said.stderr
    tool("sign", "--key", "auth", "--pin-file", "auth.pin", "-o", "out", "/dev/zero", status=1)


def test_content_is_not_replaced(tool: CardTool) -> None:
    sign = ("sign", "--key", "auth", "--pin-file", "auth.pin")
    tool(*sign, "-o", "a.txt", "a.txt", status=2)
    (tool.folder / "b.txt.p7m").symlink_to("b.txt")
    tool(*sign, "--force", "b.txt", status=2)
    assert tool.read("a.txt") == content() and tool.read("b.txt") == content("b.txt")
