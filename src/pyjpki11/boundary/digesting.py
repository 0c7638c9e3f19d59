"""Hashes and random numbers. Spec: PKCS#11 v3.1 5.12, 5.19"""

from __future__ import annotations

from posix import urandom

from pyjpki11.boundary._cffi import ffi
from pyjpki11.boundary.entry import module
from pyjpki11.boundary.marshal import put_bytes, require, take_data
from pyjpki11.boundary.mechanism_parameters import take_mechanism
from pyjpki11.boundary.operation_calls import begins, has_room, take_in
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError
from pyjpki11.provider.steps import DIGEST_FINAL, DIGEST_UPDATE, DIGEST_WHOLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: More random bytes than a program needs in one call.
MAX_RANDOM_LEN = 16 * 1024 * 1024


def C_DigestInit(hSession: int, pMechanism: Any) -> None:
    session = module().session(hSession)
    if begins(session, pMechanism, DIGEST_FINAL):
        session.start_digest(*take_mechanism(pMechanism))


def C_Digest(hSession: int, pData: Any, ulDataLen: int, pDigest: Any, pulDigestLen: Any) -> None:
    session = module().session(hSession)
    if has_room(session, DIGEST_WHOLE, pDigest, pulDigestLen):
        with session.step(DIGEST_WHOLE) as digesting:
            put_bytes(pDigest, pulDigestLen, digesting.digest(take_data(pData, ulDataLen, digesting.room)))


def C_DigestUpdate(hSession: int, pPart: Any, ulPartLen: int) -> None:
    take_in(hSession, DIGEST_UPDATE, pPart, ulPartLen)


def C_DigestFinal(hSession: int, pDigest: Any, pulDigestLen: Any) -> None:
    session = module().session(hSession)
    if has_room(session, DIGEST_FINAL, pDigest, pulDigestLen):
        with session.step(DIGEST_FINAL) as digesting:
            put_bytes(pDigest, pulDigestLen, digesting.finish())


def C_SeedRandom(hSession: int, pSeed: Any, ulSeedLen: int) -> None:
    module().session(hSession)
    raise CryptokiError(ckr.RANDOM_SEED_NOT_SUPPORTED)


def C_GenerateRandom(hSession: int, RandomData: Any, ulRandomLen: int) -> None:
    """From the system: hosts ask for some at every insertion, and should not wait for a card."""
    module().session(hSession)
    if ulRandomLen:
        require(RandomData)
    if ulRandomLen > MAX_RANDOM_LEN:
        raise CryptokiError(ckr.ARGUMENTS_BAD)
    ffi.memmove(RandomData, urandom(ulRandomLen), ulRandomLen)
