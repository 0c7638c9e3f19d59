"""Software cards in the virtual readers of pcscd."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support import pcsc
from support.pcscd import Pcscd
from support.process import background

#: All that use pcscd run in one process: there is one on a machine, its readers hold one card each.
IN_PCSCDS_PROCESS = pytest.mark.xdist_group("pcscd")
HOST, FIRST_PORT = "127.0.0.1", 35963  # vpcd's own; the second reader has the next port
INSERT_S, REMOVE_S = 15.0, 15.0
SETTLE_S, POLL_S = 15.0, 0.02
SLICE_S = 0.5  # between two looks at whether the card's process still runs


class PcscCard:
    """A card process with the reader it is in."""

    def __init__(self, reader: str, port: int, state: Path, log: Path, options: Sequence[str]) -> None:
        self.reader = reader
        self.state = state
        self.apdu_log = log / "apdus"
        self._output = log / "output"
        self._argv = [sys.executable, "-m", "jpki_softcard", "--vpcd", f"{HOST}:{port}"]
        self._argv += ["--state", str(state), "--apdu-log", str(self.apdu_log), *options]
        self._running = contextlib.ExitStack()

    def insert(self) -> None:
        """Put the card into its reader, which must be empty."""
        if pcsc.card_present(self.reader):
            raise AssertionError(f"{self.reader} holds another card: does a softcard still run?")
        process = self._running.enter_context(background(self._argv, self._output))
        try:
            self._wait_until_present(process)
        except BaseException:
            self._running.close()
            raise

    def remove(self) -> None:
        """Take the card out; does nothing when it is out already."""
        self._running.close()
        if not pcsc.wait_for_card(self.reader, False, REMOVE_S):
            raise AssertionError(f"{self.reader} still shows a card {REMOVE_S} s after its process ended")

    def apdus(self) -> list[tuple[str, str]]:
        """Every command with its response in hex, PIN data masked; an unanswered one has an empty response."""
        exchanges: list[tuple[str, str]] = []
        for line in self._log_lines():
            if line.startswith("> "):
                exchanges.append((line[2:], ""))
            elif line.startswith("< "):
                exchanges[-1] = (exchanges[-1][0], line[2:])
        return exchanges

    def count(self) -> int:
        """How many commands the card has had."""
        return len(self.apdus())

    def wait_until(self, is_reached: Callable[[list[tuple[str, str]]], bool]) -> None:
        """Wait for commands of a program that goes on when what it serves has ended."""
        deadline = time.monotonic() + SETTLE_S
        while not is_reached(self.apdus()):
            assert time.monotonic() < deadline, f"the last commands are {self.apdus()[-3:]}"
            time.sleep(POLL_S)

    def said(self) -> str:
        """What the card's process wrote."""
        return self._output.read_text(errors="backslashreplace") if self._output.exists() else ""

    def _wait_until_present(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + INSERT_S
        while not pcsc.wait_for_card(self.reader, True, SLICE_S):
            if process.poll() is not None:
                raise AssertionError(f"the software card ended with {process.returncode}\n{self.said()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.reader} shows no card after {INSERT_S} s\n{self.said()}")

    def _log_lines(self) -> list[str]:
        return self.apdu_log.read_text().splitlines() if self.apdu_log.exists() else []


class CardMaker:
    """Makes cards for one test; called with faults and options, it gives a card that is in its reader."""

    def __init__(self, pcscd: Pcscd, folder: Path, new_state: Callable[[], Path]) -> None:
        self._pcscd = pcscd
        self._folder = folder
        self._new_state = new_state
        self._cards: list[PcscCard] = []

    def __call__(
        self,
        fault: Sequence[str] = (),
        *,
        state: Path | None = None,
        slot: int = 0,
        options: Sequence[str] = (),
    ) -> PcscCard:
        """Put a card into the reader `slot`, 0 or 1.

        `fault`: names that `python -m jpki_softcard --list-faults` lists. `state`: a fresh card's without it.
        `options`: more of that command's.
        """
        log = self._folder / f"card{len(self._cards)}"
        log.mkdir(parents=True, exist_ok=True)
        more = [*(part for name in fault for part in ("--fault", name)), *options]
        reader, port = self._pcscd.readers[slot], FIRST_PORT + slot
        card = PcscCard(reader, port, state or self._new_state(), log, more)
        card.insert()
        self._cards.append(card)
        return card

    def close(self) -> None:
        """Leave every reader empty."""
        with contextlib.ExitStack() as all_of_them:
            for card in self._cards:
                all_of_them.callback(card.remove)
