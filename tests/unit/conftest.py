"""How hypothesis works here: without a clock, which busy machines would fail, and without files."""

from __future__ import annotations

from hypothesis import settings
from unit.late import gate, time

__all__ = ["gate", "time"]

settings.register_profile("unit", deadline=None, database=None)
settings.load_profile("unit")
