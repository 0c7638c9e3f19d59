"""What the tool prints: text for people, or one JSON document; notes beside it on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TextIO

from pyjpki11.cli.terminal import columns, progress
from pyjpki11.cli.terminal.options import Options
from pyjpki11.printable import printable

#: What a command line to copy begins with: it is not broken into lines.
TO_COPY = "    "


def show(options: Options, document: Mapping[str, object], text: Iterable[str]) -> None:
    """Print a result: the document with --json, else the lines of text.

    :raises OSError: standard output cannot be written.
    """
    if options.json:
        import json  # only here: most users read the text

        print_lines(json.dumps(document, ensure_ascii=False, indent=2).split("\n"))
    else:
        print_lines(text)


def print_lines(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Lines on standard output, or on another stream; all of them or an error.

    A line stays one, and steers no terminal: what a card, a file's name or a certificate holds is not ours to trust.

    :raises OSError: it cannot be written.
    """
    progress.clear()
    stream = stream or sys.stdout
    stream.write("".join(f"{printable(line)}\n" for line in lines))
    stream.flush()


def note(*sentences: str) -> None:
    """Remarks for people on standard error, each on a line of its own, or on more where it is longer than a line."""
    progress.clear()
    for sentence in filter(None, sentences):
        room = columns.room(sys.stderr)
        for line in [printable(sentence)] if sentence.startswith(TO_COPY) else columns.wrap(sentence, room):
            print(line, file=sys.stderr)


def tolerate_any_character() -> None:
    """Let a terminal's encoding that lacks a character show it in another form, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def give_up_stdout() -> None:
    """Have nothing more written to a standard output that failed, not even when Python ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
