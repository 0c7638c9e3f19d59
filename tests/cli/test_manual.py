"""The manual pages say what the commands are now, and are found by `man`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.process import run

ROOT = Path(__file__).parents[2]
PAGES = {"en": "pyjpki11.1", "ja": "ja/pyjpki11.1"}
INSTALLED = {"en": "man1/pyjpki11.1", "ja": "ja/man1/pyjpki11.1"}


@pytest.mark.parametrize("language", PAGES)
def test_the_pages_are_current(language: str) -> None:
    """tools/manual.py makes them so."""
    script = f"import sys; sys.path.insert(0, 'tools'); import manual; print(manual.page({language!r}), end='')"
    assert run([sys.executable, "-c", script], cwd=ROOT).stdout == (ROOT / "docs/man" / PAGES[language]).read_text()


@pytest.mark.parametrize(("language", "words"), [("en", "EXIT STATUS"), ("ja", "終了ステータス")])
def test_man_shows_the_installed_page(language: str, words: str) -> None:
    """Without a complaint about its form."""
    page = Path(sys.prefix) / "share" / "man" / INSTALLED[language]
    shown = run(["man", "--warnings", "-E", "UTF-8", "-l", page], env={"MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
    assert not shown.stderr
    assert words in shown.stdout
    for command in ("status", "pin verify", "apdu", "softcard new"):
        assert command in shown.stdout
