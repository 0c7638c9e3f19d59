"""`pyjpki11 completion`: what shells need to complete our commands."""

from __future__ import annotations

from collections.abc import Mapping

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import output
from pyjpki11.cli.terminal.click_help import command as make_command

VARIABLE = "_PYJPKI11_COMPLETE"  # click's, for a program of this name


class QuotingBash(BashComplete):
    """Click's, but names with blanks, as all readers have them, are quoted; and no name is a pattern for files."""

    source_template = """\
%(complete_func)s() {
    local response type value
    response=$(IFS=$'\\n'; env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete $1)
    while IFS=',' read -r type value; do
        case "$type:${COMP_WORDS[COMP_CWORD]}" in
            dir:*) COMPREPLY=(); compopt -o dirnames ;;
            file:*) COMPREPLY=(); compopt -o default ;;
            plain:[\\"\\']*) COMPREPLY+=("$value") ;;
            plain:*) COMPREPLY+=("$(printf '%%q' "$value")") ;;
        esac
    done <<< "$response"
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class WholeFish(FishComplete):
    """Click's, but a description with a comma is not cut there."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')


SHELLS: Mapping[str, type[ShellComplete]] = {"bash": QuotingBash, "zsh": ZshComplete, "fish": WholeFish}
EXAMPLES = """

\b
mkdir -p ~/.local/share/bash-completion/completions
pyjpki11 completion bash > ~/.local/share/bash-completion/completions/pyjpki11

\b
mkdir -p ~/.zfunc                               (~/.zshrc: fpath+=~/.zfunc)
pyjpki11 completion zsh > ~/.zfunc/_pyjpki11

\b
mkdir -p ~/.config/fish/completions
pyjpki11 completion fish > ~/.config/fish/completions/pyjpki11.fish"""


@make_command(
    "completion",
    help=_(
        "Print the script that lets a shell complete the commands and options of pyjpki11, and the names of the "
        "readers. Save it where the shell looks for it:"
    )
    + EXAMPLES,
)
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """See the help."""
    script = SHELLS[shell](context.find_root().command, {}, "pyjpki11", VARIABLE).source()
    output.print_lines(script.strip("\n").split("\n"))
