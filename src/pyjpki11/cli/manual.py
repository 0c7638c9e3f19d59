"""The manual page, made from the commands themselves, in roff."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from pyjpki11 import __version__
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.main import COMMANDS, tool
from pyjpki11.cli.terminal import columns, exits
from pyjpki11.cli.terminal.click_help import Context, Group

#: Variable -> what it is for.
ENVIRONMENT = {
    "PYJPKI11_READER": N_("The reader driver: pcsc, softcard or softcard:FOLDER."),
    "PYJPKI11_CONFIG": N_("The settings file, instead of the one below."),
    "PYJPKI11_LOG": N_("Where the log goes: stderr or a file. It never contains PINs."),
    "PYJPKI11_LOG_LEVEL": N_("The level of detail of the log: error, warning, info or debug."),
    "LANGUAGE, LC_ALL, LC_MESSAGES, LANG": N_("The language: Japanese or English."),
}
FILES = {
    "~/.config/pyjpki11/config.toml": N_("The settings, shared by the module and the tool."),
    "~/.cache/pyjpki11/apdu-history": N_("What was typed at the prompt of pyjpki11 apdu, with PINs masked."),
    "~/.local/state/jpki-softcard": N_("The software card."),
    "~/.local/state/pyjpki11/registered.json": N_(
        "What pyjpki11 register created and changed, for unregister; with --system it is in /var/lib/pyjpki11."
    ),
    "FILE.pyjpki11-backup": N_(
        "The previous content of a FILE that pyjpki11 register changed, until unregister restores it."
    ),
}
#: Command lines -> what they do.
EXAMPLES = {
    "pyjpki11 status": N_("See what is in the readers."),
    "pyjpki11 pin status": N_("See how many tries each PIN has left."),
    "pyjpki11 cert export auth -o certificate.pem": N_("Write the authentication certificate to a file."),
    "pyjpki11 sign --key sign --detached -o letter.p7s letter.pdf": N_("Sign a file with the signature key."),
    "pyjpki11 verify --content letter.pdf letter.p7s": N_("Verify that signature, and see who signed."),
    "pyjpki11 ssh-key >> ~/.ssh/authorized_keys": N_("Allow logins with the card."),
    "PYJPKI11_READER=softcard pyjpki11 status --trace": N_("Try it all without a card, and watch the exchange."),
}
_SPECIAL = re.compile(r"[\\-]")
BREAK = "\\:"  # between two characters: a line may end here
_ROFF = {"\\": "\\e", "-": "\\-"}


def page() -> str:
    """The page in the user's language."""
    context = Context(tool, info_name="pyjpki11")
    lines = [
        f'.TH PYJPKI11 1 "" "pyjpki11 {__version__}" "{_("User commands")}"',
        ".ad l",
        ".nh",
        *_section(_("NAME"), [f"pyjpki11 \\- {_text(_('card tool for the My Number card'))}"]),
        *_section(_("SYNOPSIS"), [".B pyjpki11", f"[{_bold('-h')}] [{_bold('--version')}] \\fICOMMAND\\fR ..."]),
        *_section(_("DESCRIPTION"), _description()),
        *_section(_("COMMANDS"), _commands(context)),
        *_section(_("EXIT STATUS"), _terms({str(number): text for number, text in exits.MEANINGS.items()})),
        *_section(_("ENVIRONMENT"), _terms(ENVIRONMENT)),
        *_section(_("FILES"), _terms(FILES)),
        *_section(_("EXAMPLES"), _terms(EXAMPLES)),
        *_section(_("SEE ALSO"), [".BR pkcs11\\-tool (1), ssh (1), pcscd (8)"]),
    ]
    return "\n".join(lines) + "\n"


def _section(title: str, lines: Iterator[str] | list[str]) -> list[str]:
    return [f".SH {title}", *lines]


def _description() -> Iterator[str]:
    yield from _paragraphs(
        _(
            "pyjpki11 shows what is on a My Number card, signs and verifies with it, manages its PINs, and registers "
            "it with other programs. A PIN is typed without echo, or read from a file or a file descriptor; it is "
            "never given on the command line. Its form is checked before it is sent, the tries left are shown before "
            "it is asked for, and there is a warning before the last try.\n\n"
            "With --json a command prints one JSON document; after a failure its only key is error. With --trace it "
            "shows the exchange with the card, with explanations."
        )
    )


def _commands(context: click.Context) -> Iterator[str]:
    for name in COMMANDS:
        command = tool.get_command(context, name)
        if command is not None:
            yield from _command(command, Context(command, info_name=name, parent=context))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """A command with its options, then the commands below it."""
    usage = " ".join(_text(piece) for piece in command.collect_usage_pieces(context))
    yield f".SS {_bold(context.command_path.removeprefix('pyjpki11 '))} {usage}"
    yield from _paragraphs(command.help or "")
    yield from _options(command, context)
    if isinstance(command, Group):
        for name, child in command.commands.items():
            yield from _command(child, Context(child, info_name=name, parent=context))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None and record[1]:
            yield ".TP"
            yield _bold(record[0])
            yield _text(record[1])


def _terms(rows: dict[str, str]) -> Iterator[str]:
    for term, meaning in rows.items():
        yield from (".TP", _bold(term), _text(_(meaning)))


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        if paragraph.startswith("\b\n"):
            yield from (".nf", *map(_text, paragraph.splitlines()[1:]), ".fi")
        else:
            yield _text(" ".join(paragraph.split("\n")))


def _bold(text: str) -> str:
    return f"\\fB{_text(text)}\\fR"


def _text(text: str) -> str:
    """Text in which roff sees no command of its own, and where Japanese lines may end."""
    escaped = [_SPECIAL.sub(lambda match: _ROFF[match[0]], piece) for piece in columns.pieces(text)]
    joined = "".join(f"{piece}{BREAK}" if columns.width(piece[-1]) == 2 else piece for piece in escaped)
    return f"\\&{joined}" if joined.startswith((".", "'")) else joined
