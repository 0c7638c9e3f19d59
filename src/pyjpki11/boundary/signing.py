"""Signatures by the card. Spec: PKCS#11 v3.1 5.13, 5.14"""

from __future__ import annotations

from pyjpki11.boundary.marshal import NULL, take_data
from pyjpki11.boundary.operations import advance, answer, begin, take_in
from pyjpki11.provider import operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyjpki11.provider.operation import Step


def _begin(session: int, mechanism: Any, key: int, last: Step) -> None:
    begin(session, mechanism, lambda it, *chosen: it.start_signing(last.kind, key, *chosen), last)


def _sign(session: int, step: Step, data: Any, data_len: int, signature: Any, signature_len: Any) -> None:
    """Sign the data, together with the parts before it."""
    answer(
        session,
        step,
        signature,
        signature_len,
        lambda signing: signing.sign(take_data(data, data_len, signing.room)),
    )


def C_SignInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, operation.SIGN_FINAL)


def C_Sign(hSession: int, pData: Any, ulDataLen: int, pSignature: Any, pulSignatureLen: Any) -> None:
    _sign(hSession, operation.SIGN_WHOLE, pData, ulDataLen, pSignature, pulSignatureLen)


def C_SignUpdate(hSession: int, pPart: Any, ulPartLen: int) -> None:
    take_in(hSession, operation.SIGN_UPDATE, pPart, ulPartLen)


def C_SignFinal(hSession: int, pSignature: Any, pulSignatureLen: Any) -> None:
    answer(hSession, operation.SIGN_FINAL, pSignature, pulSignatureLen, lambda signing: signing.finish())


def C_SignRecoverInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, operation.SIGN_RECOVER_WHOLE)


def C_SignRecover(hSession: int, pData: Any, ulDataLen: int, pSignature: Any, pulSignatureLen: Any) -> None:
    _sign(hSession, operation.SIGN_RECOVER_WHOLE, pData, ulDataLen, pSignature, pulSignatureLen)


def C_MessageSignInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, operation.SIGN_MESSAGES_FINAL)


def C_SignMessage(
    hSession: int,
    pParameter: Any,
    ulParameterLen: int,
    pData: Any,
    ulDataLen: int,
    pSignature: Any,
    pulSignatureLen: Any,
) -> None:
    _sign(hSession, operation.SIGN_MESSAGE, pData, ulDataLen, pSignature, pulSignatureLen)


def C_SignMessageBegin(hSession: int, pParameter: Any, ulParameterLen: int) -> None:
    advance(hSession, operation.SIGN_MESSAGE_BEGIN, lambda signing: signing.begin_message())


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
        take_in(hSession, operation.SIGN_MESSAGE_NEXT, pData, ulDataLen)
    else:
        _sign(hSession, operation.SIGN_MESSAGE_LAST, pData, ulDataLen, pSignature, pulSignatureLen)


def C_MessageSignFinal(hSession: int) -> None:
    advance(hSession, operation.SIGN_MESSAGES_FINAL, lambda signing: None)
