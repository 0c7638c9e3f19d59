"""`pyjpki11 sign`: files signed by the card, judged by openssl."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli.conftest import NewTool
from support.card_tool import PINS, CardTool
from support.clients import signatures, verifications
from support.openssl import openssl_verify
from support.pcsc_card import CardMaker
from support.process import run

import jpki_softcard
from jpki_softcard.store import Store

LANGUAGES = ("en", "ja")
KEYS = ("auth", "sign")
CONTENT = b"what is signed\r\n\0\xff" * 1000
EACH_LOGIN = 'signature_consent = "each-login"\n'


@pytest.fixture
def files(softcard_state: Path, tmp_path: Path) -> None:
    """Files to sign, and the roots of the card, in the tool's folder."""
    folder = tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    for name in ("a.txt", "b.txt", "c.txt"):
        (folder / name).write_bytes(CONTENT + name.encode())
    for name in ("auth_ca", "sign_ca"):
        (folder / f"{name}.der").write_bytes(Store(str(softcard_state)).certificate(name))
        run(["openssl", "x509", "-inform", "DER", "-in", f"{name}.der", "-out", f"{name}.pem"], cwd=folder)
    for key, pin in PINS.items():
        (folder / f"{key}.pin").touch(0o600)
        (folder / f"{key}.pin").write_text(f"{pin}\n")


pytestmark = pytest.mark.usefixtures("files")


def content(name: str = "a.txt") -> bytes:
    """What is in a file."""
    return CONTENT + name.encode()


def accept(tool: CardTool, key: str, signature: str, *options: str, name: str = "a.txt") -> None:
    """Have openssl verify a CMS signature, as CAdES and up to the card's root."""
    argv = ["openssl", "cms", "-verify", "-cades", "-binary", "-CAfile", f"{key}_ca.pem", "-purpose", "any"]
    run([*argv, "-in", signature, "-out", "verified", *options], cwd=tool.folder)
    assert tool.read("verified") == content(name)


# -- what is made -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "digest"), [("auth", "sha256"), ("sign", "sha384"), ("auth", "sha512")])
def test_cms(any_tool: CardTool, key: str, digest: str) -> None:
    """All forms."""
    sign = ("sign", "--key", key, "--pin-file", f"{key}.pin", "--digest", digest)
    any_tool(*sign, "a.txt")
    accept(any_tool, key, "a.txt.p7m", "-inform", "DER")
    any_tool(*sign, "--detached", "a.txt")
    accept(any_tool, key, "a.txt.p7s", "-inform", "DER", "-content", "a.txt")
    any_tool(*sign, "--format", "pem", "-o", "out", "a.txt")
    accept(any_tool, key, "out", "-inform", "PEM")
    any_tool(*sign, "--format", "pem", "--detached", "a.txt")
    accept(any_tool, key, "a.txt.p7s.pem", "-inform", "PEM", "-content", "a.txt")


@pytest.mark.parametrize(("key", "digest"), [("sign", "sha256"), ("auth", "sha384"), ("sign", "sha512")])
def test_raw(tool: CardTool, softcard_state: Path, key: str, digest: str) -> None:
    tool("sign", "--key", key, "--pin-file", f"{key}.pin", "--digest", digest, "--format", "raw", "a.txt")
    certificate = Store(str(softcard_state)).certificate(key)
    openssl_verify(certificate, content(), tool.read("a.txt.sig"), digest)


def test_standard_output(tool: CardTool) -> None:
    """Nothing else is on it."""
    sign = ("sign", "--key", "auth", "--pin-file", "auth.pin", "-o", "-", "--format", "pem", "a.txt")
    tool.write("out", tool(*sign).stdout)
    accept(tool, "auth", "out", "-inform", "PEM")
    tool(*sign, "--json", status=2)


def test_empty_file(tool: CardTool) -> None:
    tool.write("empty", b"")
    for form in ("der", "raw"):
        tool("sign", "--key", "auth", "--pin-file", "auth.pin", "--format", form, "empty")
    tool("verify", "--test-card", "--accept-auth", "empty.p7m")
    trust = ["-CAfile", "auth_ca.pem", "-purpose", "any"]
    run(["openssl", "cms", "-verify", "-inform", "DER", "-in", "empty.p7m", *trust], cwd=tool.folder)


def test_json(tool: CardTool) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    said = tool.json("sign", "--key", "sign", "--pin-file", "sign.pin", "--one-consent", "a.txt", "b.txt")
    assert {name: said[name] for name in ("key", "format", "detached", "digest")} == {
        "key": "sign", "format": "der", "detached": False, "digest": "sha256",
    }  # fmt: skip
    assert [(it["file"], it["signature"]) for it in said["signatures"]] == [
        ("a.txt", "a.txt.p7m"), ("b.txt", "b.txt.p7m"),
    ]  # fmt: skip
    assert all(before <= datetime.fromisoformat(it["signing_time"]) <= datetime.now(UTC) for it in said["signatures"])
    assert said["certificate"]["person"]["name"] == "試験　太郎"


# -- consent ------------------------------------------------------------------------------------------------


