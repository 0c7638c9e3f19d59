"""`pyjpki11 register`: tell a program of the module."""

from __future__ import annotations

import click

from pyjpki11.cli.commands.registrable import Registrable
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import columns, output
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.options import Options, json_option
from pyjpki11.cli.wording import registrations
from pyjpki11.cli.wording.registrations import dry_run_option, place_options
from pyjpki11.registration import plans, programs


@make_command(
    "register",
    help=_(
        "Let a program use the card; no other setting is needed. PROGRAM is firefox, chromium (also Chrome, Edge and "
        "other browsers based on it), p11-kit (everything that uses GnuTLS), openssh, openssl or java.\n\n"
        "An existing file keeps its format and is replaced in one step, and a backup is kept next to it. Files that "
        "cannot be parsed are not touched.\n\n"
        "With --system, and for root itself, the module, its Python and all folders above them must belong to root, "
        "and only root may be able to change them."
    ),
)
@click.argument("program", type=Registrable(), required=False, metavar="[PROGRAM]")
@click.option("--list", "is_list", is_flag=True, help=_("Show whether each program is registered."))
@place_options
@dry_run_option
@json_option
@click.pass_obj
def command(options: Options, program: str | None, is_list: bool, is_system: bool, root: str, dry_run: bool) -> None:
    """See the help."""
    if is_list:
        _show_list(options, root)
        return
    if program is None:
        raise click.UsageError(_("Specify a program or --list."))
    place = registrations.place(is_system, root)
    plan = registrations.carry_out(plans.registering, program, place, dry_run)
    text = list(registrations.text(plan, dry_run)) or [_("Nothing to change.")]
    output.show(options, registrations.document(program, place, plan, dry_run), text)
    if not dry_run:
        output.note(*registrations.advice(program, place))


def _show_list(options: Options, root: str) -> None:
    places = [registrations.place(is_system, root) for is_system in (False, True)]
    found = [registrations.standing(name, place) for name in programs.PROGRAMS for place in places]
    rows = []
    for one in found:
        whose = _("all users") if one.is_system else _("you")
        rows.append((_("{program}, {whose}", program=one.program, whose=whose), one.text()))
    output.show(options, {"registrations": [one.document() for one in found]}, columns.table(rows))
