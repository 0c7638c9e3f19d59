"""The programs that are registered, and the settings file."""

from __future__ import annotations

from collections.abc import Iterator

from pyjpki11 import environment, settings
from pyjpki11.cli.diagnosis.finding import NOTE, OK, PROBLEM, WARNING, Finding
from pyjpki11.cli.language import _
from pyjpki11.cli.wording import failures, registrations
from pyjpki11.cli.wording.registrations import UNREADABLE, Standing
from pyjpki11.registration import chromium, confinement, firefox, programs

LEVELS = {programs.REGISTERED: OK, programs.OUTDATED: WARNING, programs.LIBRARY_MISSING: PROBLEM, UNREADABLE: WARNING}
BROWSERS = {"firefox": firefox, "chromium": chromium}


def examine() -> Iterator[Finding]:
    """Every registration that there is."""
    yield from _settings()
    places = [registrations.place(is_system) for is_system in (False, True)]
    found = [registrations.standing(name, place) for name in programs.PROGRAMS for place in places]
    there = [one for one in found if one.state != programs.ABSENT]
    for one in there:
        yield _finding(one)
    yield from _closed([one for one in there if one.is_system])
    if not there:
        remedy = _("Register one: pyjpki11 register PROGRAM")
        yield Finding(NOTE, "none-registered", _("No program is registered."), remedy)
    yield from _confined()


def _settings() -> Iterator[Finding]:
    _values, complaints = settings.read(environment.variables())
    for complaint in complaints:
        remedy = _(
            "Correct the settings file. An unknown setting is ignored; a syntax error makes the whole file ineffective."
        )
        yield Finding(WARNING, "settings", complaint, remedy)


def _finding(one: Standing) -> Finding:
    message = _("{program}: {standing}", program=one.program, standing=one.text())
    if one.problem:
        return Finding(LEVELS[one.state], one.state, message, failures.failure(one.problem).remedy)
    command = f"pyjpki11 register {one.program}{' --system' if one.is_system else ''}"
    remedy = "" if one.state == programs.REGISTERED else _("Register it again: {command}", command=command)
    return Finding(LEVELS[one.state], one.state, message, remedy)


def _closed(for_all: list[Standing]) -> Iterator[Finding]:
    """Whether all users can use what is registered for all."""
    closed = registrations.closed_folder(registrations.place(is_system=True))
    if for_all and closed:
        message = _("Programs are registered for all users, but other users cannot read {path}.", path=closed)
        yield Finding(WARNING, "closed", message, _("Install pyjpki11 where all users can read it."))


def _confined() -> Iterator[Finding]:
    place = registrations.place(is_system=False)
    for browser in BROWSERS.values():
        for path, code in confinement.confined_programs(place, browser.PROGRAMS, browser.FLATPAKS):
            message, remedy = registrations.REASONS[code]
            yield Finding(WARNING, code, _(message, path=path), _(remedy))