def test_authentication_key_signs_all_files_in_one_login(
    pcsc_card: CardMaker, tool: CardTool, softcard_state: Path
) -> None:
    card = pcsc_card(state=softcard_state)
    over_pcsc = CardTool(tool.folder, {})
    over_pcsc("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt", "b.txt", "c.txt")
    assert signatures(card) == 3
    assert verifications(card) == [("0018", "9000")]
    for name in ("a.txt", "b.txt", "c.txt"):
        accept(tool, "auth", f"{name}.p7m", "-inform", "DER", name=name)


@pytest.mark.parametrize(
    ("settings", "options", "text", "presented"),
    [
        ("", ["--pin-file", "-"], "ABC123\nABC123\n", 2),  # a line for each consent
        ("", ["--pin-file", "-", "--one-consent"], "ABC123\n", 2),  # asked for once, presented for each
        ("", ["--pin-file", "sign.pin", "--one-consent"], "", 2),
        (EACH_LOGIN, ["--pin-file", "sign.pin"], "", 1),  # the settings say that a login is enough
    ],
)
def test_signature_key_wants_consent(
    pcsc_card: CardMaker, tool: CardTool, softcard_state: Path,
    settings: str, options: list[str], text: str, presented: int,
) -> None:  # fmt: skip
    card = pcsc_card(state=softcard_state)
    env = {"PYJPKI11_CONFIG": str(tool.write("config.toml", settings))}
    CardTool(tool.folder, env)("sign", "--key", "sign", *options, "a.txt", "b.txt", text=text)
    assert signatures(card) == 2
    assert verifications(card) == [("001B", "9000")] * presented
    for name in ("a.txt", "b.txt"):
        accept(tool, "sign", f"{name}.p7m", "-inform", "DER", name=name)


def test_password_file_is_no_consent_to_several(pcsc_card: CardMaker, tool: CardTool) -> None:
    card = pcsc_card()
    refused = CardTool(tool.folder, {})("sign", "--key", "sign", "--pin-file", "sign.pin", "a.txt", "b.txt", status=2)
    assert "--one-consent" in refused.stderr
    assert card.count() == 0


