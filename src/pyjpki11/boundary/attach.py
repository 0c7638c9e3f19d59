"""The moment the library and the Python core meet."""

from __future__ import annotations

from pyjpki11 import environment
from pyjpki11.boundary._cffi import ffi, lib
from pyjpki11.boundary.entry import Handlers


def attach(core_address: int, stamp: str, is_privileged: bool = True) -> None:
    """Fill the library's table of functions, a `struct core` at that address.

    :param is_privileged: whether the kernel has marked the process so, or its ids differ; libraries of older builds do
        not say, and are refused.
    :raises ImportError: the library and the installed package are of different builds.
    """
    own_stamp = ffi.string(lib.SHIM_STAMP).decode()
    if stamp != own_stamp:
        raise ImportError(
            f"the library (build {stamp}) does not belong to the installed package (build {own_stamp}); "
            "reinstall pyjpki11, or copy the library anew"
        )
    environment.note_privilege(is_privileged)
    for module, names in _handlers().items():
        Handlers(module, names).attach()
    lib.fill_core(ffi.cast("void *", core_address))


def _handlers() -> dict[str, list[str]]:
    """Module of this package -> the C functions that its functions of the same names answer; functions.def has them."""
    found: dict[str, list[str]] = {}
    for row in ffi.string(lib.HANDLERS).decode().splitlines():
        module, name = row.split()
        found.setdefault(module, []).append(name)
    return found
