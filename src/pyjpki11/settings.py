"""The settings: what a user may change, read once at C_Initialize."""

from __future__ import annotations

import posix

from pyjpki11 import host_program, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Table = Mapping[str, object]

MAX_TIMEOUT_S = 600
MAX_FILE_LEN = 256 * 1024  # bytes; far more than all settings need
CONSENT_EACH_SIGNATURE = "each-signature"
CONSENT_EACH_LOGIN = "each-login"
LOGOUT_CLEARS_CARD = "clear"
LOGOUT_KEEPS_CARD = "keep"
#: The slots of a reader, in the order of their ids.
SLOTS = ("authentication", "signature")
#: The key under which the file has a table for each program.
PROGRAM = "program"


class Settings:
    """The values in force; each has its default here."""

    __slots__ = (
        "card_timeout", "certificate_cache", "log", "log_level", "logout", "reader", "signature_consent", "slots",
    )  # fmt: skip

    def __init__(self, is_browser: bool = False) -> None:
        self.reader = "pcsc"
        #: How often the signature password is asked for. Design: decision 7
        self.signature_consent = CONSENT_EACH_SIGNATURE
        #: Whether a logout also ends the login on the card. Design: decision 6
        self.logout = LOGOUT_CLEARS_CARD
        #: Seconds after which a card that does not answer is given up. Design: decision 15
        self.card_timeout: float = 20
        #: Whether public certificates are kept for the next time. Design: decision 9
        self.certificate_cache = True
        self.log: str | None = None
        self.log_level: str | None = None
        #: The slots that are offered. Browsers ask for the PIN of every one. Design: decision 4
        self.slots: tuple[str, ...] | list[str] = SLOTS[:1] if is_browser else SLOTS


def _one_of(*choices: str) -> Callable[[object], bool]:
    return lambda value: value in choices


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_timeout(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_TIMEOUT_S


def _is_switch(value: object) -> bool:
    return isinstance(value, bool)


def _is_level(value: object) -> bool:
    return isinstance(value, str) and value.upper() in log.NAMES


def _is_choice_of_slots(value: object) -> bool:
    return isinstance(value, list) and value != [] and all(each in SLOTS and value.count(each) == 1 for each in value)


#: Key of the settings file -> what its value must satisfy, and that in words.
CHECKS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "reader": (_is_text, "a reader driver's name"),
    "signature_consent": (_one_of(CONSENT_EACH_SIGNATURE, CONSENT_EACH_LOGIN), '"each-signature" or "each-login"'),
    "logout": (_one_of(LOGOUT_CLEARS_CARD, LOGOUT_KEEPS_CARD), '"clear" or "keep"'),
    "card_timeout": (_is_timeout, f"a number of seconds above 0, at most {MAX_TIMEOUT_S}"),
    "certificate_cache": (_is_switch, "true or false"),
    "log": (_is_text, '"stderr" or a file'),
    "log_level": (_is_level, '"error", "warning", "info" or "debug"'),
    "slots": (_is_choice_of_slots, 'a list of "authentication", "signature" or both'),
}

#: Environment variable -> key; the environment wins over the file.
VARIABLES = {
    "PYJPKI11_READER": "reader",
    "PYJPKI11_LOG": "log",
    "PYJPKI11_LOG_LEVEL": "log_level",
}


def load(environment: Mapping[str, str], programs: tuple[str, ...] = ()) -> Settings:
    """The settings in force for a program of these names; the log is set up by them, and has what is wrong in it."""
    settings, complaints = read(environment, programs)
    log.configure(settings.log, settings.log_level)
    for complaint in complaints:
        log.warning(complaint)
    return settings


def read(environment: Mapping[str, str], programs: tuple[str, ...] = ()) -> tuple[Settings, list[str]]:
    """The settings in force for a program of these names, the widest first, and what is wrong in the file or with it.

    The environment wins over the section of the program, that over the rest of the file, that over the defaults.
    A file, section or line that cannot be used changes nothing: the defaults are the safe ones. Nor does a file that
    others may have written.
    """
    settings = Settings(host_program.is_browser(programs))
    complaints: list[str] = []
    for key, value in _in_force(file_path(environment), programs, complaints):
        setattr(settings, key, value)
    for variable, key in VARIABLES.items():
        if environment.get(variable):
            setattr(settings, key, environment[variable])
    complaints += _log_complaints(settings.log)
    return settings, complaints


def _log_complaints(target: str | None) -> Iterator[str]:
    """A log that cannot be written does not say so itself; `pyjpki11 doctor` does."""
    if not target or target == log.STDERR:
        return
    from pyjpki11 import trusted_files  # only here, too

    try:
        trusted_files.require_appendable(target)
    except (OSError, ValueError) as error:
        yield f"log = {target!r} is not written: {error}"


def file_path(environment: Mapping[str, str]) -> str:
    """Where the settings file is, or would be; empty where the environment does not even name a home."""
    if environment.get("PYJPKI11_CONFIG"):
        return environment["PYJPKI11_CONFIG"]
    base = environment.get("XDG_CONFIG_HOME") or (environment["HOME"] + "/.config" if environment.get("HOME") else "")
    return f"{base}/pyjpki11/config.toml" if base else ""


def _in_force(path: str, programs: tuple[str, ...], complaints: list[str]) -> Iterator[tuple[str, object]]:
    """The good lines that concern the program, those that win last. All others are checked as well."""
    general = dict(_parse(path, complaints))
    sections = general.pop(PROGRAM, {})
    if not isinstance(sections, dict):
        complaints.append(f"{path}: {PROGRAM} = {sections!r} is ignored: it takes sections [{PROGRAM}.NAME]")
        sections = {}
    yield from _good_lines(general, f"{path}: ", complaints)
    good = {name: _section(name, section, path, complaints) for name, section in sections.items()}
    for name in programs:
        yield from good.get(name, ())


def _section(name: str, section: object, path: str, complaints: list[str]) -> list[tuple[str, object]]:
    if isinstance(section, dict):
        return list(_good_lines(section, f"{path}: [{PROGRAM}.{name}] ", complaints))
    complaints.append(f"{path}: {PROGRAM}.{name} = {section!r} is ignored: it takes a section [{PROGRAM}.{name}]")
    return []


def _good_lines(table: Table, place: str, complaints: list[str]) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if key not in CHECKS:
            complaints.append(f"{place}{key} is ignored: there is no such setting, only {', '.join(CHECKS)}")
        elif not CHECKS[key][0](value):
            complaints.append(f"{place}{key} = {value!r} is ignored: it takes {CHECKS[key][1]}")
        else:
            yield key, value


def _parse(path: str, complaints: list[str]) -> Table:
    if not path:
        return {}
    try:
        posix.lstat(path)
        import tomllib  # only here: most users have no such file, and it is slow to import

        from pyjpki11 import trusted_files

        content = trusted_files.read(path, MAX_FILE_LEN)
        return tomllib.loads(content.decode())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        complaints.append(f"{path} is ignored: {error}")
        return {}
