"""What the library runs first in Python: it makes our packages importable, then attaches the core."""

from __future__ import annotations

import encodings
import gc
import sys
from _frozen_importlib import _blocking_on, _module_locks, module_from_spec  # type: ignore[attr-defined]
from _frozen_importlib_external import EXTENSION_SUFFIXES, PathFinder, spec_from_file_location
from posix import register_at_fork, stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec


class OwnPackages:
    """Finder of last resort that lends a host's Python our packages without touching its path."""

    names = frozenset(["pyjpki11", "jpki_softcard", "smartcard", "_cffi_backend", "cryptography", "asn1crypto", "cffi"])

    def __init__(self, directories: list[str]) -> None:
        self.directories = directories

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, self.directories) if name in self.names else None


def exists(path: str) -> bool:
    try:
        stat(path)
    except OSError:
        return False
    return True


def load_compiled(name: str, path: str) -> None:
    """Load an extension module from a path without its suffix, sooner than a search of Python's path would find it."""
    for suffix in EXTENSION_SUFFIXES:
        spec = spec_from_file_location(name, path + suffix) if exists(path + suffix) else None
        if spec is not None and spec.loader is not None:
            sys.modules[name] = module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return


def complete_core(directories: list[str]) -> None:
    """Tell the core, whose modules are in the library, where the rest of the package is: compiled modules and data.

    A host that has given Python frozen modules of its own gets all of it from the package's files.
    """
    import pyjpki11
    import pyjpki11.boundary

    if pyjpki11.__spec__.origin != "frozen":
        return
    for directory in directories:
        if exists(f"{directory}/pyjpki11/__init__.py"):
            pyjpki11.__path__ = [f"{directory}/pyjpki11"]
            pyjpki11.boundary.__path__ = [f"{directory}/pyjpki11/boundary"]
            load_compiled("_cffi_backend", f"{directory}/_cffi_backend")
            load_compiled("pyjpki11.boundary._cffi", f"{directory}/pyjpki11/boundary/_cffi")
            return
    raise ModuleNotFoundError("the package pyjpki11 is not there")


def forget_imports() -> None:
    """Let a forked child import anew what another thread was importing: that import ends only in the parent."""
    _module_locks.clear()
    _blocking_on.clear()
    for name, module in list(sys.modules.items()):
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            del sys.modules[name]


def start(directory_lines: str, python_is_ours: int, core_address: int, stamp: str, is_privileged: int) -> str:
    """Attach the core to the C table at core_address; the answer is what went wrong, or nothing."""
    directories = directory_lines.split("\n")
    if python_is_ours:
        gc.disable()  # what is made from here on stays, so looking for garbage would be in vain
        encodings.__path__ = [f"{sys.path[0]}/encodings"]  # it is frozen itself, the rarer ones are not
        sys.path.extend(directories)
        register_at_fork(after_in_child=forget_imports)
    else:
        sys.meta_path.append(OwnPackages(directories))
    try:
        if python_is_ours:
            complete_core(directories)
        from pyjpki11.boundary.attach import attach

        attach(core_address, stamp, bool(is_privileged))
        if python_is_ours:
            gc.freeze()  # it stays, so no collection needs to look at it
            gc.enable()
    except BaseException as error:
        return f"{type(error).__name__}: {error} (looked in {directories})"
    return ""
