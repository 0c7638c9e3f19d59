"""The options that many commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pyjpki11.cli.language import _
from pyjpki11.printable import printable

Function = TypeVar("Function", bound=Callable[..., Any])


class Options:
    """What was said with the shared options; every command has it as click's `obj`."""

    def __init__(self) -> None:
        self.json = False
        self.trace = False
        self.reader = ""


def _shared(*names: str, **settings: Any) -> Callable[[Function], Function]:
    """An option whose value goes into Options, under the option's long name."""

    def remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
        if value is not None:
            setattr(context.ensure_object(Options), str(parameter.name), value)

    return click.option(*names, expose_value=False, callback=remember, **settings)


def json_option(function: Function) -> Function:
    """--json, of every command that prints something that programs read; it comes first, to hold for all errors."""
    return _shared("--json", is_flag=True, is_eager=True, help=_("Print one JSON document, for programs."))(function)


def reader_option(function: Function) -> Function:
    """--reader NAME, of every command that uses a card."""
    text = _("Use the reader whose name has NAME in it.")
    return _shared("--reader", metavar="NAME", shell_complete=_complete_reader, help=text)(function)


def _complete_reader(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The readers for a shell that completes --reader; none where they cannot be asked for."""
    from pyjpki11.cli import cards  # only here: it imports us

    options = Options()
    options.reader = incomplete
    try:
        with cards.readers(options) as those:
            return [name for name in those.names() if printable(name) == name]  # others no shell can be given
    except Exception:
        return []


def trace_option(function: Function) -> Function:
    """--trace, of every command that uses a card."""
    text = _("Show the exchange with the card in words, on standard error; PINs are masked.")
    return _shared("--trace", is_flag=True, help=text)(function)


def card_options(function: Function) -> Function:
    """The options of every command that uses a card."""
    return reader_option(trace_option(json_option(function)))


def output_options(text: str, metavar: str = "FILE", default: str | None = None) -> Callable[[Function], Function]:
    """-o and --force, given to the command as `target` and `force`. What -o names is looked at by files.look."""

    def decorate(function: Function) -> Function:
        force = click.option("--force", is_flag=True, help=_("Replace a file that exists."))(function)
        return click.option("-o", "--output", "target", metavar=metavar, default=default, help=text)(force)

    return decorate
