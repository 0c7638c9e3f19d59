"""Sessions and logins. Spec: PKCS#11 v3.1 5.6"""

from __future__ import annotations

from pyjpki11.boundary.entry import handler, module
from pyjpki11.boundary.marshal import require, take_pin
from pyjpki11.card.pin import wipe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@handler
def C_OpenSession(slotID: int, flags: int, pApplication: Any, Notify: Any, phSession: Any) -> None:
    state = module()
    state.port(slotID)
    require(phSession)
    phSession[0] = state.open_session(slotID, flags)


@handler
def C_CloseSession(hSession: int) -> None:
    module().close_session(hSession)


@handler
def C_CloseAllSessions(slotID: int) -> None:
    module().close_all_sessions(slotID)


@handler
def C_GetSessionInfo(hSession: int, pInfo: Any) -> None:
    session = module().present_session(hSession)
    require(pInfo)
    pInfo.slotID = session.slot_id
    pInfo.state = session.state
    pInfo.flags = session.flags
    pInfo.ulDeviceError = 0


@handler
def C_Login(hSession: int, userType: int, pPin: Any, ulPinLen: int) -> None:
    session = module().session(hSession)
    pin = take_pin(pPin, ulPinLen)
    try:
        session.login(userType, pin)
    finally:
        wipe(pin)


@handler
def C_Logout(hSession: int) -> None:
    module().logout(hSession)
