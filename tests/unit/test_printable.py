"""Text that steers nothing."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjpki11.printable import printable

#: What a line of text has no use for, by what it does.
STEERING = {
    "line ends": "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029",
    "terminals": "\x00\x07\x08\t\x1b\x7f\x90\x9b\x9d",
    "direction": "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    "unseen": "\u00ad\u034f\u115f\u1160\u180e\u200b\u200c\u200d\u2060\u2061\u206f\u3164\ufeff\uffa0\ufff9\ufffb",
    "tags": "\U000e0001\U000e0020\U000e007f",
    "surrogates": "\ud800\udc80\udfff",
}


@pytest.mark.parametrize("kind", STEERING)
def test_what_steers_is_shown_as_an_escape(kind: str) -> None:
    for character in STEERING[kind]:
        shown = printable(f"a{character}b")
        assert character not in shown
        assert shown.isascii() and shown.startswith("a\\u") and shown.endswith("b")


@pytest.mark.parametrize(
    "text",
    ["", "plain", "a\\b", "氏名\u3000太郎", "葛\U000e0100飾区", "辻\ufe00", "か\u3099", "\ue000", "𠮷野", "\U00031350"],
)
def test_names_stay_as_they_are(text: str) -> None:
    """With marks that choose a form of a character, characters of one's own, and some that Python may not know yet."""
    assert printable(text) == text


def test_no_control_is_forgotten() -> None:
    """Python's own tables find no other control, line end or half character; formats that are seen may stay."""
    missed = [code for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Zl", "Zp", "Cs")]
    assert missed
    assert [code for code in missed if printable(chr(code)) == chr(code)] == []


@given(st.text())
def test_json_means_the_same(text: str) -> None:
    """So a document stays whole when its lines are made printable."""
    assert json.loads(printable(json.dumps(text, ensure_ascii=False))) == text


@given(st.text())
def test_once_is_enough(text: str) -> None:
    assert printable(printable(text)) == printable(text)
