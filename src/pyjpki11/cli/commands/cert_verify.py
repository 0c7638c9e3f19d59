"""`pyjpki11 cert verify`: whether a certificate is one of J-LIS and valid."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click
from cryptography import x509

from pyjpki11.certificates import anchors, findings, inputs
from pyjpki11.certificates.findings import Finding
from pyjpki11.cli.card import card_certificates, cards
from pyjpki11.cli.card.card_certificates import PLACES
from pyjpki11.cli.card.cards import card_options
from pyjpki11.cli.card.pin_prompt import PinSource, pin_options
from pyjpki11.cli.commands.trust_options import Trust, trust_options
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import columns, exits, output
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.options import Options
from pyjpki11.cli.wording import certificate_text, verdicts


@make_command(
    "verify",
    help=_(
        "Verify a certificate: that it leads to a root published by J-LIS, that it is valid now, and that its key may "
        "be used for signing. It is a certificate on the card (auth, sign, auth-ca, sign-ca) or in a file.\n\n"
        "Revocation cannot be checked by everyone: J-LIS opens its revocation lists and its OCSP responder to "
        "accredited verifiers only. If you have access, use --crl, --ocsp or --ocsp-response."
    ),
)
@click.argument("which", metavar="|".join([*PLACES, "FILE"]))
@trust_options(takes_signing=False)
@card_options
@pin_options
@click.pass_obj
def command(options: Options, which: str, trust: Trust, pin: PinSource) -> int:
    """See the help."""
    certificate, *others = _from_card(options, which, pin) if which in PLACES else _from_file(which)
    found = trust.judge(certificate, [certificate, *others], must_sign=not anchors.is_authority(certificate))
    is_valid = findings.is_good(found)
    document = {
        "valid": is_valid,
        "not_checked": verdicts.not_checked(found),
        "checks": verdicts.documents(found),
        "certificate": certificate_text.document(certificate),
    }
    output.show(options, document, _text(certificate, which, found))
    return exits.OK if is_valid else exits.NOT_VALID


def _from_card(options: Options, which: str, pin: PinSource) -> Sequence[x509.Certificate]:
    """The certificate, and its issuer's."""
    with cards.open_card(options) as card:
        names = dict.fromkeys((which, f"{which.removesuffix('-ca')}-ca"))
        return [card_certificates.read(card, name, pin) for name in names]


def _from_file(path: str) -> Sequence[x509.Certificate]:
    return anchors.load_all(inputs.read(path, inputs.MAX_CERTIFICATES_LEN))


def _text(certificate: x509.Certificate, which: str, found: Sequence[Finding]) -> Iterator[str]:
    title = _(PLACES[which].title) if which in PLACES else which
    yield from certificate_text.lines(certificate, title)
    yield ""
    yield from columns.wrap(verdicts.headline(verdicts.CERTIFICATE, found), columns.room(sys.stdout))
    yield from verdicts.lines(found)
