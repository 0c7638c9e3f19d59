"""What the library runs first in Python: it makes our packages importable, then attaches the core."""

import encodings
import gc
import sys
from _frozen_importlib import ModuleSpec, _blocking_on, _module_locks
from _frozen_importlib_external import EXTENSION_SUFFIXES, MAGIC_NUMBER, PathFinder, spec_from_file_location
from marshal import loads
from posix import register_at_fork, stat

BUNDLE = "core.bundle"  # written by bundle.py
#: Compiled module -> file, from the package's folder, without its suffix.
COMPILED = {"pyjpki11.boundary._cffi": "boundary/_cffi", "_cffi_backend": "../_cffi_backend"}


class OwnPackages:
    """Finder of last resort that lends a host's Python our packages without touching its path."""

    names = frozenset(
        ["pyjpki11", "jpki_softcard", "smartcard", "_cffi_backend", "cryptography", "asn1crypto", "cffi"]
    )

    def __init__(self, directories):
        self.directories = directories

    def find_spec(self, name, path=None, target=None):
        return PathFinder.find_spec(name, self.directories) if name in self.names else None


class Bundle:
    """Finder and loader of the core's modules, whose code stands in one file: to look for some 70 files takes longer
    than to run them. It also knows where the compiled modules are. In our own Python only; elsewhere, and without the
    file, all come from their files."""

    def __init__(self, folder):
        with open(f"{folder}/{BUNDLE}", "rb") as file:
            content = file.read()
        if not content.startswith(MAGIC_NUMBER):
            raise OSError(f"{folder}/{BUNDLE} is for another Python")
        self.folder = folder
        code = memoryview(content)[len(MAGIC_NUMBER) :]
        self.modules = loads(code)  # noqa: S302 - installed with us

    def find_spec(self, name, path=None, target=None):
        if name in COMPILED:
            return self.find_compiled(name)
        if name not in self.modules:
            return None
        file, is_package, _code = self.modules[name]
        spec = ModuleSpec(name, self, origin=f"{self.folder}/{file}", is_package=is_package)
        if is_package:
            spec.submodule_search_locations = [spec.origin.rpartition("/")[0]]
        return spec

    def find_compiled(self, name):
        for suffix in EXTENSION_SUFFIXES:
            path = f"{self.folder}/{COMPILED[name]}{suffix}"
            try:
                stat(path)
            except OSError:
                continue
            return spec_from_file_location(name, path)
        return None  # it is somewhere else

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__file__ = module.__spec__.origin  # by hand, since importlib would work out where a .pyc might be, too
        exec(loads(self.modules[module.__name__][2]), module.__dict__)  # noqa: S102, S302 - as every loader does


def find_bundle(directories):
    """The bundle of the package that the directories have, if it is there."""
    package = PathFinder.find_spec("pyjpki11", directories)
    try:
        return [Bundle(package.origin.rpartition("/")[0])] if package is not None else []
    except (OSError, EOFError, TypeError, ValueError):
        return []  # there is none, or none that can be used


def forget_imports():
    """Let a forked child import anew what another thread was importing: that import ends only in the parent."""
    _module_locks.clear()
    _blocking_on.clear()
    for name, module in list(sys.modules.items()):
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            del sys.modules[name]


def start(directories, python_is_ours, core_address, stamp, is_privileged):
    """Attach the core to the C table at core_address; the answer is what went wrong, or nothing."""
    directories = directories.split("\n")
    if python_is_ours:
        gc.disable()  # what is made from here on stays, so looking for garbage would be in vain
        encodings.__path__ = [f"{sys.path[0]}/encodings"]  # it is frozen itself, the rarer ones are not
        sys.path.extend(directories)
        sys.meta_path[:0] = find_bundle(directories)
        register_at_fork(after_in_child=forget_imports)
    else:
        sys.meta_path.append(OwnPackages(directories))
    try:
        from pyjpki11.boundary.attach import attach

        attach(core_address, stamp, bool(is_privileged))
        if python_is_ours:
            gc.freeze()  # it stays, so nobody needs to look at it
            gc.enable()
    except BaseException as error:
        return f"{type(error).__name__}: {error} (looked in {directories})"
    return ""
