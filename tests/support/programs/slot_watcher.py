"""A program that waits for slot events: slot_watcher MODULE."""

from __future__ import annotations

import ctypes
import queue
import sys
import threading

from support.programs.serve import Refusal, serve

NAMES = {0: "CKR_OK", 8: "CKR_NO_EVENT", 0x190: "CKR_CRYPTOKI_NOT_INITIALIZED"}
DONT_BLOCK = 1


class Watcher:
    """The module, with the answers of the calls that block."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self._answers: queue.Queue[tuple[str, int]] = queue.Queue()
        self._library.C_Initialize(None)

    def poll(self) -> int:
        """A slot with an event."""
        name, slot = self._call(DONT_BLOCK)
        if name != "CKR_OK":
            raise Refusal(name)
        return slot

    def wait(self) -> None:
        """Begin to wait."""
        threading.Thread(target=lambda: self._answers.put(self._call(0)), daemon=True).start()

    def answer(self, timeout: float) -> tuple[str, int] | None:
        """What waiting has led to, if it has within the time."""
        try:
            return self._answers.get(timeout=timeout)
        except queue.Empty:
            return None

    def finalize(self) -> None:
        """C_Finalize."""
        self._library.C_Finalize(None)

    def _call(self, flags: int) -> tuple[str, int]:
        slot = ctypes.c_ulong()
        answer = self._library.C_WaitForSlotEvent(ctypes.c_ulong(flags), ctypes.byref(slot), None)
        return NAMES.get(answer, hex(answer)), slot.value


def main() -> None:
    """Serve until the input ends."""
    watcher = Watcher(sys.argv[1])
    serve({name: getattr(watcher, name) for name in vars(Watcher) if not name.startswith("_")})
    watcher.finalize()


main()
