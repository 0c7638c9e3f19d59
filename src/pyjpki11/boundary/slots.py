"""Slots and tokens. Spec: PKCS#11 v3.1 5.5"""

from __future__ import annotations

from pyjpki11.boundary.entry import module
from pyjpki11.boundary.marshal import NULL, put_numbers, put_text, put_version, require
from pyjpki11.cryptoki import ck, ckf, ckr
from pyjpki11.errors import CryptokiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyjpki11.provider.token import Token

#: Write-protected, for nothing can be put on the card; a read-write session may still be opened, since its PIN can
#: be changed and most clients open no other. Spec: PKCS#11 v3.1 3.2.3
TOKEN_FLAGS = ckf.RNG | ckf.WRITE_PROTECTED | ckf.TOKEN_INITIALIZED | ckf.LOGIN_REQUIRED | ckf.USER_PIN_INITIALIZED
UTC_TIME_LEN = 16


def C_GetSlotList(tokenPresent: int, pSlotList: Any, pulCount: Any) -> None:
    state = module()
    require(pulCount)
    if pSlotList == NULL:
        state.refresh_readers()  # only here, or the list could outgrow the room just asked for
    put_numbers(pSlotList, pulCount, state.slot_ids(bool(tokenPresent)))


def C_GetSlotInfo(slotID: int, pInfo: Any) -> None:
    slots = module().reader_slots(slotID)
    require(pInfo)
    put_text(pInfo.slotDescription, slots.reader)
    put_text(pInfo.manufacturerID, "")
    pInfo.flags = ckf.REMOVABLE_DEVICE | ckf.HW_SLOT | (ckf.TOKEN_PRESENT if slots.has_token() else 0)
    put_version(pInfo.hardwareVersion, (0, 0))
    put_version(pInfo.firmwareVersion, (0, 0))


def C_GetTokenInfo(slotID: int, pInfo: Any) -> None:
    state = module()
    token = state.token(slotID)
    require(pInfo)
    _put_texts(pInfo, token)
    pInfo.flags = TOKEN_FLAGS | token.login.pin_flags()
    pInfo.ulMaxSessionCount = pInfo.ulMaxRwSessionCount = ck.EFFECTIVELY_INFINITE
    pInfo.ulSessionCount, pInfo.ulRwSessionCount = state.count_sessions(token)
    pInfo.ulMaxPinLen = token.key.pin_rule.max_len
    pInfo.ulMinPinLen = token.key.pin_rule.min_len
    pInfo.ulTotalPublicMemory = pInfo.ulFreePublicMemory = ck.UNAVAILABLE_INFORMATION
    pInfo.ulTotalPrivateMemory = pInfo.ulFreePrivateMemory = ck.UNAVAILABLE_INFORMATION
    put_version(pInfo.hardwareVersion, (0, 0))
    put_version(pInfo.firmwareVersion, (0, 0))
    put_text(pInfo.utcTime, "0" * UTC_TIME_LEN)


def _put_texts(info: Any, token: Token) -> None:
    put_text(info.label, token.layout.label)
    put_text(info.manufacturerID, token.facts.manufacturer())
    put_text(info.model, token.facts.model())
    put_text(info.serialNumber, token.facts.serial_number())


def C_WaitForSlotEvent(flags: int, pSlot: Any, pReserved: Any) -> None:
    state = module()
    if pReserved != NULL:
        raise CryptokiError(ckr.ARGUMENTS_BAD)
    require(pSlot)
    pSlot[0] = state.wait_for_slot_event(is_blocking=not flags & ckf.DONT_BLOCK)


def C_GetMechanismList(slotID: int, pMechanismList: Any, pulCount: Any) -> None:
    token = module().token(slotID)
    require(pulCount)
    put_numbers(pMechanismList, pulCount, list(token.facts.mechanisms()))


def C_GetMechanismInfo(slotID: int, type: int, pInfo: Any) -> None:
    token = module().token(slotID)
    require(pInfo)
    mechanism = token.facts.mechanisms().get(type)
    if mechanism is None:
        raise CryptokiError(ckr.MECHANISM_INVALID)
    pInfo.ulMinKeySize = mechanism.min_bits
    pInfo.ulMaxKeySize = mechanism.max_bits
    pInfo.flags = mechanism.flags
