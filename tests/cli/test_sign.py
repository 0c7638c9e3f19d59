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
from support.signing import EACH_LOGIN, KEYS, LANGUAGES, accept, content
from support.signing import files as files

import jpki_softcard
from jpki_softcard.store import Store

pytestmark = pytest.mark.usefixtures("files")


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
    """Its authentication certificate shows after the PIN only. Card: notes 1.3"""
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
def test_what_should_be_known_is_said_before_the_pin_is_typed(new_tool: NewTool, tmp_path: Path, language: str) -> None:
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
