"""Where the PKCS#11 module is installed."""

from __future__ import annotations

from pathlib import Path

import pyjpki11

LIBRARY = Path(pyjpki11.__file__).resolve().parent / "libpyjpki11.so"
