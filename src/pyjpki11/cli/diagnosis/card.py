"""The cards in the readers: what they are, their PINs' tries, their signatures with PSS."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from pyjpki11.card.layout import AUTHENTICATION
from pyjpki11.card.pin import wipe
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.cli.card import pin_prompt
from pyjpki11.cli.card.card_key import token_on
from pyjpki11.cli.card.cards import Readers
from pyjpki11.cli.card.pin_prompt import PinSource
from pyjpki11.cli.diagnosis.finding import NOTE, OK, PROBLEM, WARNING, Finding
from pyjpki11.cli.keys import KEYS, pin_title
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import exits, progress
from pyjpki11.cli.wording import card_kinds, failures
from pyjpki11.cli.wording.validity import Period
from pyjpki11.cryptoki import cka, ckm, cko, ckr
from pyjpki11.cryptoki.attributes import ulong
from pyjpki11.cryptoki.mechanisms import MECHANISMS, PssParameters
from pyjpki11.errors import CryptokiError, JpkiError, SecurityStatusNotSatisfied, StatusWordError, WrongSignature
from pyjpki11.provider.objects import TokenObject
from pyjpki11.provider.pss import EXPECTED_SALT_LEN
from pyjpki11.provider.signing import CARD_PSS_HASH, SignOperation
from pyjpki11.provider.token import Token

#: Code of the finding that a card is another kind of card.
FOREIGN = "foreign-card"


class Result(NamedTuple):
    """What was found of the cards; `has_pss` is None where no card could be asked."""

    findings: list[Finding]
    has_pss: bool | None = None


class _PinsOf(NamedTuple):
    """The card of a token and its PINs, for who asks for one."""

    token: Token
    reader: str

    @property
    def info(self) -> TokenInfo:
        """What the card says of itself."""
        return self.token.card_facts.token_info

    @property
    def run(self) -> Any:
        """See InsertedCard.run."""
        return self.token.card.run


def examine(readers: Readers, names: list[str], pin: PinSource | None) -> Result:
    """The cards in these readers. With a source of PINs, each makes one signature with PSS."""
    occupied = [name for name in names if readers.has_card(name)]
    if not occupied:
        message, remedy = (
            _("There is no card in any reader."),
            _("Place your card on the reader, or insert it chip first."),
        )
        return Result([Finding(PROBLEM, "no-card", message, remedy, exits.NO_CARD)] if names else [])
    results = [_examine_one(readers, name, pin) for name in occupied]
    known = [result.has_pss for result in results if result.has_pss is not None]
    findings = [finding for result in results for finding in result.findings]
    if known:  # then another kind of card beside it is not a problem
        findings = [one._replace(level=NOTE, remedy="") if one.code == FOREIGN else one for one in findings]
    return Result(findings, any(known) if known else None)


def _examine_one(readers: Readers, name: str, pin: PinSource | None) -> Result:
    findings: list[Finding] = []
    try:
        token = token_on(readers.insert(name), AUTHENTICATION)
        try:
            findings += _identity(token, name)
            if pin is not None:
                findings.append(_test_pss(_PinsOf(token, name), pin))
            has_pss = token.card_facts.makes_pss(AUTHENTICATION, token.login.is_logged_in)
            return Result([*findings, _pss(token, has_pss)], has_pss)
        finally:
            _end(token)
    except JpkiError as error:
        failure = failures.failure(error)
        message = _("{reader}: {problem}", reader=name, problem=failure.message)
        return Result([*findings, Finding(PROBLEM, failure.code, message, failure.remedy, failure.exit_status)])


def _end(token: Token) -> None:
    """Log out as the module does."""
    try:
        token.log_out()
    except JpkiError:
        pass  # the card is gone, and with it what it knew
    finally:
        token.card.end()


def _identity(token: Token, name: str) -> Iterator[Finding]:
    info = token.card_facts.token_info
    kind = card_kinds.name_of(info, info.is_software)
    yield Finding(OK, "card", _("{reader}: {kind}.", reader=name, kind=kind))
    yield from _certificate(token)
    yield from _tries(_PinsOf(token, name))


def _certificate(token: Token) -> Iterator[Finding]:
    """Whether there is a certificate for authentication, and whether it is valid."""
    try:
        certificate = token.card_facts.certificate(AUTHENTICATION.certificate_ef)
    except SecurityStatusNotSatisfied:
        return  # a phone's shows after a login only
    if certificate is None:
        message = _("The card has no user authentication certificate that can be read.")
        yield Finding(PROBLEM, "no-certificate", message, _("Ask at your municipal office."))
        return
    from asn1crypto.x509 import Certificate  # only here: it takes time to import

    warning = Period.of(Certificate.load(certificate.der)).warning(datetime.now().astimezone())
    if warning:
        message = _("{certificate}: {warning}.", certificate=_(KEYS["auth"].title), warning=warning)
        yield Finding(WARNING, "certificate", message)


def _tries(card: _PinsOf) -> Iterator[Finding]:
    for key, _title in KEYS.values():
        left = card.run(card.token.card.jpki.tries_left, key)
        if left is not None and left < key.pin_rule.max_tries:
            level = PROBLEM if left == 0 else WARNING
            message = _("{pin}: {tries}.", pin=pin_title(key), tries=pin_prompt.tries(left, key.pin_rule))
            remedy = _(exits.OFFICE) if left == 0 else _("A correct PIN restores all tries.")
            yield Finding(level, "tries", message, remedy, exits.PIN_BLOCKED)


# -- PSS --------------------------------------------------------------------------------------------------------------


def _pss(token: Token, has_pss: bool) -> Finding:
    if has_pss:
        message = _("The card supports RSA-PSS signatures, which TLS 1.3 needs; the module offers them.")
        return Finding(OK, "pss", message)
    if token.card_facts.pss.is_known:
        return Finding(NOTE, "no-pss", _("The card does not support RSA-PSS signatures, which TLS 1.3 needs."))
    message = _("It is not known whether the card supports RSA-PSS signatures, so the module does not offer them.")
    remedy = _("To find out (the user authentication PIN is needed): pyjpki11 doctor --test-pss")
    return Finding(NOTE, "pss-unknown", message, remedy)


def _test_pss(card: _PinsOf, pin: PinSource) -> Finding:
    """Have the card make a PSS signature, and keep what came of it for this card, as the module does."""
    token = card.token
    secret = pin_prompt.obtain(card, token.card.jpki, AUTHENTICATION, pin)
    try:
        with progress.shown(_("Signing")):
            token.login.log_in(secret)
            token.card_facts.makes_pss(AUTHENTICATION, is_logged_in=True)  # asked first, as the module does
            length = _salt_len(token)
    finally:
        wipe(secret)
    if length is None:
        return Finding(NOTE, "pss-test", _("The card was asked for an RSA-PSS signature, but did not make one."))
    message = _("The card made a correct RSA-PSS signature with a salt of {count} bytes.", count=length)
    return Finding(OK, "pss-test", message)


def _salt_len(token: Token) -> int | None:
    """The length in bytes of the salt in a signature that the card has made and that verifies; None: it made none."""
    (handle,) = token.objects.find([(cka.CLASS, ulong(cko.PRIVATE_KEY))])
    key = token.objects.get(handle)
    if not isinstance(key, TokenObject):
        raise AssertionError("nothing else was made in this session")
    wanted = PssParameters(CARD_PSS_HASH, CARD_PSS_HASH, EXPECTED_SALT_LEN)
    try:
        SignOperation(token, key, MECHANISMS[ckm.SHA256_RSA_PKCS_PSS], wanted).sign(b"pyjpki11 doctor --test-pss")
    except CryptokiError as error:
        if error.rv != ckr.MECHANISM_PARAM_INVALID:  # that is a salt of another length than expected
            raise
    except (StatusWordError, WrongSignature):
        token.card_facts.pss.learn_absence()
        return None
    return token.card_facts.pss.salt_len
