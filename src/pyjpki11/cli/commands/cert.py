"""`pyjpki11 cert`: the card's certificates."""

from __future__ import annotations

from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal.click_help import LazyGroup, Row

#: The commands of the group, each in a file of its own.
COMMANDS = {
    "show": Row("pyjpki11.cli.commands.cert_show", N_("Show a certificate and the holder's details in it.")),
    "export": Row("pyjpki11.cli.commands.cert_export", N_("Write a certificate to a file.")),
    "verify": Row("pyjpki11.cli.commands.cert_verify", N_("Verify a certificate up to the roots of J-LIS.")),
}

command = LazyGroup(COMMANDS, name="cert", help=_("Show, export and verify the certificates on the card."))
