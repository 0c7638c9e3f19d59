"""Verification with public keys. Spec: PKCS#11 v3.1 5.15, 5.16; v3.2 5"""

from __future__ import annotations

from pyjpki11.boundary.marshal import NULL, take_bytes, take_data
from pyjpki11.boundary.operations import advance, answer, begin, take_in
from pyjpki11.provider import operation

#: Bytes of the longest signature of any RSA key here.
MAX_SIGNATURE_LEN = 2048

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyjpki11.provider.inputs import Parameters
    from pyjpki11.provider.operation import Step
    from pyjpki11.provider.session import Session
    from pyjpki11.provider.verifying import VerifyOperation


def _begin(
    session: int, mechanism: Any, key: int, last: Step, signature: Callable[[], bytes] | None = None
) -> None:
    """:param signature: takes the signature, where it comes before the data."""

    def start(it: Session, number: int, parameters: Parameters) -> None:
        it.start_verifying(last.kind, key, number, parameters, signature() if signature else None)

    begin(session, mechanism, start, last)


def _finish(session: int, step: Step, signature: Any, signature_len: int, data: Any = NULL, data_len: int = 0) -> None:
    """Verify the signature of the data, together with the parts before it."""

    def work(verifying: VerifyOperation) -> None:
        verifying.update(take_data(data, data_len, verifying.room))
        verifying.finish(_take_signature(verifying, signature, signature_len))

    advance(session, step, work)


def _take_signature(verifying: VerifyOperation, pointer: Any, length: int) -> bytes:
    """A signature, or as much of one that is too long as shows it."""
    room = verifying.output_len + 1
    return take_bytes(pointer, min(length, room), room)


def C_VerifyInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, operation.VERIFY_FINAL)


def C_Verify(hSession: int, pData: Any, ulDataLen: int, pSignature: Any, ulSignatureLen: int) -> None:
    _finish(hSession, operation.VERIFY_WHOLE, pSignature, ulSignatureLen, pData, ulDataLen)


def C_VerifyUpdate(hSession: int, pPart: Any, ulPartLen: int) -> None:
    take_in(hSession, operation.VERIFY_UPDATE, pPart, ulPartLen)


def C_VerifyFinal(hSession: int, pSignature: Any, ulSignatureLen: int) -> None:
    _finish(hSession, operation.VERIFY_FINAL, pSignature, ulSignatureLen)


def C_VerifyRecoverInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, operation.VERIFY_RECOVER_WHOLE)


def C_VerifyRecover(hSession: int, pSignature: Any, ulSignatureLen: int, pData: Any, pulDataLen: Any) -> None:
    answer(
        hSession,
        operation.VERIFY_RECOVER_WHOLE,
        pData,
        pulDataLen,
        lambda verifying: verifying.recover(_take_signature(verifying, pSignature, ulSignatureLen)),
    )


def C_MessageVerifyInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, operation.VERIFY_MESSAGES_FINAL)


def C_VerifyMessage(
    hSession: int,
    pParameter: Any,
    ulParameterLen: int,
    pData: Any,
    ulDataLen: int,
    pSignature: Any,
    ulSignatureLen: int,
) -> None:
    _finish(hSession, operation.VERIFY_MESSAGE, pSignature, ulSignatureLen, pData, ulDataLen)


def C_VerifyMessageBegin(hSession: int, pParameter: Any, ulParameterLen: int) -> None:
    advance(hSession, operation.VERIFY_MESSAGE_BEGIN, lambda verifying: verifying.begin_message())


def C_VerifyMessageNext(
    hSession: int,
    pParameter: Any,
    ulParameterLen: int,
    pData: Any,
    ulDataLen: int,
    pSignature: Any,
    ulSignatureLen: int,
) -> None:
    """The last part is the one that comes with the signature."""
    if pSignature == NULL:
        take_in(hSession, operation.VERIFY_MESSAGE_NEXT, pData, ulDataLen)
    else:
        _finish(hSession, operation.VERIFY_MESSAGE_LAST, pSignature, ulSignatureLen, pData, ulDataLen)


def C_MessageVerifyFinal(hSession: int) -> None:
    advance(hSession, operation.VERIFY_MESSAGES_FINAL, lambda verifying: None)


def C_VerifySignatureInit(
    hSession: int, pMechanism: Any, hKey: int, pSignature: Any, ulSignatureLen: int
) -> None:
    _begin(
        hSession,
        pMechanism,
        hKey,
        operation.VERIFY_SIGNATURE_FINAL,
        lambda: take_bytes(pSignature, ulSignatureLen, MAX_SIGNATURE_LEN),
    )


def C_VerifySignature(hSession: int, pData: Any, ulDataLen: int) -> None:
    def work(verifying: VerifyOperation) -> None:
        verifying.update(take_data(pData, ulDataLen, verifying.room))
        verifying.finish()

    advance(hSession, operation.VERIFY_SIGNATURE_WHOLE, work)


def C_VerifySignatureUpdate(hSession: int, pPart: Any, ulPartLen: int) -> None:
    take_in(hSession, operation.VERIFY_SIGNATURE_UPDATE, pPart, ulPartLen)


def C_VerifySignatureFinal(hSession: int) -> None:
    advance(hSession, operation.VERIFY_SIGNATURE_FINAL, lambda verifying: verifying.finish())
