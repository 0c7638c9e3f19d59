"""After a PIN was typed at the tool's prompt, no copy of it is in the tool's memory; the card is in another process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest
from support.pcsc_card import CardMaker
from support.process import environment
from support.tool import ENGLISH, PROGRAM
from support.traces import copies_in_memory

#: As it is typed; the card wants it in capitals. No letter is a hex digit, and nobody else has such a password.
TYPED = "qzxj7kwv9pyuhmgt"
MALFORMED = "zyqw-utsrponmlkj"
MARKER = "7kz-marker-of-this-test"
SIGN_PROMPT = r"letters and digits\): "
WAIT_S = 60

Say = Callable[..., pexpect.spawn]


@pytest.fixture
def say(pcsc_card: CardMaker, softcard_state: Path, tmp_path: Path) -> Say:
    """Runs the tool with a card that has the password, and answers its prompts: say(arguments, (prompt, text), ...)."""
    path = softcard_state / "pins.json"
    pins = json.loads(path.read_text())
    pins["sign"]["value"] = TYPED.upper()
    path.write_text(json.dumps(pins))
    pcsc_card(state=softcard_state)
    for name in "ab":
        (tmp_path / name).write_text(name)

    def run(arguments: list[str], *answers: tuple[str, str]) -> pexpect.spawn:
        env = environment({**ENGLISH, "MARKER": MARKER})
        child = pexpect.spawn(str(PROGRAM), arguments, env=env, cwd=str(tmp_path), timeout=WAIT_S)
        for prompt, text in answers:
            child.expect(prompt)
            if prompt == SIGN_PROMPT:
                assert child.waitnoecho(WAIT_S)
            child.sendline(text)
        return child

    return run


def require_no_copy(child: pexpect.spawn, prompt: str, *secrets: str) -> None:
    """At its next prompt the tool knows nothing of them."""
    try:
        child.expect(prompt)
        assert copies_in_memory(child.pid, MARKER.encode()), "this test could not find it"
        for secret in secrets:
            assert copies_in_memory(child.pid, secret.encode()) == [], secret
    finally:
        child.close(force=True)


def test_between_two_signatures(say: Say) -> None:
    """The password of the first file is gone when that of the second is asked for."""
    child = say(["sign", "--key", "sign", "a", "b"], (SIGN_PROMPT, TYPED))
    require_no_copy(child, SIGN_PROMPT, TYPED, TYPED.upper())


def test_after_an_apdu_with_a_pin(say: Say) -> None:
    lines = ["00A4040C0AD392F000260100000001", "00A4020C02001B", "00200080{sign}"]
    child = say(["apdu"], *(("apdu> ", line) for line in lines), (SIGN_PROMPT, TYPED))
    child.expect("9000 success")
    require_no_copy(child, "apdu> ", TYPED, TYPED.upper())


def test_after_an_entry_of_wrong_form(say: Say) -> None:
    """Which may be the right PIN but for a slip."""
    child = say(["pin", "verify", "sign"], (SIGN_PROMPT, MALFORMED), (SIGN_PROMPT, TYPED + "z"))
    require_no_copy(child, SIGN_PROMPT, MALFORMED, MALFORMED.upper(), TYPED, TYPED.upper())


def test_after_full_width_characters(say: Say) -> None:
    """Which are folded one by one."""
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in MALFORMED)
    child = say(["pin", "verify", "sign"], (SIGN_PROMPT, wide))
    require_no_copy(child, SIGN_PROMPT, wide, MALFORMED, MALFORMED.upper())
