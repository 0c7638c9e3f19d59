"""Sessions and logins. Spec: PKCS#11 v3.1 5.6"""

from __future__ import annotations

from pyjpki11.boundary.entry import module
from pyjpki11.boundary.marshal import NULL, require, take_pin
from pyjpki11.card.pin import wipe
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def C_OpenSession(slotID: int, flags: int, pApplication: Any, Notify: Any, phSession: Any) -> None:
    state = module()
    state.reader_slots(slotID)
    require(phSession)
    phSession[0] = state.open_session(slotID, flags)


def C_CloseSession(hSession: int) -> None:
    module().close_session(hSession)


def C_CloseAllSessions(slotID: int) -> None:
    module().close_all_sessions(slotID)


def C_GetSessionInfo(hSession: int, pInfo: Any) -> None:
    session = module().present_session(hSession)
    require(pInfo)
    pInfo.slotID = session.slot_id
    pInfo.state = session.state
    pInfo.flags = session.flags
    pInfo.ulDeviceError = 0


def C_SessionCancel(hSession: int, flags: int) -> None:
    module().session(hSession).cancel(flags)


def C_GetSessionValidationFlags(hSession: int, type: int, pFlags: Any) -> None:
    """The card validates nothing, so no flag is ever set. Spec: PKCS#11 v3.2 5"""
    module().session(hSession)
    require(pFlags)
    pFlags[0] = 0


def C_Login(hSession: int, userType: int, pPin: Any, ulPinLen: int) -> None:
    session = module().session(hSession)
    pin = take_pin(pPin, ulPinLen)
    try:
        session.login(userType, pin)
    finally:
        wipe(pin)


def C_LoginUser(hSession: int, userType: int, pPin: Any, ulPinLen: int, pUsername: Any, ulUsernameLen: int) -> None:
    """The card has one user, who has no name. Spec: PKCS#11 v3.1 5.6.9"""
    if pUsername != NULL and ulUsernameLen:
        module().session(hSession)
        raise CryptokiError(ckr.ARGUMENTS_BAD, "the card knows no user names")
    C_Login(hSession, userType, pPin, ulPinLen)


def C_SetPIN(hSession: int, pOldPin: Any, ulOldLen: int, pNewPin: Any, ulNewLen: int) -> None:
    session = module().session(hSession)
    old = take_pin(pOldPin, ulOldLen)
    try:
        new = take_pin(pNewPin, ulNewLen)
        try:
            session.change_pin(old, new)
        finally:
            wipe(new)
    finally:
        wipe(old)


def C_Logout(hSession: int) -> None:
    module().logout(hSession)
