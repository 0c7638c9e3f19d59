"""The time that the thread of a connection goes by."""

from __future__ import annotations

import threading


class Clock:
    """Stands still until somebody moves it, so that a busy machine makes nothing late."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.looks = threading.Semaphore(0)  # released by everybody who reads it

    def __call__(self) -> float:
        """Seconds."""
        self.looks.release()
        return self.now_s
