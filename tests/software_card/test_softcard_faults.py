"""The faults by name, those that no answer shows among them."""

from typing import Any

import pytest

from jpki_softcard import faults
from jpki_softcard.errors import CardGone, CardSilent, OptionError
from jpki_softcard.rules import Rules

SELECT_JPKI = bytes.fromhex("00A4040C0A D392F000260100000001")
NAMES = {
    "first-command-6f00",
    "sw-6cxx",
    "sw-61xx",
    "no-short-ef",
    "no-pss",
    "pss-salt-20",
    "blocked-6983",
    "long-lengths",
    "no-sign-cert",
    "phone",
    "truncated-cert",
    "garbage-cert",
    "wrong-signature",
    "silence",
    "silence-on-sign",
    "disconnect-after",
    "security-first",
    "reselect-clears",
    "change-clears",
    "foreign-card",
    "pin-query-9000",
    "wrong-pin-6300",
    "sign-6f00",
    "other-key",
}


def test_unknown_fault_lists_the_known_ones() -> None:
    """Misspelt names must not pass for a good card."""
    with pytest.raises(OptionError, match=r"unknown fault 'no-ps'.*no-pss.*other-key"):
        faults.apply(["no-ps"])


@pytest.mark.parametrize("name", ["disconnect-after", "disconnect-after=", "disconnect-after=x", "no-pss=1"])
def test_numbers_where_they_belong(name: str) -> None:
    """Only disconnect-after takes one, and needs it."""
    with pytest.raises(OptionError, match="number"):
        faults.apply([name])


def test_table() -> None:
    """Names are unique, each is one row with a one-line description that changes what exists."""
    assert [fault.name for fault in faults.FAULTS] == list(faults.BY_NAME)
    assert set(faults.BY_NAME) == NAMES
    for fault in faults.FAULTS:
        assert fault.description
        assert "\n" not in fault.description
        changed = set(fault.changes) | ({fault.takes} if fault.takes else set())
        assert changed
        assert changed <= set(Rules._fields)
        assert all(value != getattr(Rules(), field) for field, value in fault.changes.items())


def test_faults_add_up() -> None:
    """Several at once."""
    rules = faults.apply(["no-pss", "blocked-6983", "disconnect-after=7"])
    assert (rules.last_sign_mode, rules.blocked_word, rules.leaves_after) == (0, 0x6983, 7)


def test_silence(make_card: Any) -> None:
    """No command is answered."""
    with pytest.raises(CardSilent):
        make_card("silence").transmit(SELECT_JPKI)


def test_silence_on_sign(make_card: Any) -> None:
    """Every other command is."""
    card = make_card("silence-on-sign")
    assert card.transmit(SELECT_JPKI) == b"\x90\x00"
    with pytest.raises(CardSilent):
        card.transmit(bytes.fromhex("802A0097 01 41 00"))
    assert card.transmit(SELECT_JPKI) == b"\x90\x00"


def test_disconnect_after(make_card: Any) -> None:
    """N commands are answered, then the card is gone until it is put back."""
    card = make_card("disconnect-after=2")
    assert card.transmit(SELECT_JPKI) == b"\x90\x00"
    assert card.transmit(SELECT_JPKI) == b"\x90\x00"
    assert not card.in_field
    for _ in range(2):
        with pytest.raises(CardGone):
            card.transmit(SELECT_JPKI)
    card.leave_field()
    assert card.in_field
    card.power_on()
    assert card.transmit(SELECT_JPKI) == b"\x90\x00"


def test_a_card_without_power_is_gone(make_card: Any) -> None:
    """As with any card."""
    card = make_card()
    card.power_off()
    with pytest.raises(CardGone):
        card.transmit(SELECT_JPKI)


@pytest.mark.parametrize(
    ("options", "atr"),
    [
        ({}, "3BE000FF8131FE4514"),
        ({"atr": "contactless"}, "3B888001000005E0B381A1007F"),
        ({"atr": "contactless-d1"}, "3B888001004B51FFB381D1000F"),
        ({"atr": "contact-fb"}, "3BDA13FF8131FB468012392F31C173C601C03B"),
        ({"atr": "contact-c5"}, "3BC5FF8131FB458073C6010000"),
        ({"atr": "3B80800101"}, "3B80800101"),
    ],
)
def test_atr(make_card: Any, options: dict[str, str], atr: str) -> None:
    """Selectable by name or in hex; its check byte is right."""
    card = make_card(**options)
    assert card.atr.hex().upper() == atr
    check = 0
    for byte in card.atr[1:]:
        check ^= byte
    assert check == 0


def test_foreign_card_has_another_atr(make_card: Any) -> None:
    """Or OpenSC would take it for a JPKI card unasked."""
    assert make_card("foreign-card").atr.hex().upper() == "3B80800101"


def test_malformed_atr(make_card: Any) -> None:
    """The names are listed."""
    with pytest.raises(OptionError, match="contactless"):
        make_card(atr="xyz")
