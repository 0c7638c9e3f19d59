"""A line on the terminal that shows that something is under way."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import columns

#: Seconds of silence that a user is left alone with.
PATIENCE_S = 0.5
TICK_S = 0.1
WHEEL = "|/-\\"

_lock = threading.Lock()
_is_drawn = False
_is_running = False
_percent: int | None = None  # of what is under way, where it is known


@contextmanager
def shown(text: str) -> Iterator[None]:
    """Show the text, with a wheel and the seconds, once what happens here takes longer than half a second.

    Only on a terminal, and never more than one line; nested ones show the outer text. Nothing may be asked inside.
    """
    global _is_running, _percent
    if _is_running or not sys.stderr.isatty():
        yield
        return
    _is_running = True
    _percent = None
    done = threading.Event()
    thread = threading.Thread(target=_turn, args=(text, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        _is_running = False
        done.set()
        thread.join()
        clear()


def counted(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """The chunks of a content of that many bytes; the line that is shown meanwhile says how much of it has passed."""
    global _percent
    passed, _percent = 0, 0 if length else None
    for chunk in chunks:
        yield chunk
        passed += len(chunk)
        _percent = min(100 * passed // length, 100) if length else None
    _percent = None


def clear() -> None:
    """Take the line away, before something else is written to the terminal."""
    global _is_drawn
    with _lock:
        if _is_drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            _is_drawn = False


def _turn(text: str, done: threading.Event) -> None:
    start = time.monotonic()
    wait = PATIENCE_S
    while not done.wait(wait):
        wait = TICK_S
        elapsed = time.monotonic() - start
        percent = "" if _percent is None else f" {_percent} %"
        seconds = _("{count} s", count=f"{elapsed:.0f}")
        _draw(f"{WHEEL[int(elapsed / TICK_S) % len(WHEEL)]} {text}{percent} {seconds}")


def _draw(line: str) -> None:
    global _is_drawn
    with _lock:
        sys.stderr.write(f"\r\x1b[K{columns.wrap(line, columns.room(sys.stderr) - 1)[0]}")
        sys.stderr.flush()
        _is_drawn = True
