"""`pyjpki11 softcard`: a software My Number card, put into a virtual reader, or made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import click

from pyjpki11.card.pin import normalize
from pyjpki11.cli.keys import PINS
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal import columns, exits, output, progress
from pyjpki11.cli.terminal.click_help import group
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.terminal.options import Options, json_option
from pyjpki11.cli.wording import dates, pin_form, validity
from pyjpki11.errors import PinFormError

if TYPE_CHECKING:
    from jpki_softcard.issuing.person import Person

#: Option of the run -> metavar, default, help; those without a default may be given often or not at all.
SETTINGS = {
    "--vpcd": ("HOST:PORT", "127.0.0.1:35963", N_("The address on which vpcd listens.")),
    "--state": ("DIR", "", N_("The folder with the card's contents; default: $XDG_STATE_HOME/jpki-softcard.")),
    "--atr": ("HEX", "", N_("The answer to reset, in hex or by name: {names}.")),
    "--latency-ms": ("X", "0", N_("Duration of each command, in milliseconds.")),
    "--byte-us": ("X", "0", N_("Duration of each byte, in microseconds.")),
    "--sign-ms": ("X", "0", N_("Duration of each signature, in milliseconds.")),
    "--apdu-log": ("FILE", "", N_("Append the exchanges to FILE, with PINs masked.")),
}
#: PIN of a new card -> its files and form. They are public: such a card belongs to no real person.
#: Card: notes 6.3
SEXES = {"male": "1", "female": "2", "unknown": "3"}


def _run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    from jpki_softcard.rules import ATRS  # only here: nothing else of the tool needs the card

    for option, (metavar, default, text) in reversed(SETTINGS.items()):
        values: dict[str, Any] = {"metavar": metavar, "default": default, "show_default": bool(default)}
        function = click.option(option, help=_(text).replace("{names}", ", ".join(ATRS)), **values)(function)
    return function


def _pins(function: Callable[..., Any]) -> Callable[..., Any]:
    for name in reversed(PINS):
        function = click.option(f"--{name}-pin", metavar="PIN", help=_("A PIN of a new card."))(function)
    return function


@group(
    "softcard",
    invoke_without_command=True,
    no_args_is_help=False,
    help=_(
        "Run the software card in vpcd, the virtual reader of pcscd, until pcscd ends or a signal arrives. If there "
        "is no card yet, one is made; its PINs are 1234 (auth and text) and ABC123 (sign).\n\n"
        "Its certificates name JPKI-SOFTCARD as their issuer, and this tool calls it a software card. vpcd listens on "
        "every network interface, without a password: see pyjpki11 doctor for what that means."
    ),
)
@_run_options
@click.option("--reconnect", is_flag=True, help=_("Wait for pcscd, also after it has ended."))
@click.option("--fault", "faults", metavar="NAME", multiple=True, help=_("Misbehave in this way; can be repeated."))
@click.option("--contact", is_flag=True, help=_("Forget verified PINs at a reset, as with contacts."))
@click.option("--list-faults", is_flag=True, help=_("List the faults, like pyjpki11 softcard faults."))
@_pins
@click.pass_context
def command(context: click.Context, /, **values: Any) -> None:
    """See the help."""
    if context.invoked_subcommand is None:
        if values["list_faults"]:
            context.invoke(faults)
        else:
            _run(**values)


def _run(vpcd: str, reconnect: bool, **values: Any) -> None:
    from jpki_softcard import running
    from jpki_softcard.link import Timing
    from jpki_softcard.options import TIMINGS, number
    from jpki_softcard.options import Options as CardOptions

    running.end_on_signals()
    timing = Timing(**{field: number(f"--{name}", values[field]) for name, field in TIMINGS.items()})
    card = CardOptions(
        directory=values["state"],
        fault_names=values["faults"],
        timing=timing,
        apdu_log=values["apdu_log"],
        contact=values["contact"],
        atr=values["atr"],
        pins=tuple(_chosen_pins(values).items()),
    )
    running.run(card, vpcd, reconnect=reconnect, ready=_say_ready)


def _say_ready(directory: str, address: str) -> None:
    text = _("The software card {directory} is in the reader at {address}.", directory=directory, address=address)
    output.print_lines([text], sys.stderr)


def _chosen_pins(values: dict[str, Any]) -> dict[str, str]:
    """The PINs that were given, by name.

    :raises ToolError: one has a form that cannot be right.
    """
    given = {name: values[f"{name}_pin"] for name in PINS if values[f"{name}_pin"] is not None}
    return {name: _chosen_pin(name, pin) for name, pin in given.items()}


def _chosen_pin(name: str, pin: str) -> str:
    folded = pin_form.folded(bytearray(pin.encode("utf-8", "surrogateescape")))
    try:
        return normalize(folded, PINS[name].layout.pin_rule).decode()
    except PinFormError as error:  # no card was asked, so nothing is said of one
        message = _("{option}: {problem}", option=f"--{name}-pin", problem=pin_form.fault(error))
        raise ToolError(exits.PIN_FORM, "pin-form", message) from None


@command.command("faults", help=_("List the faults: ways in which the software card can be told to misbehave."))
@json_option
@click.pass_obj
def faults(options: Options) -> None:
    """See the help."""
    from jpki_softcard.faults import FAULTS

    document = {"faults": [{"name": fault.name, "description": fault.description} for fault in FAULTS]}
    output.show(options, document, columns.table((fault.name, _(fault.description)) for fault in FAULTS))


@command.command(
    "new",
    help=_(
        "Make a software card for an invented person, valid for the period you choose. Values that you do not give "
        "are invented too. The text application holds the same name and address as the certificates."
    ),
)
@click.option("--state", metavar="DIR", default="", help=_(SETTINGS["--state"][2]))
@click.option("--name", help=_("Family name and given name, with a full-width space between."))
@click.option("--address", help=_("Address, as on the card."))
@click.option("--birth-date", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help=_("Birth date."))
@click.option("--sex", type=click.Choice(list(SEXES)), help=_("Sex."))
@click.option("--prefecture", help=_("Prefecture in Latin letters, for the certificate."))
@click.option("--municipality", help=_("Municipality in Latin letters, for the certificate."))
@click.option(
    "--valid-from", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
    help=_("First day on which the certificates are valid, Japanese time; default: today."),
)  # fmt: skip
@click.option(
    "--valid-to", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
    help=_("Last day on which the certificates are valid, Japanese time; default: the fifth birthday."),
)  # fmt: skip
@_pins
@json_option
@click.pass_obj
def new(options: Options, /, state: str, valid_from: datetime | None, valid_to: datetime | None, **values: Any) -> None:
    """See the help."""
    import jpki_softcard
    from jpki_softcard.store import default_directory

    directory = state or default_directory()
    with progress.shown(_("Making keys and certificates")):
        card = jpki_softcard.create(
            directory,
            pins=_chosen_pins(values),
            person=_person(values),
            issued=_moment(valid_from, time.min),
            expires=_moment(valid_to, time(23, 59, 59)),
        )
    from asn1crypto.x509 import Certificate

    period = validity.Period.of(Certificate.load(card.store.certificate("auth")))
    document = {"state": directory, **period.document(datetime.now().astimezone())}
    output.show(options, document, columns.table([(_("Folder"), directory), (_("Valid"), period.text())]))


def _person(values: dict[str, Any]) -> Person | None:
    """Whom the card is made for; None where nothing was said about the person."""
    from jpki_softcard.issuing.person import Person

    names = ("name", "address", "prefecture", "municipality")
    given = {name: values[name] for name in names if values[name] is not None}
    if values["birth_date"]:
        given["birth_date"] = values["birth_date"].date()
    if values["sex"]:
        given["sex"] = SEXES[values["sex"]]
    return Person(**given) if given else None


def _moment(day: datetime | None, at: time) -> datetime | None:
    return datetime.combine(day.date(), at, dates.JAPAN) if day else None
