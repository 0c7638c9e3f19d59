"""The doctor finds what is wrong, says what to do about it, and ends with a status that tells."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.pcsc_card import CardMaker
from support.process import run
from support.tool import ENGLISH, JAPANESE, tool, tool_json

import jpki_softcard
from pyjpki11.cli.diagnosis import tls

NO_SERVICE = {"PCSCLITE_CSOCK_NAME": "/nonexistent/pcscd.comm"}
SIGN, VERIFY = "802A", "0020"
PSS = "04"  # P1 of the signing command
Findings = list[dict[str, str]]
Env = dict[str, str]


@pytest.fixture
def card_env(softcard_state: Path) -> Callable[..., Env]:
    """A software card in the reader: card_env(), card_env("no-pss")."""
    return lambda *faults: {
        "PYJPKI11_READER": f"softcard:{softcard_state}?{'&'.join(f'fault={fault}' for fault in faults)}".rstrip("?")
    }


@pytest.fixture
def pin_file(tmp_path: Path) -> Path:
    """With the right PIN in it."""
    path = tmp_path / "pin"
    path.touch(0o600)
    path.write_text("1234\n")
    return path


def examine(*options: str | Path, status: int = 0, **more: Any) -> Findings:
    """The findings."""
    findings: Findings = tool_json("doctor", *options, status=status, **more)["findings"]
    return findings


def of(findings: Findings, code: str) -> Findings:
    """Those of one code."""
    return [one for one in findings if one["code"] == code]


def only(findings: Findings, code: str) -> dict[str, str]:
    """The one of that code."""
    (found,) = of(findings, code)
    return found


def levels(findings: Findings) -> set[str]:
    """Those that occur."""
    return {one["level"] for one in findings}


def remembered() -> str:
    """What the module will read of the card's PSS; nothing where it keeps nothing of any card."""
    path = Path(os.environ["HOME"]) / ".cache/pyjpki11/pss"
    return path.read_text().split()[1] if path.exists() else ""


# -- service, readers, cards ------------------------------------------------------------------------------------------


def test_all_is_well(card_env: Callable[..., Env]) -> None:
    found = examine(env=card_env())
    codes = ["other-driver", "reader", "card", "pss", "loads", "loads", "none-registered", "tls"]
    assert [one["code"] for one in found] == codes
    assert levels(found) == {"ok", "note"}
    assert not any(one["remedy"] for one in found if one["level"] == "ok")


def test_over_pcsc(pcsc_card: CardMaker) -> None:
    pcsc_card()
    found = examine()
    assert found[0]["code"] == "service" and of(found, "reader") and only(found, "card")["level"] == "ok"
    assert {one["code"] for one in found if one["level"] not in ("ok", "note")} == {"virtual-reader"}


def test_a_virtual_reader_that_anybody_may_use(pcsc_card: CardMaker) -> None:
    """It is found by looking, without the rights of root."""
    pcsc_card()
    found = only(examine(prefix=["setpriv", "--bounding-set", "-all", "--"]), "virtual-reader")
    assert found["level"] == "warning"
    assert "35963, 35964" in found["message"] and "everyone on its networks" in found["message"]
    assert "apt purge vsmartcard-vpcd" in found["remedy"]


def test_no_service() -> None:
    """The module loads nevertheless, and there is nothing to say of TLS."""
    found = examine(env=NO_SERVICE, status=3)
    problem = only(found, "no-service")
    assert problem["level"] == "problem" and "systemctl" in problem["remedy"]
    assert levels(of(found, "loads")) == {"ok"}
    assert not any(one["code"].startswith("tls") for one in found)


def test_no_card(pcsc_card: CardMaker) -> None:
    """The service and its virtual readers are there."""
    assert only(examine(status=4), "no-card")["remedy"]


def test_a_foreign_card_beside_the_right_one(pcsc_card: CardMaker) -> None:
    pcsc_card()
    pcsc_card(fault=["foreign-card"], slot=1)
    assert only(examine(), "foreign-card")["level"] == "note"


def test_no_such_reader(card_env: Callable[..., Env]) -> None:
    assert only(examine("--reader", "SCR3310", env=card_env(), status=3), "no-reader")["level"] == "problem"


FAILING = {
    "foreign-card": ("foreign-card", 4),
    "disconnect-after=1": ("card-removed", 9),
    "disconnect-after=3": ("card-removed", 9),
    "garbage-cert": ("no-certificate", 1),
    "truncated-cert": ("no-certificate", 1),
}


