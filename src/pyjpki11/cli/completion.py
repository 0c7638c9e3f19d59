"""`pyjpki11 completion`: what shells need to complete our commands."""

from __future__ import annotations

from collections.abc import Mapping

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from pyjpki11.cli import output
from pyjpki11.cli.frame import command as make_command
from pyjpki11.cli.language import _

VARIABLE = "_PYJPKI11_COMPLETE"  # click's, for a program of this name
SHELLS: Mapping[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
EXAMPLES = """

\b
pyjpki11 completion bash > ~/.local/share/bash-completion/completions/pyjpki11
pyjpki11 completion zsh  > ~/.zfunc/_pyjpki11   (~/.zshrc: fpath+=~/.zfunc)
pyjpki11 completion fish > ~/.config/fish/completions/pyjpki11.fish"""


@make_command(
    "completion",
    help=_(
        "Print the script with which a shell completes the commands and options of pyjpki11, also the names of the "
        "readers. Keep it where the shell looks:"
    )
    + EXAMPLES,
)
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """See the help."""
    script = SHELLS[shell](context.find_root().command, {}, "pyjpki11", VARIABLE).source()
    output.print_lines([script.strip("\n")])
