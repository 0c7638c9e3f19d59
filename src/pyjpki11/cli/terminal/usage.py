"""What is wrong with a command line, in whole sentences; Click builds some of pieces that fit no other language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from pyjpki11.cli.language import _


def sentence(error: click.ClickException) -> str:
    """What Click found, in words."""
    for kind, in_words in IN_WORDS:
        if isinstance(error, kind):
            return in_words(error)
    return error.format_message()


def no_such_command(name: str, names: Iterable[str]) -> str:
    """That there is no such command, with those that are called nearly so."""
    from difflib import get_close_matches  # only here: it takes time to import

    return _with_similar(_("'{name}' is not a command.", name=name), get_close_matches(name, list(names)))


def _no_such_option(error: Any) -> str:
    return _with_similar(_("There is no option {name}.", name=error.option_name), error.possibilities or ())


def _with_similar(problem: str, similar: Iterable[str]) -> str:
    names = _(", ").join(sorted(similar))
    return _("{problem} Did you mean: {names}?", problem=problem, names=names) if names else problem


def _missing(error: Any) -> str:
    if error.param is None:
        return str(error.format_message())
    is_option = isinstance(error.param, click.Option)
    name = max(error.param.opts, key=len) if is_option else error.param.human_readable_name
    if not isinstance(error.param.type, click.Choice):
        return _("{name} is missing.", name=name)
    choices = _(", ").join(map(str, error.param.type.choices))
    if is_option:
        return _("{name} is missing. Choose one of: {choices}.", name=name, choices=choices)
    return _("An argument is missing. Choose one of: {choices}.", choices=choices)


#: Those that we say ourselves.
IN_WORDS: tuple[tuple[type[click.ClickException], Callable[[Any], str]], ...] = (
    (click.MissingParameter, _missing),
    (click.NoSuchOption, _no_such_option),
)
