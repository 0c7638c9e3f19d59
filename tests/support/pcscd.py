"""A pcscd with virtual readers for as long as the tests need one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from support import pcsc
from support.process import background, end

READER_MARK = "Virtual PCD"  # how vpcd's readers are called
READY_S = 15.0
EMPTY_S = 15.0  # a card that somebody else put in may be on its way out
TURN_S = 600.0  # another test run has the readers for that long at most
POLL_S = 0.05


class Unavailable(Exception):
    """This machine cannot have a pcscd with a virtual reader, for the reason given."""


class Pcscd:
    """The running service; `owned` when it is ours to stop."""

    def __init__(self, log: Path, owned: bool) -> None:
        self.owned = owned
        self.readers: list[str] = []
        self._log = log
        self._running = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it if it is ours; it is ready with its virtual readers afterwards."""
        if self.owned:
            self._process = self._running.enter_context(background([_program(), "--foreground"], self._log))
        try:
            self.readers = self._wait_for_readers()
            self._require_empty_readers()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it as the system would."""
        self._running.close()
        self._process = None

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        if self._process is None:
            raise Unavailable("this pcscd was there before the tests, which must not kill it")
        end(self._process, signal.SIGKILL)
        self.stop()

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """It answers nobody for as long as the block runs, as where a driver in it waits for ever."""
        if self._process is None:
            raise Unavailable("this pcscd was there before the tests, which must not stop it")
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def said(self) -> str:
        """What it wrote."""
        return self._log.read_text(errors="backslashreplace") if self._log.exists() else ""

    def _wait_for_readers(self) -> list[str]:
        _until(self._ready, READY_S if self.owned else POLL_S)
        found = [name for name in pcsc.readers() if READER_MARK in name] if pcsc.available() else []
        if not found:
            owner = "pcscd" if self.owned else "the pcscd that runs on this machine"
            raise Unavailable(
                f"{owner} has no virtual reader: install vsmartcard-vpcd, then restart pcscd\n{self.said()}"
            )
        return sorted(found)

    def _require_empty_readers(self) -> None:
        for reader in self.readers:
            if not pcsc.wait_for_card(reader, False, EMPTY_S):
                raise Unavailable(f"{reader} holds a card that is not ours: does a jpki_softcard still run?")

    def _ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            return True  # waiting is over, in vain
        return pcsc.available() and any(READER_MARK in name for name in pcsc.readers())


@contextlib.contextmanager
def service(log: Path) -> Iterator[Pcscd]:
    """The machine's pcscd, or one of ours where none runs; raises Unavailable."""
    with _our_turn():
        owned = not pcsc.available()
        if owned:
            _require_permission()
        running = Pcscd(log, owned)
        running.start()
        try:
            yield running
        finally:
            running.stop()


@contextlib.contextmanager
def _our_turn() -> Iterator[None]:
    """Keeps a second test run out: there is one pcscd on a machine, its readers hold one card each.

    A name in Linux's abstract socket space, which the kernel frees however this process ends.
    """
    with socket.socket(socket.AF_UNIX) as turn:

        def taken() -> bool:
            with contextlib.suppress(OSError):
                turn.bind("\0pyjpki11-tests-pcscd")
                return True
            return False

        if not _until(taken, TURN_S):
            raise Unavailable("another test run keeps the virtual readers")
        yield


def _require_permission() -> None:
    if os.geteuid() != 0:
        raise Unavailable(
            "no pcscd runs; only root may start one: sudo systemctl start pcscd (without systemd: sudo pcscd)"
        )


def _program() -> str:
    program = shutil.which("pcscd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if program is None:
        raise Unavailable("pcscd is not installed (packages pcscd, vsmartcard-vpcd)")
    return program


def _until(condition: Callable[[], bool], timeout: float) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True
