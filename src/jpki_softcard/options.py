"""The options of a card in text form, as PYJPKI11_READER carries them."""

import math
from typing import NamedTuple

from .apdu_log import ApduLog
from .api import open_card
from .errors import OptionError
from .link import Link, Timing


class Options(NamedTuple):
    """Everything that may be said about a software card."""

    directory: str = ""  # empty: the default directory
    fault_names: tuple[str, ...] = ()
    timing: Timing = Timing()
    apdu_log: str = ""  # path; empty: no log
    contact: bool = False
    atr: str = ""
    pins: tuple[tuple[str, str], ...] = ()  # by name, for a new card only


TIMINGS = {"latency-ms": "latency_ms", "byte-us": "byte_us", "sign-ms": "sign_ms"}
PINS = {"auth-pin": "auth", "sign-pin": "sign", "text-pin": "text"}
OTHERS = ("fault", "apdu-log", "contact", "atr")


def parse(argument: str) -> Options:
    """Read `DIRECTORY?name=value&...`; every part may be missing, nothing is percent-decoded.

    Names: fault (repeatable), latency-ms, byte-us, sign-ms, apdu-log, contact, atr;
    auth-pin, sign-pin, text-pin for a new card.
    Raises OptionError for an unknown name or a malformed number.
    """
    directory, _, query = argument.partition("?")
    options = Options(directory)
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        options = _with(options, name, value)
    return options


def attach(options: Options) -> Link:
    """Open the card the options describe, made first where there is none."""
    card = open_card(
        options.directory,
        pins=dict(options.pins),
        fault_names=options.fault_names,
        contact=options.contact,
        atr=options.atr,
    )
    return Link(card, options.timing, ApduLog(options.apdu_log) if options.apdu_log else None)


def number(name: str, text: str) -> float:
    """A time that is not negative; OptionError for anything else."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        raise OptionError(f"{name} needs a number that is not negative, not {text!r}")
    return value


def _with(options: Options, name: str, value: str) -> Options:
    if name in TIMINGS:
        return options._replace(timing=options.timing._replace(**{TIMINGS[name]: number(name, value)}))
    if name in PINS:
        return options._replace(pins=(*options.pins, (PINS[name], value)))
    if name == "fault":
        return options._replace(fault_names=(*options.fault_names, value))
    if name == "contact":
        return options._replace(contact=value not in ("0", "no"))
    if name == "apdu-log":
        return options._replace(apdu_log=value)
    if name == "atr":
        return options._replace(atr=value)
    known = ", ".join((*OTHERS, *TIMINGS, *PINS))
    raise OptionError(f"unknown option {name!r}; the options are: {known}")
