"""The options by which users say whom to believe, and what is said of a certificate with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import click
from cryptography import x509

from pyjpki11.certificates import anchors, chain, inputs, responder, revocation
from pyjpki11.certificates.anchors import Anchor
from pyjpki11.certificates.findings import BAD, GOOD, OPEN, Finding
from pyjpki11.certificates.response import by_response
from pyjpki11.certificates.revocation_list import by_list
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import progress
from pyjpki11.cli.wording.dates import JAPAN

Function = TypeVar("Function", bound=Callable[..., Any])

#: In place of a time: the one that the signature itself states.
SIGNING = "signing"
#: Results of revocation checks.
WORST_FIRST = (BAD, OPEN, GOOD)


class Trust(NamedTuple):
    """What was said with the options."""

    roots: tuple[str, ...]
    accepts_test_cards: bool
    at: datetime | str | None
    lists: tuple[str, ...]
    responses: tuple[str, ...]
    responders: tuple[str, ...]

    def judge(
        self,
        certificate: x509.Certificate,
        candidates: Sequence[x509.Certificate] = (),
        signing_time: datetime | None = None,
        must_sign: bool = True,
    ) -> list[Finding]:
        """What is to be said of a certificate.

        :param candidates: certificates among which the root of a test card may be.
        :param signing_time: the one that the signer states, which nothing proves.
        :raises JpkiError: a file or a responder that was named is of no use.
        """
        now = datetime.now(UTC)
        named = self.at if isinstance(self.at, datetime) else now
        moment = signing_time if self.at == SIGNING and signing_time is not None else named
        roots = self._anchors(candidates)
        found = chain.judge(certificate, roots, moment, must_sign, candidates)
        anchor = chain.issuer_of(certificate, roots)
        if anchor is not None and anchor.certificate == certificate:
            return found  # no revocation list covers a root
        # A thief of a key can backdate signatures: only a time that the user names comes before a revocation.
        return [*found, self._revocation(certificate, anchor, named, now)]

    def _anchors(self, candidates: Sequence[x509.Certificate]) -> list[Anchor]:
        files = [inputs.read(path, inputs.MAX_CERTIFICATES_LEN) for path in self.roots]
        given = [anchor for data in files for anchor in anchors.given(data)]
        test = anchors.test_roots(candidates) if self.accepts_test_cards else []
        return [*anchors.published(), *given, *test]

    def _revocation(
        self, certificate: x509.Certificate, anchor: Anchor | None, moment: datetime, now: datetime
    ) -> Finding:
        """The worst news."""
        sources = (*self.lists, *self.responses, *self.responders)
        if not sources:
            return revocation.NOT_ASKED
        if anchor is None:
            return Finding(revocation.CHECK, OPEN, "no-issuer")
        found = self._revocations(certificate, anchor.certificate, moment, now)
        return min(found, key=lambda it: WORST_FIRST.index(it.result))

    def _revocations(
        self, certificate: x509.Certificate, issuer: x509.Certificate, moment: datetime, now: datetime
    ) -> Sequence[Finding]:
        lists = [inputs.read(path, inputs.MAX_LIST_LEN) for path in self.lists]
        answers = [inputs.read(path, inputs.MAX_RESPONSE_LEN) for path in self.responses]
        with progress.shown(_("Querying the OCSP responder")):
            answers += [responder.ask(certificate, issuer, url) for url in self.responders]
        found = [by_list(certificate, issuer, it, moment, now) for it in lists]
        return found + [by_response(certificate, issuer, it, moment, now) for it in answers]


class Moment(click.ParamType[Any]):
    """A day or a time as ISO 8601 writes it, in Japanese time where it names no zone; or `signing`."""

    name = "time"

    def __init__(self, takes_signing: bool) -> None:
        self._takes_signing = takes_signing

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime | str:
        """The aware time, or the word."""
        if isinstance(value, datetime) or (value == SIGNING and self._takes_signing):
            return value  # type: ignore[no-any-return]
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            example = "2026-04-01T12:00"
            self.fail(_("Not a valid time: '{value}' (example: {example})", value=value, example=example))
        return moment if moment.tzinfo else moment.replace(tzinfo=JAPAN)


def trust_options(takes_signing: bool) -> Callable[[Function], Function]:
    """The options, given to the command as `trust`."""

    def decorate(function: Function) -> Function:
        @wraps(function)
        def with_trust(*arguments: Any, **more: Any) -> Any:
            names = ("root", "test_card", "at", "crl", "ocsp_response", "ocsp")
            return function(*arguments, trust=Trust(*(more.pop(name) for name in names)), **more)

        decorated: Any = with_trust
        for option in reversed(_options(takes_signing)):
            decorated = option(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def _options(takes_signing: bool) -> list[Callable[[Function], Function]]:
    at = _("Verify as of TIME, for example 2026-04-01, instead of now.")
    if takes_signing:
        at = _("Verify as of TIME, for example 2026-04-01, or as of 'signing', the time stated in the signature.")
    return [
        click.option(
            "--root", multiple=True, metavar="FILE",
            help=_("Also trust the CA certificates in FILE. First compare their fingerprints with the published ones."),
        ),
        click.option("--test-card", is_flag=True, help=_("Also accept test cards and software cards.")),
        click.option("--at", type=Moment(takes_signing), metavar="TIME", help=at),
        click.option("--crl", multiple=True, metavar="FILE", help=_("Check against the revocation list in FILE.")),
        click.option("--ocsp-response", multiple=True, metavar="FILE", help=_("Check against the OCSP response in "
                                                                              "FILE.")),
        click.option("--ocsp", multiple=True, metavar="URL", help=_("Query the OCSP responder at URL.")),
    ]  # fmt: skip
