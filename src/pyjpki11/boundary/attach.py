"""The moment the library and the Python core meet."""

from __future__ import annotations

from pyjpki11 import arithmetic, environment
from pyjpki11.boundary import native
from pyjpki11.boundary._cffi import ffi, lib
from pyjpki11.boundary.entry import Handlers
from pyjpki11.reader import lingering

#: Module of this package -> the C functions that its functions of the same names answer.
HANDLERS = {
    "general": (
        "C_Initialize",
        "C_Finalize",
        "C_GetInfo",
    ),
    "slots": (
        "C_GetSlotList",
        "C_GetSlotInfo",
        "C_GetTokenInfo",
        "C_WaitForSlotEvent",
        "C_GetMechanismList",
        "C_GetMechanismInfo",
    ),
    "sessions": (
        "C_OpenSession",
        "C_CloseSession",
        "C_CloseAllSessions",
        "C_GetSessionInfo",
        "C_SessionCancel",
        "C_GetSessionValidationFlags",
        "C_Login",
        "C_LoginUser",
        "C_SetPIN",
        "C_Logout",
    ),
    "objects": (
        "C_GetAttributeValue",
        "C_CreateObject",
        "C_CopyObject",
        "C_DestroyObject",
        "C_GetObjectSize",
        "C_SetAttributeValue",
        "C_FindObjectsInit",
        "C_FindObjects",
        "C_FindObjectsFinal",
    ),
    "signing": (
        "C_SignInit",
        "C_Sign",
        "C_SignUpdate",
        "C_SignFinal",
        "C_SignRecoverInit",
        "C_SignRecover",
        "C_MessageSignInit",
        "C_SignMessage",
        "C_SignMessageBegin",
        "C_SignMessageNext",
        "C_MessageSignFinal",
    ),
    "verifying": (
        "C_VerifyInit",
        "C_Verify",
        "C_VerifyUpdate",
        "C_VerifyFinal",
        "C_VerifyRecoverInit",
        "C_VerifyRecover",
        "C_MessageVerifyInit",
        "C_VerifyMessage",
        "C_VerifyMessageBegin",
        "C_VerifyMessageNext",
        "C_MessageVerifyFinal",
        "C_VerifySignatureInit",
        "C_VerifySignature",
        "C_VerifySignatureUpdate",
        "C_VerifySignatureFinal",
    ),
    "digesting": (
        "C_DigestInit",
        "C_Digest",
        "C_DigestUpdate",
        "C_DigestFinal",
        "C_SeedRandom",
        "C_GenerateRandom",
    ),
    "encrypting": (
        "C_EncryptInit",
        "C_Encrypt",
        "C_EncryptUpdate",
        "C_EncryptFinal",
        "C_DecryptInit",
        "C_Decrypt",
        "C_DecryptUpdate",
        "C_DecryptFinal",
    ),
}


def attach(core_address: int, stamp: str, is_privileged: bool = True) -> None:
    """Fill the library's table of functions, a `struct core` at that address, and lend the core what C does.

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
    for module, names in HANDLERS.items():
        Handlers(module, names).attach()
    arithmetic.power = native.power
    lingering.keep = native.keep
    lib.fill_core(ffi.cast("void *", core_address))