@pytest.mark.parametrize("fault", FAILING)
def test_a_card_that_fails(fault: str, card_env: Callable[..., Env]) -> None:
    """The module itself is not to blame."""
    code, status = FAILING[fault]
    found = examine(env=card_env(fault), status=status)
    assert only(found, code)["level"] == "problem" and only(found, code)["remedy"]
    assert levels(of(found, "loads")) == {"ok"}


def test_a_phone(card_env: Callable[..., Env]) -> None:
    """Its certificate shows after a login only, which is no fault."""
    assert levels(examine(env=card_env("phone"))) == {"ok", "note"}


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    jpki_softcard.create(str(tmp_path / "old"), issued=datetime.now(UTC) - timedelta(days=6 * 365))
    found = examine(env={"PYJPKI11_READER": f"softcard:{tmp_path}/old"})
    assert only(found, "certificate")["level"] == "warning" and "expired" in only(found, "certificate")["message"]


def test_tries_that_are_gone(card_env: Callable[..., Env]) -> None:
    """A wrong PIN costs one; the last one blocks it, which is a problem from then on."""
    test = ["--test-pss", "--pin-file", "-"]
    for left in (2, 1):
        assert only(examine(*test, env=card_env(), status=5, text="9999\n"), "wrong-pin")["level"] == "problem"
        warned = only(examine(env=card_env()), "tries")
        assert warned["level"] == "warning" and f"{left} of 3" in warned["message"]
    assert "--last-try" in tool("doctor", *test, env=card_env(), status=11, text="9999\n").stderr
    examine(*test, "--last-try", env=card_env(), status=6, text="9999\n")
    blocked = only(examine(env=card_env(), status=6), "tries")
    assert blocked["level"] == "problem" and "municipal office" in blocked["remedy"]


# -- PSS and TLS ------------------------------------------------------------------------------------------------------

NEED_SETTING = {"tls-firefox", "tls-chromium", "tls-gnutls", "tls-openssl", "tls-curl", "tls-java"}


@pytest.mark.parametrize(("fault", "code"), [("no-pss", "pss-unknown"), ("security-first", "pss-unknown")])
def test_without_pss_every_program_has_its_advice(fault: str, code: str, card_env: Callable[..., Env]) -> None:
    found = examine(env=card_env(fault))
    assert only(found, code)["level"] == "note"
    advice = {one["code"]: one for one in found if one["code"].startswith("tls-")}
    assert set(advice) == {f"tls-{program.lower()}" for program in tls.ADVICE}
    assert {name for name, one in advice.items() if one["remedy"]} == NEED_SETTING


def test_a_pss_signature(pcsc_card: CardMaker, pin_file: Path) -> None:
    """One is made, the PIN is presented once, and the card is made to forget it."""
    card = pcsc_card()
    found = examine("--test-pss", "--pin-file", pin_file)
    assert only(found, "pss-test")["level"] == "ok" and "32 bytes" in only(found, "pss-test")["message"]
    apdus = card.apdus()
    made = [command for command, answer in apdus if command.startswith(SIGN) and answer.endswith("9000")]
    assert [command[4:6] for command in made] == [PSS]
    (presented,) = [at for at, (command, _) in enumerate(apdus) if command.startswith(VERIFY) and len(command) > 10]
    selected_later = [command for command, _answer in apdus[presented:] if command.startswith("00A404")]
    assert len(selected_later) >= 2  # another application, then this one again
    assert remembered() == "32"


def test_without_the_option_nothing_is_signed(pcsc_card: CardMaker) -> None:
    card = pcsc_card()
    tool("doctor")
    signed = [command for command, answer in card.apdus() if command.startswith(SIGN) and answer.endswith("9000")]
    presented = [command for command, _answer in card.apdus() if command.startswith(VERIFY) and len(command) > 10]
    assert signed == presented == []


#: Fault -> level of the finding, what is kept of the card, code of the finding of a later run that does not sign.
RESULTS = {
    "security-first": ("ok", "32", "pss"),  # which a probe before the login cannot tell
    "pss-salt-20": ("ok", "20", "pss"),
    "no-pss": ("note", "", "pss-unknown"),
    "wrong-signature": ("note", "present", "pss"),  # for once: each signature is verified
}


@pytest.mark.parametrize("fault", RESULTS)
def test_what_a_signature_shows_is_kept(fault: str, card_env: Callable[..., Env], pin_file: Path) -> None:
    """Of this card, and nothing that would take a signature away."""
    level, record, code = RESULTS[fault]
    found = examine("--test-pss", "--pin-file", pin_file, env=card_env(fault))
    assert only(found, "pss-test")["level"] == level
    assert remembered() == record
    assert of(examine(env=card_env(fault)), code)


