"""An object on the card: which of its attributes a template asks for, and what value each has."""

from __future__ import annotations

from pyjpki11.cryptoki import cka, cko, ckr
from pyjpki11.cryptoki.attributes import ENCODERS
from pyjpki11.errors import CryptokiError
from pyjpki11.provider.rsa import PublicKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pyjpki11.card.certificate import Certificate
    from pyjpki11.cryptoki.attributes import Template
    from pyjpki11.provider.token_facts import TokenFacts

#: What a private key would reveal, and does not. Spec: PKCS#11 v3.1 6.1.3
SENSITIVE = frozenset((cka.PRIVATE_EXPONENT, cka.PRIME_1, cka.PRIME_2, cka.EXPONENT_1, cka.EXPONENT_2, cka.COEFFICIENT))

#: Computed, but without asking the card.
CHEAP = frozenset((cka.PRIVATE, cka.LABEL, cka.ID, cka.ALWAYS_AUTHENTICATE, cka.PROFILE_ID, cka.MECHANISM_TYPE))


class ObjectRow:
    """One object of a token.

    `certificate_ef` is where its certificate, or that of its key, is on the card. `is_private` objects show
    only after a login. `needs_rsa` objects exist only where the certificate's key is an RSA key. `is_hidden`
    objects are found only by those who ask for their class. `number` is what distinguishes it from others of its
    class: profile or mechanism.
    """

    __slots__ = ("attributes", "certificate_ef", "id", "is_hidden", "is_private", "label", "needs_rsa", "number")

    def __init__(
        self,
        attributes: Mapping[int, Any],
        label: str,
        identifier: int,
        certificate_ef: int,
        is_private: bool = False,
        needs_rsa: bool = False,
        number: int | None = None,
    ) -> None:
        self.attributes = attributes
        self.label = label
        self.number = number
        self.is_hidden = number is not None
        self.id = bytes((identifier,))
        self.certificate_ef = certificate_ef
        self.is_private = is_private
        self.needs_rsa = needs_rsa


class TokenObject:
    """An object on an inserted card; all attribute values come from here, encoded."""

    def __init__(self, handle: int, row: ObjectRow, facts: TokenFacts) -> None:
        self.handle = handle
        self.row = row
        self.facts = facts

    @property
    def is_private(self) -> bool:
        """Whether it shows only after a login."""
        return self.row.is_private

    def exists(self) -> bool:
        """Whether the card really has it: a card may lack a certificate, or hold something else in its place."""
        if self.row.number is not None:
            return self.row.attributes[cka.CLASS] != cko.MECHANISM or self.row.number in self.facts.mechanisms()
        certificate = self.facts.certificate(self.row.certificate_ef)
        return certificate is not None and (certificate.modulus is not None or not self.row.needs_rsa)

    @property
    def certificate(self) -> Certificate:
        """Its certificate, or that of its key.

        :raises CryptokiError: the card no longer gives it, or never had such a key.
        """
        certificate = self.facts.certificate(self.row.certificate_ef)
        if certificate is None or (self.row.needs_rsa and certificate.modulus is None):
            raise CryptokiError(ckr.OBJECT_HANDLE_INVALID, "its certificate is unreadable, or that of another key")
        return certificate

    def value(self, attribute: int) -> bytes:
        """The value of an attribute, encoded as C has it.

        :raises CryptokiError: ATTRIBUTE_SENSITIVE or ATTRIBUTE_TYPE_INVALID.
        """
        if attribute in SENSITIVE and self.row.attributes[cka.CLASS] == cko.PRIVATE_KEY:
            raise CryptokiError(ckr.ATTRIBUTE_SENSITIVE)
        try:
            value = self.row.attributes[attribute]
        except KeyError:
            raise CryptokiError(ckr.ATTRIBUTE_TYPE_INVALID) from None
        return ENCODERS[attribute](value(self) if callable(value) else value)

    def public_key(self) -> PublicKey:
        """The public half of its key.

        :raises CryptokiError: KEY_TYPE_INCONSISTENT, it is not an RSA key.
        """
        certificate = self.certificate
        if certificate.modulus is None or certificate.exponent is None:
            raise CryptokiError(ckr.KEY_TYPE_INCONSISTENT)
        return PublicKey(certificate.modulus, certificate.exponent)

    def size(self) -> int:
        """Bytes of all its attributes."""
        return sum(len(self.value(attribute)) for attribute in self.row.attributes)

    def matches(self, template: Template) -> bool:
        """Whether every attribute of the template has exactly that value; existence is asked last, since it may
        cost commands. Hidden objects want to be asked for by class. Spec: PKCS#11 v3.1 4.12, 4.13"""
        if self.row.is_hidden and all(attribute != cka.CLASS for attribute, _value in template):
            return False
        return all(self._matches(*wanted) for wanted in sorted(template, key=self._is_computed)) and self.exists()

    def _is_computed(self, wanted: tuple[int, bytes]) -> bool:
        return callable(self.row.attributes.get(wanted[0])) and wanted[0] not in CHEAP

    def _matches(self, attribute: int, wanted: bytes) -> bool:
        try:
            return self.value(attribute) == wanted
        except CryptokiError as error:
            if error.rv == ckr.USER_NOT_LOGGED_IN:
                raise
            return False
