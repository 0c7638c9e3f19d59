"""Verification with public keys. Spec: PKCS#11 v3.1 5.15, 5.16; v3.2 5"""

from __future__ import annotations

from pyjpki11.boundary.entry import module
from pyjpki11.boundary.marshal import NULL, put_bytes, take_bytes, take_data
from pyjpki11.boundary.mechanism_parameters import take_mechanism
from pyjpki11.boundary.operation_calls import begins, has_room, take_in
from pyjpki11.provider.steps import (
    VERIFY_FINAL,
    VERIFY_MESSAGE,
    VERIFY_MESSAGE_BEGIN,
    VERIFY_MESSAGE_LAST,
    VERIFY_MESSAGE_NEXT,
    VERIFY_MESSAGES_FINAL,
    VERIFY_RECOVER_WHOLE,
    VERIFY_SIGNATURE_FINAL,
    VERIFY_SIGNATURE_UPDATE,
    VERIFY_SIGNATURE_WHOLE,
    VERIFY_UPDATE,
    VERIFY_WHOLE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyjpki11.provider.steps import Step
    from pyjpki11.provider.verifying import VerifyOperation

#: Bytes of the longest signature of any RSA key here.
MAX_SIGNATURE_LEN = 2048


def _begin(session_handle: int, mechanism: Any, key: int, last: Step) -> None:
    session = module().session(session_handle)
    if begins(session, mechanism, last):
        session.start_verifying(last.kind, key, *take_mechanism(mechanism))


def _finish(
    session_handle: int, step: Step, signature: Any, signature_len: int, data: Any = NULL, data_len: int = 0
) -> None:
    """Verify the signature of the data, together with the parts before it."""
    with module().session(session_handle).step(step) as verifying:
        verifying.update(take_data(data, data_len, verifying.room))
        verifying.finish(_take_signature(verifying, signature, signature_len))


def _take_signature(verifying: VerifyOperation, pointer: Any, length: int) -> bytes:
    """A signature, or as much of one that is too long as shows it."""
    room = verifying.output_len + 1
    return take_bytes(pointer, min(length, room), room)


def C_VerifyInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, VERIFY_FINAL)


def C_Verify(hSession: int, pData: Any, ulDataLen: int, pSignature: Any, ulSignatureLen: int) -> None:
    _finish(hSession, VERIFY_WHOLE, pSignature, ulSignatureLen, pData, ulDataLen)


def C_VerifyUpdate(hSession: int, pPart: Any, ulPartLen: int) -> None:
    take_in(hSession, VERIFY_UPDATE, pPart, ulPartLen)


def C_VerifyFinal(hSession: int, pSignature: Any, ulSignatureLen: int) -> None:
    _finish(hSession, VERIFY_FINAL, pSignature, ulSignatureLen)


def C_VerifyRecoverInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, VERIFY_RECOVER_WHOLE)


def C_VerifyRecover(hSession: int, pSignature: Any, ulSignatureLen: int, pData: Any, pulDataLen: Any) -> None:
    session = module().session(hSession)
    if has_room(session, VERIFY_RECOVER_WHOLE, pData, pulDataLen):
        with session.step(VERIFY_RECOVER_WHOLE) as verifying:
            signature = _take_signature(verifying, pSignature, ulSignatureLen)
            put_bytes(pData, pulDataLen, verifying.recover(signature))


def C_MessageVerifyInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    _begin(hSession, pMechanism, hKey, VERIFY_MESSAGES_FINAL)


def C_VerifyMessage(
    hSession: int,
    pParameter: Any,
    ulParameterLen: int,
    pData: Any,
    ulDataLen: int,
    pSignature: Any,
    ulSignatureLen: int,
) -> None:
    _finish(hSession, VERIFY_MESSAGE, pSignature, ulSignatureLen, pData, ulDataLen)


def C_VerifyMessageBegin(hSession: int, pParameter: Any, ulParameterLen: int) -> None:
    with module().session(hSession).step(VERIFY_MESSAGE_BEGIN) as verifying:
        verifying.begin_message()


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
        take_in(hSession, VERIFY_MESSAGE_NEXT, pData, ulDataLen)
    else:
        _finish(hSession, VERIFY_MESSAGE_LAST, pSignature, ulSignatureLen, pData, ulDataLen)


def C_MessageVerifyFinal(hSession: int) -> None:
    with module().session(hSession).step(VERIFY_MESSAGES_FINAL):
        pass  # it leads to the end


def C_VerifySignatureInit(hSession: int, pMechanism: Any, hKey: int, pSignature: Any, ulSignatureLen: int) -> None:
    session = module().session(hSession)
    if begins(session, pMechanism, VERIFY_SIGNATURE_FINAL):
        mechanism = take_mechanism(pMechanism)
        signature = take_bytes(pSignature, ulSignatureLen, MAX_SIGNATURE_LEN)
        session.start_verifying(VERIFY_SIGNATURE_FINAL.kind, hKey, *mechanism, signature)


def C_VerifySignature(hSession: int, pData: Any, ulDataLen: int) -> None:
    with module().session(hSession).step(VERIFY_SIGNATURE_WHOLE) as verifying:
        verifying.update(take_data(pData, ulDataLen, verifying.room))
        verifying.finish()


def C_VerifySignatureUpdate(hSession: int, pPart: Any, ulPartLen: int) -> None:
    take_in(hSession, VERIFY_SIGNATURE_UPDATE, pPart, ulPartLen)


def C_VerifySignatureFinal(hSession: int) -> None:
    with module().session(hSession).step(VERIFY_SIGNATURE_FINAL) as verifying:
        verifying.finish()
