"""The moment the library and the Python core meet."""

from __future__ import annotations

from pyjpki11.boundary import digesting, encrypting, general, objects, sessions, signing, slots, verifying
from pyjpki11.boundary._cffi import ffi, lib

#: Importing them is what attaches their functions.
HANDLERS = (digesting, encrypting, general, objects, sessions, signing, slots, verifying)


def attach(core_address: int, stamp: str) -> None:
    """Fill the library's table of functions, a `struct core` at that address.

    :raises ImportError: the library and the installed package are of different builds.
    """
    own_stamp = ffi.string(lib.SHIM_STAMP).decode()
    if stamp != own_stamp:
        raise ImportError(
            f"the library (build {stamp}) does not belong to the installed package (build {own_stamp}); "
            "reinstall pyjpki11, or copy the library anew"
        )
    lib.fill_core(ffi.cast("void *", core_address))
