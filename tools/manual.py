"""Writes the manual pages from the commands: `tools/manual.py`, to be run when a command or its help has changed."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "man"
#: Language -> the page, where programs that show manuals look for it below share/man.
PAGES = {"en": FOLDER / "pyjpki11.1", "ja": FOLDER / "ja" / "pyjpki11.1"}
PRINT = "from pyjpki11.cli.manual import page; print(page(), end='')"


def page(language: str) -> str:
    """The page in a language; a process of its own, because the language is chosen once."""
    env = {**os.environ, "LANGUAGE": language, "LC_ALL": "C.UTF-8"}
    made = subprocess.run([sys.executable, "-c", PRINT], env=env, check=True, capture_output=True)  # noqa: S603
    return made.stdout.decode()


if __name__ == "__main__":
    for language, path in PAGES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(language))
