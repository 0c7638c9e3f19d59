"""Lets the tool's tests run as root in a checkout below a folder that others may write to, such as /tmp.

There the tool rightly refuses to register the module: root would run what others can exchange. The tests want to see
what else it does, so those folders (TESTS_TRUST) count as root's alone. Python imports this module at its start.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

OWNERSHIP = "pyjpki11.registration.ownership"
TRUSTED = {os.stat(folder).st_ino for folder in os.environ.get("TESTS_TRUST", "").split(":") if folder}


def trust(ownership: ModuleType) -> None:
    """Have the folders count as root's."""
    is_roots = ownership._is_roots
    ownership._is_roots = lambda status: status.st_ino in TRUSTED or is_roots(status)  # type: ignore[attr-defined]


class Finder(importlib.abc.MetaPathFinder):
    """Finds the module as the others do, and changes it once it is loaded."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """See importlib.abc.MetaPathFinder."""
        if name != OWNERSHIP:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_trust(module: ModuleType) -> None:
                execute(module)
                trust(module)

            spec.loader.exec_module = execute_and_trust  # type: ignore[method-assign]
        return spec


if TRUSTED:
    sys.meta_path.insert(0, Finder())
