"""The PC/SC service, whether this user may use it, and its readers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from pyjpki11 import environment, settings
from pyjpki11.cli.card.cards import Readers
from pyjpki11.cli.diagnosis import virtual_reader
from pyjpki11.cli.diagnosis.finding import NOTE, OK, PROBLEM, Finding
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import exits
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.wording import failures
from pyjpki11.errors import KeptOut, ServiceUnavailable

#: Where pcscd is, which a user's PATH need not name.
SYSTEM_FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin"


def examine(readers: Readers) -> Iterator[Finding]:
    """The service and its readers."""
    chosen = settings.load(environment.variables()).reader
    if chosen != "pcsc":
        message = _("According to the settings, cards are read from '{reader}'.", reader=chosen)
        yield Finding(NOTE, "other-driver", message)
    try:
        names = readers.names()
    except ServiceUnavailable as error:
        yield _service_problem(error)
        return
    except ToolError as error:
        if chosen == "pcsc":
            yield _running()
        yield Finding(PROBLEM, error.code, error.message, _no_reader_remedy(error), error.exit_status)
        return
    if chosen == "pcsc":
        yield _running()
        yield from virtual_reader.examine()
    for name in names:
        yield Finding(OK, "reader", _("Card reader: {name}", name=name))


def _running() -> Finding:
    return Finding(OK, "service", _("The PC/SC service is running, and you may use it."))


def _service_problem(error: ServiceUnavailable) -> Finding:
    if isinstance(error, KeptOut):
        message = _("You are not allowed to use the PC/SC service: polkit has no rule that allows it.")
        remedy = _(
            "A rule below /etc/polkit-1/rules.d has to allow org.debian.pcsc-lite.access_pcsc and "
            "org.debian.pcsc-lite.access_card. Without a rule, only users logged in at this computer can use cards, "
            "not users connected over ssh."
        )
        return Finding(PROBLEM, "kept-out", message, remedy, exits.NO_READER)
    if shutil.which("pcscd", path=f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}") is None:
        message, remedy = _("The PC/SC service is not installed."), _("Install it: sudo apt install pcscd")
        return Finding(PROBLEM, "no-pcscd", message, remedy, exits.NO_READER)
    failure = failures.failure(error)
    message = f"{failure.message} ({failure.detail})"
    remedy = _("Start it: sudo systemctl enable --now pcscd.socket")
    return Finding(PROBLEM, failure.code, message, remedy, exits.NO_READER)


def _no_reader_remedy(error: ToolError) -> str:
    """For a reader that is plugged in, and yet not there."""
    if error.code != "no-reader":
        return error.remedy
    return " ".join((error.remedy, _(
        "Most readers need the driver in the package libccid. The kernel's own driver may be using a contactless "
        "reader: sudo rmmod port100 pn533_usb"
    )))  # fmt: skip
