"""The JPKI application byte for byte: which one is selected, when that is said again, how a login ends.

Card: notes 1, 3
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from unit.jpki_commands import (
    DER,
    OK,
    SELECT_AP,
    SELECT_AP_COMMAND,
    SIGNATURE_BYTES,
    TOKEN_INFO,
    Lines,
    call_change,
    call_sign,
    call_verify,
    jpki,
    selected,
    sign,
)
from unit.scripted import Scripted

from pyjpki11.card import layout
from pyjpki11.card.jpki import SIGN_PSS, JpkiCard
from pyjpki11.card.layout import AUTHENTICATION
from pyjpki11.errors import (
    CardMute,
    CardNotRecognized,
    CardRemoved,
    JpkiError,
    SecurityStatusNotSatisfied,
    StatusWordError,
)

# -- select ---------------------------------------------------------------------------------------------

# what the card says to the first SELECTs -> whether it is one of ours
FIRST_ANSWERS: dict[str, tuple[list[str], type[JpkiError] | None]] = {
    "My Number card": (["9000"], None),
    "6F00 to the first command": (["6F00", "9000"], None),
    "6F00 twice": (["6F00", "6F00"], StatusWordError),
    "no such application": (["6A82"], CardNotRecognized),
    "6F00, then no such application": (["6F00", "6A82"], CardNotRecognized),
    "function not supported": (["6A81"], CardNotRecognized),
    "unknown class": (["6E00"], StatusWordError),
    "half an answer": (["90"], CardMute),
}


@pytest.mark.parametrize(("answers", "error"), FIRST_ANSWERS.values(), ids=FIRST_ANSWERS)
def test_recognition(answers: list[str], error: type[JpkiError] | None) -> None:
    lines: Lines = [(SELECT_AP_COMMAND, answer) for answer in answers]
    connection = Scripted(*lines, *([] if error else [TOKEN_INFO]))
    if error is None:
        jpki(connection).read_token_info()
    else:
        with pytest.raises(error):
            jpki(connection).read_token_info()
    connection.assert_finished()


def test_selected_once_for_several_steps() -> None:
    card, connection = selected(sign(AUTHENTICATION), sign(AUTHENTICATION))
    signatures = [call_sign(card, AUTHENTICATION), call_sign(card, AUTHENTICATION)]
    assert signatures == [bytes.fromhex(SIGNATURE_BYTES)] * 2
    connection.assert_finished()
    assert connection.events == ["begin", ".", ".", "end"] + ["begin", ".", "end"] * 2


def test_selected_again_after_a_reset() -> None:
    card, connection = selected(SELECT_AP, sign(AUTHENTICATION), resets=(1,))
    call_sign(card, AUTHENTICATION)
    connection.assert_finished()


# -- logout ---------------------------------------------------------------------------------------------

ISSUER_DOMAIN, TEXT_AP = "00A4040C07A0000001510000", "00A4040C0AD3921000310001010408"
# the other applications' answers -> whether the power is taken
CLEARINGS: dict[str, tuple[Lines, bool]] = {
    "issuer's domain": ([(ISSUER_DOMAIN, OK)], False),
    "text application": ([(ISSUER_DOMAIN, "6A82"), (TEXT_AP, OK)], False),
    "neither": ([(ISSUER_DOMAIN, "6A82"), (TEXT_AP, "6A82")], True),
    "6F00": ([(ISSUER_DOMAIN, "6F00"), (ISSUER_DOMAIN, OK)], False),
    "refusals": ([(ISSUER_DOMAIN, "6999"), (TEXT_AP, "6283")], True),
}


@pytest.mark.parametrize(("lines", "takes_power"), CLEARINGS.values(), ids=CLEARINGS)
def test_clear_security_status(lines: Lines, takes_power: bool) -> None:
    """Nobody else is there to miss our own application, which is selected when it is needed."""
    card, connection = selected(*lines, SELECT_AP, sign(AUTHENTICATION, "6982"))
    card.clear_security_status()
    assert connection.events.count("power") == int(takes_power)
    with pytest.raises(SecurityStatusNotSatisfied):
        call_sign(card, AUTHENTICATION)
    connection.assert_finished()


# whether another program is connected, at first and later -> what happens when the login ends
COMPANIES = {
    "since before us": ((True, True), ["begin", ".", ".", "end"]),
    "since later": ((False, True), ["begin", ".", "end", "look", "begin", ".", "end"]),
    "none": ((False, False), ["begin", ".", "end", "look"]),
}


@pytest.mark.parametrize(("others", "events"), COMPANIES.values(), ids=COMPANIES)
def test_others_find_our_application_selected(others: tuple[bool, bool], events: list[str]) -> None:
    """In the same transaction, where they are known, or the work of others would fail in between."""
    card, connection = selected((ISSUER_DOMAIN, OK), *([SELECT_AP] if others[1] else []), others=others)
    before = len(connection.events)
    card.clear_security_status()
    connection.assert_finished()
    assert connection.events[before:] == events


def test_no_aid_is_a_beginning_of_ours() -> None:
    """Selecting part of our own name would select our own application. Card: notes 1.2"""
    assert layout.JPKI_AID.hex().upper() == "D392F000260100000001"
    assert not any(layout.JPKI_AID.startswith(aid) for aid in layout.OTHER_AIDS)


# -- whatever happens -----------------------------------------------------------------------------------

STEPS: dict[str, Callable[[JpkiCard], object]] = {
    "read_token_info": lambda card: card.read_token_info(),
    "glance": lambda card: card.glance(False),
    "glance after a SELECT": lambda card: card.glance(True),
    "has_signature_certificate": lambda card: card.has_signature_certificate(),
    "read_head": lambda card: card.read_head(0x000A),
    "read_certificate": lambda card: card.read_certificate(0x000A, DER[:256]),
    "tries_left": lambda card: card.tries_left(AUTHENTICATION),
    "verify_pin": lambda card: call_verify(card, AUTHENTICATION),
    "change_pin": lambda card: call_change(card, AUTHENTICATION),
    "sign": lambda card: call_sign(card, AUTHENTICATION),
    "sign_pss": lambda card: card.sign(AUTHENTICATION, bytes(32), SIGN_PSS),
    "knows_pss": lambda card: card.knows_pss(AUTHENTICATION),
    "clear_security_status": lambda card: card.clear_security_status(),
}


class Stubborn(Scripted):
    """Answers everything alike, and remembers what it was sent."""

    def __init__(self, answer: bytes | JpkiError) -> None:
        super().__init__()
        self.answer = answer
        self.commands: list[bytes] = []

    def transmit(self, command: bytes | bytearray) -> bytes:
        """The one answer."""
        self.commands.append(bytes(command))
        if isinstance(self.answer, JpkiError):
            raise self.answer
        return self.answer


WORDS = "9000 6282 6300 63C0 63C2 6700 6982 6983 6984 6A82 6C10 6F00 0000".split()


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("answer", [*WORDS, "", "90", "6110", CardMute(), CardRemoved()], ids=repr)
def test_one_answer_to_everything(step: Callable[[JpkiCard], object], answer: str | JpkiError) -> None:
    """Only our errors come out, transactions are paired, and VERIFY with data is sent at most once."""
    connection = Stubborn(bytes.fromhex(answer) if isinstance(answer, str) else answer)
    try:
        step(jpki(connection))
    except JpkiError:
        pass
    connection.assert_finished()
    verifies = [command for command in connection.commands if command[1] == 0x20 and len(command) > 4]
    assert len(verifies) <= (1 if step in (STEPS["verify_pin"], STEPS["change_pin"]) else 0)
