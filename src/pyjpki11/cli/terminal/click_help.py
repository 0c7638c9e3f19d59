"""Click's commands with help that suits every language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import columns, usage

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: What Click calls a command that is to be run: its name, itself, what is left of the arguments.
Resolved = tuple[str | None, click.Command | None, list[str]]

USAGE = 2  # exit status where the command line is not complete
MAX_TERM = 30  # columns of an option before its help begins on the next line
MARGIN = 2  # columns that stay free at the right of the help
SUMMARY_COLUMNS = 60  # of a command's description beside its name, in a shell's list of completions


class Formatter(click.HelpFormatter):
    """Wraps by columns, and breaks lines in Japanese, which has no spaces."""

    def __init__(self, **settings: Any) -> None:
        """As wide as everything else that the tool prints, whatever Click thinks of it."""
        super().__init__(**{**settings, "width": columns.room() - MARGIN})

    def write_text(self, text: str) -> None:
        """Paragraphs, indented as far as we are."""
        indent = " " * self.current_indent
        for line in columns.paragraphs(text, self.width - self.current_indent):
            self.write(f"{indent}{line}".rstrip() + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = MAX_TERM, col_spacing: int = 2) -> None:
        """Terms with their meanings beside them."""
        rows = list(rows)
        most = min(col_max, (self.width - self.current_indent) // 2 - col_spacing)
        first = min(max(columns.width(term) for term, _meaning in rows), most) + col_spacing
        for term, meaning in rows:
            self._write_term(term, columns.paragraphs(meaning, self.width - self.current_indent - first), first)

    def _write_term(self, term: str, lines: list[str], first: int) -> None:
        indent = " " * self.current_indent
        if columns.width(term) > first - 2:
            self.write(f"{indent}{term}\n")
        else:
            self.write(f"{indent}{columns.pad(term, first)}{lines.pop(0) if lines else ''}".rstrip() + "\n")
        for line in lines:
            self.write(f"{indent}{' ' * first}{line}\n")


class Context(click.Context):
    """A context whose help is written by our formatter."""

    formatter_class = Formatter


class Command(click.Command):
    """A command of the tool."""

    context_class = Context


class Group(click.Group):
    """A command with commands of its own."""

    context_class = Context
    command_class = Command
    group_class = type

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without any argument the help is shown, on standard error, since something is missing."""
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(USAGE)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, each with its summary."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, self.summary(ctx, name)) for name in self.list_commands(ctx)])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they were added."""
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Resolved:
        """The command that is to be run.

        :raises UsageError: there is none of that name; it names those that are called nearly so.
        """
        name = args[0]
        is_missing = not name.startswith("-") and self.get_command(ctx, name) is None
        if is_missing and not ctx.resilient_parsing:
            raise click.UsageError(usage.no_such_command(name, self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options that begin so. No command is imported for its description."""
        from click.shell_completion import CompletionItem  # only here: shells ask for it, users do not

        found = [
            CompletionItem(name, help=columns.shortened(self.summary(ctx, name), SUMMARY_COLUMNS))
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def summary(self, ctx: click.Context, name: str) -> str:
        """One line about a command: the first paragraph of its help."""
        command = self.get_command(ctx, name)
        return (command.help or "").split("\n\n")[0] if command else ""


class Row(NamedTuple):
    """A command in a file of its own: the module, whose `command` it is, and one line about it."""

    module: str
    summary: str


class LazyGroup(Group):
    """A group that imports the file of a command only when that command runs."""

    def __init__(self, rows: Mapping[str, Row], **settings: Any) -> None:
        super().__init__(**settings)
        self._rows = rows

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table."""
        return list(self._rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None where there is no such row."""
        row = self._rows.get(cmd_name)
        if row is None:
            return None
        command: click.Command = import_module(row.module).command
        return command

    def summary(self, ctx: click.Context, name: str) -> str:
        """One line about a command, without importing it."""
        return _(self._rows[name].summary)


def command(name: str, **settings: Any) -> Callable[[Callable[..., Any]], Command]:
    """Makes a command of a function."""
    return click.command(name, cls=Command, **settings)


def group(name: str, **settings: Any) -> Callable[[Callable[..., Any]], Group]:
    """Makes a group of a function."""
    return click.group(name, cls=Group, **settings)
