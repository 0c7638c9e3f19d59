"""The options that many commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pyjpki11.cli.language import _

Function = TypeVar("Function", bound=Callable[..., Any])


class Options:
    """What was said with the shared options; every command has it as click's `obj`."""

    def __init__(self) -> None:
        self.json = False
        self.trace = False
        self.reader = ""


def shared(*names: str, **settings: Any) -> Callable[[Function], Function]:
    """An option whose value goes into Options, under the option's long name."""

    def remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
        if value is not None:
            setattr(context.ensure_object(Options), str(parameter.name), value)

    return click.option(*names, expose_value=False, callback=remember, **settings)


def json_option(function: Function) -> Function:
    """--json, of every command that prints something that programs read; it comes first, to hold for all errors."""
    return shared("--json", is_flag=True, is_eager=True, help=_("Print one JSON document, for programs."))(function)


def trace_option(function: Function) -> Function:
    """--trace, of every command that uses a card."""
    text = _("Show the exchange with the card, with explanations, on standard error; PINs are masked.")
    return shared("--trace", is_flag=True, help=text)(function)


def output_options(text: str, metavar: str = "FILE", default: str | None = None) -> Callable[[Function], Function]:
    """-o and --force, given to the command as `target` and `force`. What -o names is looked at by files.look."""

    def decorate(function: Function) -> Function:
        force = click.option("--force", is_flag=True, help=_("Overwrite an existing file."))(function)
        return click.option("-o", "--output", "target", metavar=metavar, default=default, help=text)(force)

    return decorate
