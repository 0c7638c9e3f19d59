"""What the tool prints, as it was looked at and found good: files in `golden/`, one for each language."""

from __future__ import annotations

from pathlib import Path

from support.card_tool import stable

FOLDER = Path(__file__).parent / "golden"


def require(name: str, language: str, printed: str) -> None:
    """The golden text of that name, which is written where there is none yet: then it has to be looked at."""
    path = FOLDER / f"{name}.{language}.txt"
    printed = stable(printed)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(printed)
        raise AssertionError(f"{path} is new: look at it, then run the test again")
    assert printed == path.read_text()
