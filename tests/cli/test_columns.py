"""Text in terminal columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyjpki11.cli.terminal import columns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("abc", 3),
        ("暗証番号", 8),
        ("ｱ", 1),
        ("「」", 4),
        ("か\u3099", 2),
        ("葛\U000e0100", 2),
        ("\x1b", 0),
        ("…", 1),
        ("①", 1),
    ],
)
def test_width(text: str, expected: int) -> None:
    """East Asian wide and full-width characters take two, combining ones none; ambiguous ones one."""
    assert columns.width(text) == expected


@pytest.mark.parametrize(
    ("text", "wide", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two", 80, ["one two"]),
        ("", 80, [""]),
        ("暗証番号を入力する", 8, ["暗証番号", "を入力す", "る"]),
        ("暗証番号。", 8, ["暗証番", "号。"]),
        ("暗証「番号」", 6, ["暗証", "「番", "号」"]),
        ("カードの PIN を", 12, ["カードの PIN", "を"]),
        ("見本\u3000花子", 10, ["見本\u3000花子"]),
        ("unbreakable", 4, ["unbreakable"]),
    ],
)
def test_wrap(text: str, wide: int, lines: list[str]) -> None:
    """Words stay whole, Japanese breaks where a line may end."""
    assert columns.wrap(text, wide) == lines


@given(st.text(st.sampled_from("ab 、。「」漢字かなー.\u3000"), max_size=60), st.integers(8, 40))
def test_wrap_keeps_every_character(text: str, wide: int) -> None:
    """But spaces at the ends of lines; and a line is too wide only where it cannot be broken."""
    lines = columns.wrap(text, wide)
    assert "".join(lines).replace(" ", "") == "".join(text.split(" "))
    for line in lines:
        assert columns.width(line) <= wide or len(list(columns.pieces(line))) == 1


def test_table() -> None:
    """Names are padded by width, values go on below themselves."""
    rows = [("氏名", "見本"), ("Sex", "x " * 50), ("none", "")]
    lines = columns.table(rows, indent=2)
    assert lines[0] == "  氏名  見本"
    assert lines[1].startswith("  Sex   x x")
    assert lines[2].startswith("        x")
    assert lines[-1] == "  none"
    assert max(map(columns.width, lines)) <= columns.COLUMNS


def test_paragraphs() -> None:
    """Empty lines part them; marked ones are left as they are."""
    assert columns.paragraphs("a\nb\n\n\b\nc  d\ne\n", 80) == ["a b", "", "c  d", "e"]


def test_what_steers_takes_the_columns_of_its_escape() -> None:
    """So tables stay aligned; a line end in a value or a name is no line end."""
    assert columns.wrap("a\x1b[2J\u202eb\nc", 80) == ["a\\u001b[2J\\u202eb\\u000ac"]
    assert columns.table([("a\n", "b\x9b"), ("longer name", "c")]) == [
        "a\\u000a      b\\u009b",
        "longer name  c",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_table_in_any_width(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Values stand below their names where there is no room beside them."""
    monkeypatch.setenv("COLUMNS", str(width))
    rows = [("利用者証明用電子証明書の暗証番号", "残り試行回数 3 回（最大 3 回）"), ("", "one two three"), ("PIN", "")]
    lines = columns.table(rows, indent=2)
    assert max(map(columns.width, lines)) <= width
    is_stacked = lines[0] == "  利用者証明用電子証明書の暗証番号"
    assert is_stacked is (width == 40)


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("12345678", "12345678"), ("123 56789", "123…"), ("証明書を表示", "証明書…")]
)
def test_shortened(text: str, shown: str) -> None:
    assert columns.shortened(text, 8) == shown
