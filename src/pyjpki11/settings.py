"""The settings: what a user may change, read once at C_Initialize."""

from __future__ import annotations

import os

from pyjpki11 import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_TIMEOUT_S = 600
CONSENT_EACH_SIGNATURE = "each-signature"
CONSENT_EACH_LOGIN = "each-login"
LOGOUT_CLEARS_CARD = "clear"
LOGOUT_KEEPS_CARD = "keep"


class Settings:
    """The values in force; each has its default here."""

    __slots__ = ("card_timeout", "log", "log_level", "logout", "reader", "signature_consent")

    def __init__(self) -> None:
        self.reader = "pcsc"
        #: How often the signature password is asked for. Design: decision 7
        self.signature_consent = CONSENT_EACH_SIGNATURE
        #: Whether a logout also ends the login on the card. Design: decision 6
        self.logout = LOGOUT_CLEARS_CARD
        #: Seconds after which a card that does not answer is given up. Design: decision 8
        self.card_timeout: float = 20
        self.log: str | None = None
        self.log_level: str | None = None


def _one_of(*choices: str) -> Callable[[object], bool]:
    return lambda value: value in choices


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_timeout(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_TIMEOUT_S


#: Key of the settings file -> what its value must satisfy.
CHECKS: Mapping[str, Callable[[object], bool]] = {
    "reader": _is_text,
    "signature_consent": _one_of(CONSENT_EACH_SIGNATURE, CONSENT_EACH_LOGIN),
    "logout": _one_of(LOGOUT_CLEARS_CARD, LOGOUT_KEEPS_CARD),
    "card_timeout": _is_timeout,
    "log": _is_text,
    "log_level": lambda value: isinstance(value, str) and value.upper() in log.NAMES,
}

#: Environment variable -> key; the environment wins over the file.
VARIABLES = {
    "PYJPKI11_READER": "reader",
    "PYJPKI11_LOG": "log",
    "PYJPKI11_LOG_LEVEL": "log_level",
}


def load(environment: Mapping[str, str]) -> Settings:
    """The settings from the file that the environment names, overridden by the environment.

    A file that cannot be used leaves the defaults, which are the safe ones, and a line in the log.
    """
    settings = Settings()
    complaints: list[str] = []
    path = file_path(environment)
    for key, value in _read(path, complaints).items():
        check = CHECKS.get(key)
        if check is None or not check(value):
            complaints.append(f"{path}: {key} = {value!r} is ignored: no such setting, or no such value for it")
        else:
            setattr(settings, key, value)
    for variable, key in VARIABLES.items():
        if environment.get(variable):
            setattr(settings, key, environment[variable])
    log.configure(settings.log, settings.log_level)
    for complaint in complaints:
        log.warning(complaint)
    return settings


def file_path(environment: Mapping[str, str]) -> str:
    """Where the settings file is, or would be; empty where the environment does not even name a home."""
    if environment.get("PYJPKI11_CONFIG"):
        return environment["PYJPKI11_CONFIG"]
    base = environment.get("XDG_CONFIG_HOME") or (
        environment["HOME"] + "/.config" if environment.get("HOME") else ""
    )
    return f"{base}/pyjpki11/config.toml" if base else ""


def _read(path: str, complaints: list[str]) -> Mapping[str, object]:
    if not path or not os.path.exists(path):
        return {}
    import tomllib  # only here: most users have no such file, and it is slow to import

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:
        complaints.append(f"{path} is ignored: {error}")
        return {}
