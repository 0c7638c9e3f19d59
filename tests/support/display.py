"""A display without a screen, and somebody in front of it who reads and types."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from support.process import Failed, background, run

T = TypeVar("T")

WAIT_S, POLL_S = 60.0, 0.05
SIZE = "1000x700"
NUMBER = re.compile(r"^(\d+)$", re.MULTILINE)
KEY_MS = 12  # between two keys, a fast typist's
ASIDE = 2, 2  # pixels; where the pointer explains nothing
SCATTERED = "11"  # how tesseract calls text here and there on a page
#: No language but English, no session that programs could speak to each other in.
SURROUNDINGS = {
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": None,
    "WAYLAND_DISPLAY": None,
    "DBUS_SESSION_BUS_ADDRESS": "disabled:",
}


class Display:
    """One X display. Windows are known by their numbers; there is no window manager, so nobody moves them."""

    def __init__(self, number: str, folder: Path) -> None:
        self.environment: dict[str, str | None] = {**SURROUNDINGS, "DISPLAY": f":{number}"}
        """What makes a program show its windows here."""
        self._folder = folder

    def windows(self) -> list[int]:
        """The visible windows that have a title."""
        return [int(number) for number in self._xdotool("search", "--onlyvisible", "--name", ".").split()]

    def title(self, window: int) -> str:
        """The title of a window; empty when it is gone."""
        return self._xdotool("getwindowname", window).strip()

    def window(self, words: str) -> int | None:
        """A window with these words in its title."""
        return next((window for window in self.windows() if words in self.title(window)), None)

    def wait_for(self, what: str, condition: Callable[[], T | None]) -> T:
        """What a condition gives as soon as it holds; Failed, with all that is to be seen, if it does not."""
        found = soon(condition, WAIT_S)
        if not found:
            seen = "\n".join(f"--- {self.title(window)}\n{self.read(window)}" for window in self.windows())
            raise Failed(f"waited {WAIT_S} s for {what}\n{seen}")
        return found

    def read(self, window: int) -> str:
        """The words in a window, as somebody reads them off the display; none when it is gone."""
        picture = self.picture(window, self._folder / "seen.png")
        if not picture.exists():
            return ""
        words = run(["tesseract", picture, "stdout", "--psm", SCATTERED], env={"OMP_THREAD_LIMIT": "1"})
        return " ".join(words.stdout.split())

    def picture(self, window: int, path: Path) -> Path:
        """Save a picture of a window, PNG; nothing when it is gone."""
        path.unlink(missing_ok=True)
        self._run("import", "-window", window, "-strip", path)
        return path

    def type(self, window: int, text: str) -> None:
        """Type into a window."""
        self._xdotool("windowfocus", window)
        self._xdotool("type", "--delay", KEY_MS, text)

    def click(self, window: int, x: int, y: int) -> None:
        """Click at a place in a window, pixels from its upper left corner."""
        self._xdotool("windowfocus", window)
        self._xdotool("mousemove", "--window", window, x, y, "click", 1, "mousemove", "--window", window, *ASIDE)

    def press(self, window: int, key: str) -> None:
        """Press a key, or several together such as ctrl+l, in a window."""
        self._xdotool("windowfocus", window)
        self._xdotool("key", key)

    def _xdotool(self, *arguments: object) -> str:
        return self._run("xdotool", *arguments).stdout

    def _run(self, *command: object) -> subprocess.CompletedProcess[str]:
        """A window may go at any moment, which is no failure."""
        return run([str(part) for part in command], env=self.environment, check=False)


def soon(condition: Callable[[], T | None], timeout: float) -> T | None:
    """What a condition gives as soon as it holds, or in the end; the time is in seconds."""
    deadline = time.monotonic() + timeout
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return found


@contextlib.contextmanager
def open_display(folder: Path) -> Iterator[Display]:
    """A display that nobody else uses.

    It must not start anew (-noreset) whenever its last program leaves: xdotool comes and goes before the browser is
    there, and who connects meanwhile is turned away.
    """
    output = folder / "output"
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{SIZE}x24", "-nolisten", "tcp", "-noreset"]
    with background(command, output) as process:
        soon(lambda: process.poll() is not None or NUMBER.search(output.read_text()), WAIT_S)
        number = NUMBER.search(output.read_text())
        if not number:
            raise Failed(f"Xvfb has no display\n{output.read_text()}")
        yield Display(number[1], folder)
