"""Mechanisms with their parameters, from C's memory."""

from __future__ import annotations

from pyjpki11.boundary._cffi import ffi
from pyjpki11.boundary.marshal import NULL, require, take_bytes
from pyjpki11.cryptoki import ckm, ckr
from pyjpki11.cryptoki.mechanisms import HASHES, MECHANISMS, MGF_HASHES, OaepParameters, PssParameters
from pyjpki11.errors import CryptokiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyjpki11.provider.message_operation import Parameters

#: No label (0) or one that is given (CKZ_DATA_SPECIFIED). Spec: PKCS#11 v3.1 6.1.7
OAEP_SOURCES = (0, 1)
MAX_LABEL_LEN = 64 * 1024


def take_mechanism(pointer: Any) -> tuple[int, Parameters]:
    """Number and parameters of a CK_MECHANISM.

    :raises CryptokiError: MECHANISM_PARAM_INVALID, the parameter has another size or names something unknown.
    """
    require(pointer)
    read = _PARAMETERS.get(pointer.mechanism)
    if pointer.mechanism in MECHANISMS and (read is None) != (pointer.pParameter == NULL):
        raise CryptokiError(ckr.MECHANISM_PARAM_INVALID)
    if read is None:
        return pointer.mechanism, None
    ctype, make = read
    if pointer.ulParameterLen != ffi.sizeof(ctype):
        raise CryptokiError(ckr.MECHANISM_PARAM_INVALID)
    try:
        return pointer.mechanism, make(ffi.cast(f"{ctype} *", pointer.pParameter))
    except KeyError:
        raise CryptokiError(ckr.MECHANISM_PARAM_INVALID, "unknown hash or mask generation function") from None


def _take_pss(parameters: Any) -> PssParameters:
    return PssParameters(HASHES[parameters.hashAlg], MGF_HASHES[parameters.mgf], parameters.sLen)


def _take_oaep(parameters: Any) -> OaepParameters:
    if parameters.source not in OAEP_SOURCES or parameters.ulSourceDataLen > MAX_LABEL_LEN:
        raise CryptokiError(ckr.MECHANISM_PARAM_INVALID)
    label = take_bytes(parameters.pSourceData, parameters.ulSourceDataLen, MAX_LABEL_LEN)
    return OaepParameters(HASHES[parameters.hashAlg], MGF_HASHES[parameters.mgf], label)


#: Mechanism -> C type of its parameter, reader.
_PARAMETERS: dict[int, tuple[str, Callable[[Any], Parameters]]] = {
    ckm.RSA_PKCS_PSS: ("CK_RSA_PKCS_PSS_PARAMS", _take_pss),
    ckm.SHA256_RSA_PKCS_PSS: ("CK_RSA_PKCS_PSS_PARAMS", _take_pss),
    ckm.RSA_PKCS_OAEP: ("CK_RSA_PKCS_OAEP_PARAMS", _take_oaep),
}
