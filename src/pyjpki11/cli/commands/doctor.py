"""`pyjpki11 doctor`: what works, what does not, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from pyjpki11.cli.card import cards
from pyjpki11.cli.card.cards import Readers, card_options
from pyjpki11.cli.card.pin_prompt import PinSource, pin_options
from pyjpki11.cli.diagnosis import card, finding, module, programs, service, tls
from pyjpki11.cli.diagnosis.finding import PROBLEM, Finding
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import output, progress
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.options import Options


@make_command(
    "doctor",
    help=_(
        "Examine the PC/SC service, readers, cards, the module and the registered programs, and show what to do about "
        "each problem. The exit status is that of the first problem.\n\n"
        "No PIN is needed, except with --test-pss: the card then makes one RSA-PSS signature with the authentication "
        "key, over a text that states this purpose, and the result is remembered for all cards of its model."
    ),
)
@click.option(
    "--test-pss", is_flag=True, help=_("Make one RSA-PSS signature with the card, to find out whether it can.")
)
@pin_options
@card_options
@click.pass_obj
def command(options: Options, test_pss: bool, pin: PinSource) -> int:
    """See the help."""
    findings = list(_examine(options, pin if test_pss else None))
    output.show(options, {"findings": [one.document() for one in findings]}, finding.text(findings))
    return finding.exit_status(findings)


def _examine(options: Options, pin: PinSource | None) -> Iterator[Finding]:
    with cards.readers(options) as readers:
        found = list(service.examine(readers))
        yield from found
        result = _cards(readers, pin) if all(one.level != PROBLEM for one in found) else card.Result([])
    yield from result.findings
    with progress.shown(_("Trying the module")):
        yield from module.examine()
    yield from programs.examine()
    yield from tls.examine(result.has_pss)


def _cards(readers: Readers, pin: PinSource | None) -> card.Result:
    if pin is None:
        with progress.shown(_("Reading the cards")):
            return card.examine(readers, readers.names(), None)
    return card.examine(readers, readers.names(), pin)