@pytest.mark.parametrize(("options", "asked"), [([], 2), (["--one-consent"], 1)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_person_is_asked(tool: CardTool, options: list[str], asked: int, language: str) -> None:
    """For the second file too, of which the name is shown, unless one consent is for all."""
    prompt = {"en": "Digital signature password .*: ", "ja": "英数字.*: "}[language]
    said = tool.at_terminal(
        "sign", "--key", "sign", *options, "a.txt", "b.txt", answers={prompt: "abc123"}, language=language
    )
    assert len(said.prompts) == asked
    assert ("b.txt" in said.output.partition("->")[0]) is (asked == 2)
    accept(tool, "sign", "b.txt.p7m", "-inform", "DER", name="b.txt")


def test_second_consent_refused(tool: CardTool) -> None:
    """What was signed before is told, and stays."""
    said = tool("sign", "--key", "sign", "--pin-file", "-", "a.txt", "b.txt", text="ABC123\nWRONG0\n", status=5)
    assert "Files signed before that: a.txt" in said.stderr
    accept(tool, "sign", "a.txt.p7m", "-inform", "DER")
    assert not (tool.folder / "b.txt.p7m").exists()


# -- what goes wrong ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("key", "tries"), [("auth", 3), ("sign", 5)])
def test_wrong_pins(any_tool: CardTool, key: str, tries: int, language: str) -> None:
    wrong = {"auth": "0000", "sign": "WRONG0"}[key]
    sign = ("sign", "--key", key, "--pin-file", "-", "a.txt")
    for left in reversed(range(1, tries)):
        said = any_tool.json(*sign, text=f"{wrong}\n", status=5, language=language)
        assert said["error"]["tries_left"] == left
    any_tool(*sign, "--last-try", text=f"{wrong}\n", status=6, language=language)
    any_tool(*sign, text=f"{PINS[key]}\n", status=6, language=language)
    assert not (any_tool.folder / "a.txt.p7m").exists()


@pytest.mark.parametrize(
    ("key", "pin"), [("auth", "123"), ("auth", "12345"), ("auth", "12a4"), ("sign", "ABC"), ("sign", "あいうえおか")]
)
def test_pin_of_impossible_form(tool: CardTool, key: str, pin: str) -> None:
    tool("sign", "--key", key, "--pin-file", "-", "a.txt", text=f"{pin}\n", status=7)


def test_no_card(pcscd: object, tool: CardTool) -> None:
    CardTool(tool.folder, {})("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt", status=4)


def test_no_service(tool: CardTool) -> None:
    env = {"PYJPKI11_READER": None, "PCSCLITE_CSOCK_NAME": "/nonexistent"}
    tool("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt", status=3, env=env)


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


@pytest.mark.parametrize(
    "arguments",
    [
        ("sign",),
        ("sign", "a.txt"),
        ("sign", "--key", "auth"),
        ("sign", "--key", "other", "a.txt"),
        ("sign", "--key", "auth", "--digest", "sha1", "a.txt"),
        ("sign", "--key", "auth", "-o", "out", "a.txt", "b.txt"),
        ("sign", "--key", "auth", "--pin-file", "auth.pin", "--pin-fd", "0", "a.txt"),
        ("sign", "--key", "auth", "a.txt"),  # nobody is there to type a PIN
    ],
)
def test_command_lines_that_are_not_complete(tool: CardTool, arguments: tuple[str, ...]) -> None:
    tool(*arguments, status=2, prefix=["setsid", "--wait"])


def test_card_removed_after_any_command(new_tool: NewTool, softcard_state: Path) -> None:
    """Until the card has had all its commands, nothing is signed, and the user is told why."""
    sign = ("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt")
    for count in range(1, 40):
        tool = new_tool(softcard_state, f"fault=disconnect-after={count}")
        done = tool(*sign, prefix=["sh", "-c", '"$@"; echo $? > status', "sh"])
        if tool.read("status") == b"0\n":
            break
        assert tool.read("status") == b"9\n", done.stderr
        assert "removed" in done.stderr
        assert not (tool.folder / "a.txt.p7m").exists()
    assert count > 5
    accept(tool, "auth", "a.txt.p7m", "-inform", "DER")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fault", ["wrong-signature", "other-key"])
def test_signature_that_does_not_fit_is_not_written(
    new_tool: NewTool, softcard_state: Path, fault: str, language: str
) -> None:
    tool = new_tool(softcard_state, f"fault={fault}")
    said = tool("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt", status=9, language=language)
    assert {"en": "does not verify", "ja": "検証できません"}[language] in said.stderr
    assert not (tool.folder / "a.txt.p7m").exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_card_without_signature_certificate(new_tool: NewTool, softcard_state: Path, language: str) -> None:
    tool = new_tool(softcard_state, "fault=no-sign-cert")
    said = tool("sign", "--key", "sign", "--pin-file", "sign.pin", "a.txt", status=4, language=language)
    assert {"en": "not on the card", "ja": "ありません"}[language] in said.stderr


def test_phone(new_tool: NewTool, softcard_state: Path) -> None:
    """Its authentication certificate shows after the PIN only. Card: reference 1.3"""
    tool = new_tool(softcard_state, "fault=phone")
    tool("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt")
    accept(tool, "auth", "a.txt.p7m", "-inform", "DER")
    tool("cert", "show", "auth", "--pin-file", "auth.pin")


def test_foreign_card(new_tool: NewTool, softcard_state: Path) -> None:
    new_tool(softcard_state, "fault=foreign-card")("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt", status=4)


EXPIRED = {"en": "Warning: the certificate: expired", "ja": "警告: 証明書: "}
NOT_FOR_DOCUMENTS = {"en": "not for documents", "ja": "文書への署名用ではありません"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", KEYS)
def test_expired_card(new_tool: NewTool, tmp_path: Path, key: str, language: str) -> None:
    """It still signs, but whoever signs is warned, once."""
    jpki_softcard.create(str(tmp_path / "old"), issued=datetime(2016, 1, 1, tzinfo=UTC))
    tool = new_tool(tmp_path / "old")
    said = tool("sign", "--key", key, "--pin-file", f"{key}.pin", "a.txt", language=language)
    assert said.stderr.count(EXPIRED[language]) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_should_be_known_is_said_before_the_pin_is_typed(
    new_tool: NewTool, tmp_path: Path, language: str
) -> None:
    jpki_softcard.create(str(tmp_path / "old"), issued=datetime(2016, 1, 1, tzinfo=UTC))
    answers = {{"en": r"PIN \(4 digits\): ", "ja": r"数字 4 桁.: "}[language]: "1234"}
    sign = ("sign", "--key", "auth", "a.txt")
    said = new_tool(tmp_path / "old").at_terminal(*sign, answers=answers, language=language).output
    before = said[: re.search(next(iter(answers)), said).start()]  # type: ignore[union-attr]
    for warning in (EXPIRED, NOT_FOR_DOCUMENTS):
        assert warning[language] in before.replace("\r\n", "").replace("  ", " ")


def test_phone_shows_its_certificate_after_the_pin_only(new_tool: NewTool, tmp_path: Path) -> None:
    """So it is then that an expired one is said."""
    jpki_softcard.create(str(tmp_path / "old"), issued=datetime(2016, 1, 1, tzinfo=UTC))
    tool = new_tool(tmp_path / "old", "fault=phone")
    said = tool("sign", "--key", "auth", "--pin-file", "auth.pin", "a.txt")
    assert said.stderr.count(EXPIRED["en"]) == 1


def test_signature_key_is_for_documents(tool: CardTool) -> None:
    assert not tool("sign", "--key", "sign", "--pin-file", "sign.pin", "a.txt").stderr


def test_pin_appears_nowhere(tool: CardTool) -> None:
    said = tool("sign", "--key", "sign", "--pin-file", "sign.pin", "--trace", "a.txt")
    assert "ABC123" not in said.stdout + said.stderr and "414243313233" not in said.stderr.replace(" ", "")
    assert "PERFORM SECURITY OPERATION" in said.stderr