def test_the_module_reads_the_record(card_env: Callable[..., Env], pin_file: Path, module_path: Path) -> None:
    """A card that looks at the PIN first does not tell before a login; after the test it need not be asked."""
    env = card_env("security-first")
    command: list[str | Path] = ["pkcs11-tool", "--module", module_path, "--list-mechanisms"]
    assert "RSA-PKCS-PSS" not in run(command, env=env).stdout
    tool("doctor", "--test-pss", "--pin-file", pin_file, env=env)
    assert "RSA-PKCS-PSS" in run(command, env=env).stdout


def test_a_pin_of_impossible_form(card_env: Callable[..., Env]) -> None:
    test = ["--test-pss", "--pin-file", "-"]
    assert only(examine(*test, env=card_env(), status=7, text="12345\n"), "pin-length")["level"] == "problem"
    assert not of(examine(env=card_env()), "tries")


def test_nobody_to_ask(card_env: Callable[..., Env]) -> None:
    assert "--pin-file" in tool("doctor", "--test-pss", env=card_env(), status=2, prefix=["setsid", "-w"]).stderr


# -- module, registrations, settings ----------------------------------------------------------------------------------


@pytest.fixture
def spoilt(tmp_path: Path, module_path: Path) -> Path:
    """Another installation, whose library is yet to be spoilt; Python finds it first."""
    return Path(shutil.copytree(module_path.parent, tmp_path / "spoilt" / "pyjpki11")) / module_path.name


def test_a_library_that_is_damaged(spoilt: Path, card_env: Callable[..., Env]) -> None:
    spoilt.write_bytes(spoilt.read_bytes()[:1000])
    found = examine(env={**card_env(), "PYTHONPATH": str(spoilt.parents[1])}, status=1)
    assert levels(of(found, "does-not-load")) == {"problem"} and len(of(found, "does-not-load")) == 2
    assert {one["remedy"].split(": ")[1] for one in of(found, "does-not-load")} == {"make build"}, "no registry has it"


def test_a_library_that_is_missing(spoilt: Path, card_env: Callable[..., Env]) -> None:
    spoilt.unlink()
    found = examine(env={**card_env(), "PYTHONPATH": str(spoilt.parents[1])}, status=1)
    assert only(found, "not-built")["level"] == "problem"


def test_a_registration_that_has_lost_its_module(card_env: Callable[..., Env]) -> None:
    tool("register", "openssh")
    found = examine(env=card_env())
    assert not of(found, "none-registered")
    assert only(found, "registered")["message"].startswith("openssh: registered")
    config = Path(os.environ["HOME"]) / ".ssh/config"
    config.write_text(config.read_text().replace('Provider "', 'Provider "/gone'))
    lost = only(examine(env=card_env(), status=1), "library-missing")
    assert lost["level"] == "problem" and lost["remedy"] == "Register it again: pyjpki11 register openssh"


def test_a_registration_of_another_installation(
    card_env: Callable[..., Env], module_path: Path, tmp_path: Path
) -> None:
    tool("register", "openssh")
    (tmp_path / "libpyjpki11.so").symlink_to(module_path)
    config = Path(os.environ["HOME"]) / ".ssh/config"
    config.write_text(config.read_text().replace(str(module_path), str(tmp_path / "libpyjpki11.so")))
    assert only(examine(env=card_env()), "outdated")["level"] == "warning"


def test_a_file_that_is_not_understood(card_env: Callable[..., Env]) -> None:
    config = Path(os.environ["HOME"]) / ".ssh/config"
    config.parent.mkdir()
    config.write_bytes(b"\0")
    assert only(examine(env=card_env()), "unreadable")["level"] == "warning"


def test_settings_with_a_mistake(card_env: Callable[..., Env], tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[program.firefox]\nslots = "all"\n')
    found = only(examine(env={**card_env(), "PYJPKI11_CONFIG": str(path)}), "settings")
    assert found["level"] == "warning" and "[program.firefox] slots" in found["message"]


# -- for people -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "words"), [(ENGLISH, {"OK", "Note"}), (JAPANESE, {"正常", "情報"})])
def test_for_people(card_env: Callable[..., Env], language: Env, words: set[str]) -> None:
    lines = tool("doctor", env=card_env(), language=language).stdout.splitlines()
    assert {line.split()[0] for line in lines if not line.startswith(" ")} == words


def test_the_exchange_is_shown(card_env: Callable[..., Env]) -> None:
    assert "SELECT" in tool("doctor", "--trace", env=card_env()).stderr
