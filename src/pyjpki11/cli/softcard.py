"""`pyjpki11 softcard`: a software My Number card in a virtual reader."""

from __future__ import annotations

import click

from pyjpki11.cli.frame import command as make_command
from pyjpki11.cli.language import _


@make_command(
    "softcard",
    help=_("Run the software card in front of vpcd, the virtual reader of pcscd."),
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def command(options: tuple[str, ...]) -> int:
    """See the help."""
    from jpki_softcard.__main__ import main  # only here: nothing else of the tool needs the card

    return main(options)
