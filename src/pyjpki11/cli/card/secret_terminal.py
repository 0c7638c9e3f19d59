"""A line typed on the terminal that is not shown and of which no copy stays behind.

It is read into one buffer, which is overwritten; no `str` of it is ever made. Whatever ends the waiting, the terminal
shows again what is typed, and what was typed ahead of a prompt or after it reaches no other program.
"""

from __future__ import annotations

import atexit
import errno
import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from pyjpki11.card.pin import wipe

#: Bytes of a line that are looked at; no PIN is longer, whatever it is written with.
BUFFER_LEN = 256
LOCAL_MODES = 3  # place in what tcgetattr gives
#: Signals that end the tool, which then leaves in order: the terminal is restored, the card logged out.
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
SIGNAL_STATUS = 128  # exit status, plus the signal's number, as shells have it


class NoTerminal(Exception):
    """Nothing can be asked here."""


class Terminal(NamedTuple):
    """Where a line is read, and where its prompt is written."""

    source: int
    target: int

    def is_ours(self) -> bool:
        """Whether this program is in the foreground; in the background a change of modes would stop it."""
        try:
            return os.tcgetpgrp(self.source) == os.getpgrp()
        except OSError:  # a terminal without job control
            return True

    def write(self, text: str) -> None:
        """Show a text."""
        os.write(self.target, text.encode(sys.stderr.encoding, "backslashreplace"))


def read(prompt: str) -> bytearray:
    """What is typed after a prompt, without the end of the line; the caller wipes it.

    :raises NoTerminal: there is no terminal.
    :raises EOFError: the line was not begun.
    """
    with _terminal() as terminal:
        _forget_in_the_end()
        with _Hidden(terminal, prompt).held():
            return _line(terminal.source)


@contextmanager
def leaving_in_order() -> Iterator[None]:
    """Have the signals that end the tool raise SystemExit in this block, so that everything is put in order.

    What is ignored, as by nohup, stays ignored.
    """
    found = {number: signal.getsignal(number) for number in (*ENDING, signal.SIGINT)}
    taken = {number: handler for number, handler in found.items() if handler not in (signal.SIG_IGN, None)}

    def leave(number: int, _frame: FrameType | None) -> None:
        for each in taken:
            signal.signal(each, signal.SIG_IGN)  # nothing interrupts the leaving
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(SIGNAL_STATUS + number)

    try:
        for number in taken:
            signal.signal(number, leave)
        yield
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)


class _Hidden:
    """A terminal that shows nothing of what is typed, also after it was left with Ctrl-Z and entered again."""

    def __init__(self, terminal: Terminal, prompt: str) -> None:
        self._terminal = terminal
        self._prompt = prompt
        self._shown: list[Any] = termios.tcgetattr(terminal.source)
        self._hidden = [*self._shown]
        self._hidden[LOCAL_MODES] = self._shown[LOCAL_MODES] & ~termios.ECHO | termios.ICANON | termios.ISIG

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hide what is typed in this block, in which the user has been asked."""
        with leaving_in_order():
            before = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
            try:
                if before[signal.SIGTSTP] is not signal.SIG_IGN:
                    signal.signal(signal.SIGTSTP, self._stop)
                signal.signal(signal.SIGCONT, self._go_on)
                self._ask()
                yield
            finally:
                self._set(self._shown)
                self._terminal.write("\n")
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _ask(self) -> None:
        self._set(self._hidden)
        self._terminal.write(self._prompt)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """Stop as any program does, the terminal as it was: not every shell restores it."""
        self._set(self._shown)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._stop)
        self._set(self._hidden)  # also where there is no shell that can stop us, so that no shell continues us

    def _go_on(self, _number: int, _frame: FrameType | None) -> None:
        self._ask()

    def _set(self, modes: list[Any]) -> None:
        """Change the terminal's modes, and drop what was typed before."""
        while self._terminal.is_ours():
            try:
                return termios.tcsetattr(self._terminal.source, termios.TCSAFLUSH, modes)
            except termios.error as error:
                if error.args[0] != errno.EINTR:
                    return  # it was hung up, so no input will come


@contextmanager
def _terminal() -> Iterator[Terminal]:
    """The terminal of this program, also where standard input is something else; or else a standard input that is one.

    :raises NoTerminal: there is none.
    """
    try:
        opened = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        if not os.isatty(0):
            raise NoTerminal from None
        yield Terminal(0, 2)
        return
    try:
        yield Terminal(opened, opened)
    finally:
        os.close(opened)


def _line(source: int) -> bytearray:
    """A line up to its end or the buffer's. `readv` leaves no copy, and a slice of a bytearray has its exact size."""
    buffer = bytearray(BUFFER_LEN)
    length = 0
    try:
        with memoryview(buffer) as view:
            while length < BUFFER_LEN:
                count = os.readv(source, [view[length:]])
                if not count and not length:
                    raise EOFError
                length += count
                if not count or buffer[length - 1] == ord("\n"):
                    length -= bool(count)
                    break
        return buffer[:length]
    finally:
        wipe(buffer)


def _forget_in_the_end() -> None:
    """Have what is typed while the tool works dropped when it ends: it may be the PIN, and no shell shall get it."""
    atexit.unregister(_forget_typed)
    atexit.register(_forget_typed)


def _forget_typed() -> None:
    try:
        with _terminal() as terminal:
            if terminal.is_ours():
                termios.tcflush(terminal.source, termios.TCIFLUSH)
    except (NoTerminal, termios.error):
        pass  # it is gone
