"""What the library runs first in Python: it makes our packages importable, then attaches the core."""

import sys
from _frozen_importlib import _blocking_on, _module_locks
from _frozen_importlib_external import PathFinder
from posix import register_at_fork


class OwnPackages:
    """Finder of last resort that lends a host's Python our packages without touching its path."""

    names = frozenset(
        ["pyjpki11", "jpki_softcard", "smartcard", "_cffi_backend", "cryptography", "asn1crypto", "cffi"]
    )

    def __init__(self, directories):
        self.directories = directories

    def find_spec(self, name, path=None, target=None):
        return PathFinder.find_spec(name, self.directories) if name in self.names else None


def forget_imports():
    """Let a forked child import anew what another thread was importing: that import ends only in the parent."""
    _module_locks.clear()
    _blocking_on.clear()
    for name, module in list(sys.modules.items()):
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            del sys.modules[name]


def start(directories, python_is_ours, core_address, stamp):
    """Attach the core to the C table at core_address; the answer is what went wrong, or nothing."""
    directories = directories.split("\n")
    if python_is_ours:
        sys.path.extend(directories)
        register_at_fork(after_in_child=forget_imports)
    else:
        sys.meta_path.append(OwnPackages(directories))
    try:
        from pyjpki11.boundary.attach import attach

        attach(core_address, stamp)
    except BaseException as error:
        return f"{type(error).__name__}: {error} (looked in {directories})"
    return ""
