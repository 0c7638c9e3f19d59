"""Signatures. Spec: PKCS#11 v3.1 5.13

A size query and a buffer that is too small leave the operation as it was; everything else ends it.
"""

from __future__ import annotations

from pyjpki11.boundary.entry import handler, module
from pyjpki11.boundary.marshal import NULL, has_room, put_bytes, require, take_bytes
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyjpki11.provider.session import Session


@handler
def C_SignInit(hSession: int, pMechanism: Any, hKey: int) -> None:
    session = module().session(hSession)
    require(pMechanism)
    has_parameter = pMechanism.pParameter != NULL or pMechanism.ulParameterLen != 0
    session.start_signing(hKey, pMechanism.mechanism, has_parameter)


@handler
def C_Sign(hSession: int, pData: Any, ulDataLen: int, pSignature: Any, pulSignatureLen: Any) -> None:
    session = module().session(hSession)
    operation = session.signing()
    if operation.is_multi_part:
        raise CryptokiError(ckr.OPERATION_ACTIVE)
    _answer(session, pSignature, pulSignatureLen, lambda: operation.sign(take_bytes(pData, ulDataLen)))


@handler
def C_SignUpdate(hSession: int, pPart: Any, ulPartLen: int) -> None:
    session = module().session(hSession)
    operation = session.signing()
    try:
        operation.update(take_bytes(pPart, ulPartLen))
    except BaseException:
        session.end_signing()
        raise


@handler
def C_SignFinal(hSession: int, pSignature: Any, pulSignatureLen: Any) -> None:
    session = module().session(hSession)
    _answer(session, pSignature, pulSignatureLen, session.signing().finish)


def _answer(session: Session, pointer: Any, length_pointer: Any, make: Callable[[], bytes]) -> None:
    """The signature, by the two-call rule."""
    if has_room(pointer, length_pointer, session.signing().signature_len):
        try:
            put_bytes(pointer, length_pointer, make())
        finally:
            session.end_signing()
