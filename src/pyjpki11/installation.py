"""Where the package is."""

from __future__ import annotations

import pyjpki11


def folder() -> str:
    """Its folder. Modules that the library brings along have no file; c_shim/bootstrap.py tells the package's path."""
    return pyjpki11.__path__[0]
