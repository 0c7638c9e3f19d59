"""Encryption with public keys; no key of the card decrypts. Spec: PKCS#11 v3.1 5.8, 5.10"""

from __future__ import annotations

from pyjpki11.boundary.entry import module
from pyjpki11.boundary.marshal import put_bytes, require, take_bytes
from pyjpki11.boundary.mechanism_parameters import take_mechanism
from pyjpki11.boundary.operation_calls import begins, has_room
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError
from pyjpki11.provider.steps import ENCRYPT_WHOLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def C_EncryptInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    session = module().session(hSession)
    if begins(session, pMechanism, ENCRYPT_WHOLE):
        session.start_encrypting(hKey, *take_mechanism(pMechanism))


def C_Encrypt(hSession: int, pData: Any, ulDataLen: int, pEncryptedData: Any, pulEncryptedDataLen: Any) -> None:
    session = module().session(hSession)
    if has_room(session, ENCRYPT_WHOLE, pEncryptedData, pulEncryptedDataLen):
        with session.step(ENCRYPT_WHOLE) as encrypting:
            encrypted = encrypting.encrypt(take_bytes(pData, ulDataLen, encrypting.room))
            put_bytes(pEncryptedData, pulEncryptedDataLen, encrypted)


def _refuse_part(session_handle: int) -> None:
    """RSA encrypts a single part; asking for parts ends the operation. Spec: PKCS#11 v3.1 6.1.6"""
    with module().session(session_handle).step(ENCRYPT_WHOLE):
        raise CryptokiError(ckr.OPERATION_NOT_INITIALIZED, "this mechanism encrypts a single part only")


def C_EncryptUpdate(hSession: int, pPart: Any, ulPartLen: int, pEncryptedPart: Any, pulEncryptedPartLen: Any) -> None:
    _refuse_part(hSession)


def C_EncryptFinal(hSession: int, pLastEncryptedPart: Any, pulLastEncryptedPartLen: Any) -> None:
    _refuse_part(hSession)


def C_DecryptInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    session = module().session(hSession)
    require(pMechanism)
    session.refuse_decrypting(hKey)


def _never_begun(session_handle: int) -> None:
    module().session(session_handle)
    raise CryptokiError(ckr.OPERATION_NOT_INITIALIZED)


def C_Decrypt(hSession: int, pEncryptedData: Any, ulEncryptedDataLen: int, pData: Any, pulDataLen: Any) -> None:
    _never_begun(hSession)


def C_DecryptUpdate(hSession: int, pEncryptedPart: Any, ulEncryptedPartLen: int, pPart: Any, pulPartLen: Any) -> None:
    _never_begun(hSession)


def C_DecryptFinal(hSession: int, pLastPart: Any, pulLastPartLen: Any) -> None:
    _never_begun(hSession)
