"""C_Initialize, C_Finalize, C_GetInfo. Spec: PKCS#11 v3.1 5.4"""

from __future__ import annotations

from pyjpki11 import __version__, environment, host_program, settings
from pyjpki11.boundary import entry
from pyjpki11.boundary._cffi import ffi
from pyjpki11.boundary.marshal import NULL, put_text, put_version, require
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError
from pyjpki11.provider.module import Module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CRYPTOKI_VERSION = (3, 2)
MANUFACTURER = "pyjpki11"
DESCRIPTION = "JPKI My Number card"


def C_Initialize(pInitArgs: Any) -> None:
    if pInitArgs != NULL:
        _check_arguments(ffi.cast("CK_C_INITIALIZE_ARGS *", pInitArgs))
    entry.initialize(lambda: Module(settings.load(environment.variables(), host_program.names())))


def _check_arguments(args: Any) -> None:
    """Python's own locks work in any threading model of the host, so its mutex functions are not needed; but they
    come all or none. pReserved is never followed: hosts pass numbers in it. Spec: PKCS#11 v3.1 5.4.1"""
    given = [getattr(args, name) != NULL for name in ("CreateMutex", "DestroyMutex", "LockMutex", "UnlockMutex")]
    if args.pReserved != NULL or any(given) != all(given):
        raise CryptokiError(ckr.ARGUMENTS_BAD)


def C_Finalize(pReserved: Any) -> None:
    if pReserved != NULL:
        raise CryptokiError(ckr.ARGUMENTS_BAD)
    entry.finalize()


def C_GetInfo(pInfo: Any) -> None:
    entry.module()
    require(pInfo)
    put_version(pInfo.cryptokiVersion, CRYPTOKI_VERSION)
    put_text(pInfo.manufacturerID, MANUFACTURER)
    pInfo.flags = 0
    put_text(pInfo.libraryDescription, DESCRIPTION)
    major, minor = (int(part) for part in __version__.split(".")[:2])
    put_version(pInfo.libraryVersion, (major, minor))
