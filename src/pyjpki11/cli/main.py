"""The entry point of the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from pyjpki11 import __version__
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal import exits, output
from pyjpki11.cli.terminal.click_help import LazyGroup, Row
from pyjpki11.cli.terminal.options import Options
from pyjpki11.cli.wording import failures

#: The commands in the order in which the help lists them. Each has a file of its own, with the name `command` in it.
COMMANDS = {
    "status": Row("pyjpki11.cli.commands.status", N_("Show readers, cards, certificates, and the tries left.")),
    "cert": Row("pyjpki11.cli.commands.cert", N_("Show, export and verify the certificates on the card.")),
    "sign": Row("pyjpki11.cli.commands.sign", N_("Sign files.")),
    "verify": Row("pyjpki11.cli.commands.verify", N_("Verify a signature.")),
    "pin": Row("pyjpki11.cli.commands.pin", N_("Show the tries left, verify a PIN, or change it.")),
    "text": Row("pyjpki11.cli.commands.text", N_("Read the details printed on the card, as text.")),
    "ssh-key": Row("pyjpki11.cli.commands.ssh_key", N_("Print the key for authorized_keys.")),
    "doctor": Row("pyjpki11.cli.commands.doctor", N_("Find problems, and show what to do about them.")),
    "register": Row("pyjpki11.cli.commands.register", N_("Let a program use the card.")),
    "unregister": Row("pyjpki11.cli.commands.unregister", N_("Remove the module from a program's settings.")),
    "apdu": Row("pyjpki11.cli.commands.apdu", N_("Send commands to the card exactly as typed.")),
    "softcard": Row("pyjpki11.cli.commands.softcard", N_("Run a software card.")),
    "module-path": Row("pyjpki11.cli.commands.module_path", N_("Print the path of the PKCS#11 module.")),
    "completion": Row("pyjpki11.cli.commands.completion", N_("Print the completion script for a shell.")),
}

tool = click.version_option(__version__, prog_name="pyjpki11", message="%(prog)s %(version)s")(
    LazyGroup(
        COMMANDS,
        name="pyjpki11",
        help=_("The card tool and PKCS#11 module for the My Number card."),
        context_settings={"help_option_names": ["-h", "--help"]},
    )
)


def main() -> NoReturn:
    """Run the tool with the process's arguments, then end the process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit status of the tool, which has said on standard error why it failed."""
    output.tolerate_any_character()
    options = Options()
    try:
        answer = tool.main(arguments, prog_name="pyjpki11", standalone_mode=False, obj=options)
    except (click.Abort, KeyboardInterrupt):
        output.note(_("Interrupted."))
        return exits.INTERRUPTED
    except BrokenPipeError:  # the program that reads our output has closed it
        output.give_up_stdout()
        return exits.FAILED
    except Exception as error:
        return _report(options, failures.failure(error))
    return answer if isinstance(answer, int) else exits.OK


def _report(options: Options, failure: exits.Failure) -> int:
    output.note(*failure.sentences())
    try:
        if options.json:
            output.show(options, failure.document(), ())
        sys.stdout.flush()
    except OSError:
        output.give_up_stdout()
    return failure.exit_status
