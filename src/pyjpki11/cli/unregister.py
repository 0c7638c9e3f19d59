"""`pyjpki11 unregister`: take the module out of a program's files."""

from __future__ import annotations

import click

from pyjpki11.cli import registrations
from pyjpki11.cli.frame import command as make_command
from pyjpki11.cli.language import _
from pyjpki11.cli.options import Options, json_option
from pyjpki11.cli.registrations import dry_run_option, place_options
from pyjpki11.registration import programs


@make_command(
    "unregister",
    help=_(
        "Take the module out of the files of a program again. A file that has not changed since becomes what it was "
        "before it was registered."
    ),
)
@click.argument("program", type=click.Choice(list(programs.PROGRAMS)), metavar="PROGRAM")
@place_options
@dry_run_option
@json_option
@click.pass_obj
def command(options: Options, program: str, is_system: bool, root: str, dry_run: bool) -> None:
    """See the help."""
    place = registrations.place(is_system, root)
    changes = registrations.carry_out(programs.unregistering, program, place, dry_run)
    registrations.show(options, program, place, changes, dry_run)
