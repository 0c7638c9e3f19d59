"""What every exception means to a PKCS#11 caller."""

from __future__ import annotations

from pyjpki11 import errors, log
from pyjpki11.cryptoki import ckr, names

#: The nearest class in an exception's ancestry decides.
CKR_OF: dict[type[BaseException], int] = {
    errors.JpkiError: ckr.GENERAL_ERROR,
    errors.ServiceUnavailable: ckr.DEVICE_ERROR,
    errors.KeptOut: ckr.DEVICE_ERROR,
    errors.ReaderGone: ckr.DEVICE_REMOVED,
    errors.ReaderBusy: ckr.DEVICE_ERROR,
    errors.CardAbsent: ckr.TOKEN_NOT_PRESENT,
    errors.CardRemoved: ckr.DEVICE_REMOVED,
    errors.CardDisturbed: ckr.DEVICE_ERROR,
    errors.CardMute: ckr.DEVICE_ERROR,
    errors.CardNotRecognized: ckr.TOKEN_NOT_RECOGNIZED,
    errors.BadCardData: ckr.DEVICE_ERROR,
    errors.WrongSignature: ckr.DEVICE_ERROR,
    errors.StatusWordError: ckr.DEVICE_ERROR,
    errors.PssUnknown: ckr.DEVICE_ERROR,
    errors.SecurityStatusNotSatisfied: ckr.USER_NOT_LOGGED_IN,
    errors.PinError: ckr.PIN_INCORRECT,
    errors.PinFormError: ckr.PIN_INVALID,
    errors.PinLengthOutOfRange: ckr.PIN_LEN_RANGE,
    errors.PinHasInvalidCharacters: ckr.PIN_INVALID,
    errors.PinRejected: ckr.PIN_INCORRECT,
    errors.PinBlocked: ckr.PIN_LOCKED,
    MemoryError: ckr.HOST_MEMORY,
}


def ckr_of(error: BaseException) -> int:
    """The CKR_ number to return; an unexpected exception is logged with its traceback."""
    if isinstance(error, errors.CryptokiError):
        return error.rv
    for ancestor in type(error).__mro__:
        if ancestor in CKR_OF:
            return CKR_OF[ancestor]
    _log_traceback(error)
    return ckr.GENERAL_ERROR


def explain(function: str, error: BaseException, rv: int) -> str:
    """The log's line about a call that failed."""
    return f"{function}: {names.name_of(ckr, rv)}: {error}"


def _log_traceback(error: BaseException) -> None:
    import traceback  # only here: it is slow to import

    log.error("".join(traceback.format_exception(error)))
