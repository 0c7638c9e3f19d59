"""Signatures by the card. Spec: PKCS#11 v3.1 5.13, 5.14"""

from __future__ import annotations

from pyjpki11.boundary.entry import module
from pyjpki11.boundary.marshal import NULL, put_bytes, take_data
from pyjpki11.boundary.mechanism_parameters import take_mechanism
from pyjpki11.boundary.operation_calls import begins, has_room, take_in
from pyjpki11.provider.steps import (
    SIGN_FINAL,
    SIGN_MESSAGE,
    SIGN_MESSAGE_BEGIN,
    SIGN_MESSAGE_LAST,
    SIGN_MESSAGE_NEXT,
    SIGN_MESSAGES_FINAL,
    SIGN_RECOVER_WHOLE,
    SIGN_UPDATE,
    SIGN_WHOLE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyjpki11.provider.steps import Step


def _begin(session_handle: int, mechanism: Any, key: int, last: Step) -> None:
    session = module().session(session_handle)
    if begins(session, mechanism, last):
        session.start_signing(last.kind, key, *take_mechanism(mechanism))


def _sign(session_handle: int, step: Step, data: Any, data_len: int, signature: Any, signature_len: Any) -> None:
    """Sign the data, together with the parts before it."""
    session = module().session(session_handle)
    if has_room(session, step, signature, signature_len):
        with session.step(step) as signing:
            put_bytes(signature, signature_len, signing.sign(take_data(data, data_len, signing.room)))


def C_SignInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, SIGN_FINAL)


def C_Sign(hSession: int, pData: Any, ulDataLen: int, pSignature: Any, pulSignatureLen: Any) -> None:
    _sign(hSession, SIGN_WHOLE, pData, ulDataLen, pSignature, pulSignatureLen)


def C_SignUpdate(hSession: int, pPart: Any, ulPartLen: int) -> None:
    take_in(hSession, SIGN_UPDATE, pPart, ulPartLen)


def C_SignFinal(hSession: int, pSignature: Any, pulSignatureLen: Any) -> None:
    session = module().session(hSession)
    if has_room(session, SIGN_FINAL, pSignature, pulSignatureLen):
        with session.step(SIGN_FINAL) as signing:
            put_bytes(pSignature, pulSignatureLen, signing.finish())


def C_SignRecoverInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, SIGN_RECOVER_WHOLE)


def C_SignRecover(hSession: int, pData: Any, ulDataLen: int, pSignature: Any, pulSignatureLen: Any) -> None:
    _sign(hSession, SIGN_RECOVER_WHOLE, pData, ulDataLen, pSignature, pulSignatureLen)


def C_MessageSignInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, SIGN_MESSAGES_FINAL)


def C_SignMessage(
    hSession: int,
    pParameter: Any,
    ulParameterLen: int,
    pData: Any,
    ulDataLen: int,
    pSignature: Any,
    pulSignatureLen: Any,
) -> None:
    _sign(hSession, SIGN_MESSAGE, pData, ulDataLen, pSignature, pulSignatureLen)


def C_SignMessageBegin(hSession: int, pParameter: Any, ulParameterLen: int) -> None:
    with module().session(hSession).step(SIGN_MESSAGE_BEGIN) as signing:
        signing.begin_message()


def C_SignMessageNext(
    hSession: int,
    pParameter: Any,
    ulParameterLen: int,
    pData: Any,
    ulDataLen: int,
    pSignature: Any,
    pulSignatureLen: Any,
) -> None:
    """The last part is the one that comes with a place for the signature."""
    if pulSignatureLen == NULL:
        take_in(hSession, SIGN_MESSAGE_NEXT, pData, ulDataLen)
    else:
        _sign(hSession, SIGN_MESSAGE_LAST, pData, ulDataLen, pSignature, pulSignatureLen)


def C_MessageSignFinal(hSession: int) -> None:
    with module().session(hSession).step(SIGN_MESSAGES_FINAL):
        pass  # it leads to the end
