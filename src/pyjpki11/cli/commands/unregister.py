"""`pyjpki11 unregister`: take the module out of a program's files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import click

from pyjpki11.cli.commands.registrable import Registrable
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal import exits, output
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.terminal.options import Options, json_option
from pyjpki11.cli.wording import failures, registrations
from pyjpki11.cli.wording.registrations import dry_run_option, place_options
from pyjpki11.registration import plans, programs
from pyjpki11.registration.place import Place
from pyjpki11.registration.plans import Plan

LEFT = "left"  # code of an error: the module is still named


class Done(NamedTuple):
    """What became of one program: what was changed, and why it is not free of the module, if it is not."""

    program: str
    plan: Plan
    errors: list[ToolError | OSError]


@make_command(
    "unregister",
    help=_(
        "Remove the module from the files of a program, or of all programs with --all. A file that has not changed "
        "since then is restored to what it was before; databases and folders that were made for the module are "
        "removed if they hold nothing else.\n\n"
        "Lines that were written by hand are kept and reported as an error."
    ),
)
@click.argument("program", type=Registrable(), required=False, metavar="[PROGRAM]")
@click.option("--all", "is_all", is_flag=True, help=_("Unregister all programs."))
@place_options
@dry_run_option
@json_option
@click.pass_obj
def command(options: Options, program: str | None, is_all: bool, is_system: bool, root: str, dry_run: bool) -> int:
    """See the help."""
    if (program is None) != is_all:
        raise click.UsageError(_("Specify a program or --all."))
    place = registrations.place(is_system, root)
    names = list(programs.PROGRAMS) if program is None else [program]
    done = [_undone(name, place, dry_run) for name in names]
    documents = [_document(one, place, dry_run) for one in done]
    text = [line for one in done for line in registrations.text(one.plan, dry_run)] or [_("Nothing to change.")]
    output.show(options, documents[0] if program else {"programs": documents}, text)
    problems = [problem for one in done for problem in one.errors]
    output.note(*(sentence for problem in problems for sentence in failures.failure(problem).sentences()))
    if is_all and not is_system:
        output.note(*_for_all_users(root))
    return exits.FAILED if problems else exits.OK


def _undone(name: str, place: Place, is_dry_run: bool) -> Done:
    try:
        plan = registrations.carry_out(plans.unregistering, name, place, is_dry_run)
    except (ToolError, OSError) as error:
        return Done(name, Plan([], [], []), [error])
    return Done(name, plan, [_left(left) for left in plan.left])


def _left(left: plans.Left) -> ToolError:
    """That a line which was not written by `register` still names the module."""
    text = N_("{path} still names the module in line {line}, which was not written by `pyjpki11 register`.")
    return ToolError(exits.FAILED, LEFT, _(text, **left._asdict()), _("Delete that line by hand."))


def _document(one: Done, place: Place, is_dry_run: bool) -> dict[str, object]:
    errors = [failures.failure(problem).document()["error"] for problem in one.errors]
    error = {"error": errors[0]} if errors else {}
    return {**registrations.document(one.program, place, one.plan, is_dry_run), **error}


def _for_all_users(root: str) -> Iterator[str]:
    """What other command is needed for nothing to be left."""
    place = registrations.place(is_system=True, root=root)
    if any(registrations.standing(name, place).entries for name in programs.PROGRAMS):
        yield _("Some programs are still registered for all users. To unregister them, run:")
        yield output.TO_COPY + registrations.own_command("unregister", "--all", "--system", as_root=True)
