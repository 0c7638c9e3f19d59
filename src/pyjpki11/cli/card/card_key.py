"""A key of the card that signs documents, after a login and with the user's consent to each signature."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pyjpki11 import environment, settings
from pyjpki11.card.layout import KeyLayout
from pyjpki11.card.pin import wipe
from pyjpki11.cli.card import pin_prompt
from pyjpki11.cli.card.cards import MyNumberCard
from pyjpki11.cli.card.pin_prompt import PinSource
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import exits, output, progress
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cryptoki import cka, ckf, ckm, cko, cku
from pyjpki11.cryptoki.attributes import ulong
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import consent
from pyjpki11.provider.card_cache import CardCache
from pyjpki11.provider.inserted_card import InsertedCard
from pyjpki11.provider.session import Session
from pyjpki11.provider.steps import SIGN, SIGN_FINAL, SIGN_UPDATE
from pyjpki11.provider.token import Token, tokens_of

#: Hash -> mechanism.
MECHANISMS = {"sha256": ckm.SHA256_RSA_PKCS, "sha384": ckm.SHA384_RSA_PKCS, "sha512": ckm.SHA512_RSA_PKCS}


def needs_consent(key: KeyLayout) -> bool:
    """Whether each signature with a key needs its PIN. Design: decision 7"""
    return consent.is_needed(key, settings.load(environment.variables()))


def token_on(card: InsertedCard, key: KeyLayout) -> Token:
    """A key of a card as the PKCS#11 module has it, with its settings and its cache.

    :raises CardNotRecognized: it is another card.
    """
    chosen = settings.load(environment.variables())
    tokens = tokens_of(card, CardCache(chosen.certificate_cache), chosen, itertools.count(1).__next__)
    return next(token for token in tokens if token.key is key)


class CardKey:
    """One of the card's keys.

    It stands on the provider's session, so the rules are those of programs with the PKCS#11 module: consent to each
    signature, no PIN sent twice that was refused, no signature handed out that its certificate does not verify.
    """

    def __init__(self, card: MyNumberCard, key: KeyLayout, source: PinSource, consents_to_all: bool) -> None:
        """:param consents_to_all: one entry of the PIN is the consent to every signature."""
        token = token_on(card.card, key)
        self._session = Session(1, token.layout.index, token, ckf.SERIAL_SESSION)
        self._card = card
        self._layout = key
        self._source = source
        self._consents_to_all = consents_to_all
        self._pin = bytearray()
        self._has_signed = False
        self.certificate = b""
        self.ca_certificate: bytes | None = None

    def public_certificate(self) -> bytes | None:
        """The certificate, where the card shows it before the PIN; it is not read once more then."""
        certificate = self._session.token.facts.certificate(self._layout.certificate_ef)
        return certificate.der if certificate else None

    def log_in(self) -> None:
        """Ask for the PIN, present it, read the certificates.

        :raises PinError: it is wrong.
        :raises ToolError: the card has no certificate for this key.
        """
        self._obtain_pin()
        with self._presenting() as pin, progress.shown(_("Logging in")):
            self._session.login(cku.USER, pin)
        token = self._session.token
        with progress.shown(_("Reading the certificate")):
            certificate = token.facts.certificate(self._layout.certificate_ef)
            ca_certificate = token.facts.certificate(self._layout.ca_certificate_ef)
        if certificate is None:
            raise ToolError(exits.NO_CARD, "no-certificate", _("This certificate is not on the card."))
        self.certificate = certificate.der
        self.ca_certificate = ca_certificate.der if ca_certificate else None

    def close(self) -> None:
        """Forget the PIN."""
        wipe(self._pin)

    def consent_to(self, name: str) -> None:
        """Have the user consent to the next signature, of the file of that name, where a login is not enough.

        :raises PinError: the PIN is wrong.
        """
        if self._has_signed and needs_consent(self._layout) and not self._consents_to_all:
            output.note(_("{file} needs the password again.", file=name))
            self._obtain_pin()

    def sign(self, digest: str, chunks: Iterable[bytes]) -> bytes:
        """The RSASSA-PKCS1-v1_5 signature of a content.

        :raises ToolError: another program has logged the card out.
        """
        try:
            return self._sign(digest, chunks)
        except CryptokiError as error:
            remedy = _("Close other programs that use the card, then run the command again.")
            message = _("The card did not sign, because it was logged out in the meantime.")
            raise ToolError(exits.BROKE_OFF, "logged-out", message, remedy) from error

    def _sign(self, digest: str, chunks: Iterable[bytes]) -> bytes:
        session = self._session
        (key,) = session.token.objects.find([(cka.CLASS, ulong(cko.PRIVATE_KEY))])
        session.start_signing(SIGN, key, MECHANISMS[digest], None)
        if self._has_signed and needs_consent(self._layout):
            with self._presenting() as pin:
                session.login(cku.CONTEXT_SPECIFIC, pin)
        self._has_signed = True
        with progress.shown(_("Reading the file")):
            for chunk in chunks:
                with session.step(SIGN_UPDATE) as signing:
                    signing.update(chunk)
        with progress.shown(_("The card is signing")), session.step(SIGN_FINAL) as signing:
            signature: bytes = signing.finish()
        return signature

    def _obtain_pin(self) -> None:
        self.close()
        self._pin = pin_prompt.obtain(self._card, self._card.jpki, self._layout, self._source)

    @contextmanager
    def _presenting(self) -> Iterator[bytearray]:
        """The PIN, which is then forgotten unless it stands for all signatures."""
        try:
            yield self._pin
        finally:
            if not self._consents_to_all:
                self.close()
