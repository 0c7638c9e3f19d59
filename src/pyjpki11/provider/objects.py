"""The objects of the tokens: which there are, and what value each of their attributes has."""

from __future__ import annotations

from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE
from pyjpki11.cryptoki import cka, ckc, ckk, ckm, cko, ckp, ckr
from pyjpki11.cryptoki.attributes import ENCODERS
from pyjpki11.cryptoki.ck import UNAVAILABLE_INFORMATION
from pyjpki11.cryptoki.mechanisms import MECHANISMS
from pyjpki11.cryptoki.names import name_of
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import digest
from pyjpki11.provider.rsa import PublicKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pyjpki11.card.certificate import Certificate
    from pyjpki11.provider.token import Token

    Template = Sequence[tuple[int, bytes]]


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

    def __init__(self, handle: int, row: ObjectRow, token: Token) -> None:
        self.handle = handle
        self.row = row
        self.token = token

    @property
    def is_private(self) -> bool:
        """Whether it shows only after a login."""
        return self.row.is_private

    def exists(self) -> bool:
        """Whether the card really has it: a card may lack a certificate, or hold something else in its place."""
        if self.row.number is not None:
            return self.row.attributes[cka.CLASS] != cko.MECHANISM or self.row.number in self.token.mechanisms()
        certificate = self.token.certificate(self.row.certificate_ef)
        return certificate is not None and (certificate.modulus is not None or not self.row.needs_rsa)

    @property
    def certificate(self) -> Certificate:
        """Its certificate, or that of its key.

        :raises CryptokiError: the card no longer gives it, or never had such a key.
        """
        certificate = self.token.certificate(self.row.certificate_ef)
        if certificate is None or (self.row.needs_rsa and certificate.modulus is None):
            raise CryptokiError(ckr.OBJECT_HANDLE_INVALID, "its certificate is unreadable, or that of another key")
        return certificate

    def value(self, attribute: int) -> bytes:
        """The value of an attribute, encoded as C has it.

        :raises CryptokiError: ATTRIBUTE_SENSITIVE or ATTRIBUTE_TYPE_INVALID.
        """
        if attribute in SENSITIVE and self.row.attributes is PRIVATE_KEY:
            raise CryptokiError(ckr.ATTRIBUTE_SENSITIVE)
        try:
            value = self.row.attributes[attribute]
        except KeyError:
            raise CryptokiError(ckr.ATTRIBUTE_TYPE_INVALID) from None
        return ENCODERS[attribute](value(self) if callable(value) else value)

    def public_key(self) -> PublicKey:
        """The public half of its key.

        :raises CryptokiError: KEY_TYPE_INCONSISTENT, it is no RSA key.
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


# -- attribute values: a constant, or a function of the object ----------------------------------------------------


def _needs_consent(it: TokenObject) -> bool:
    """Design: decision 7"""
    return it.token.asks_each_time


_COMMON: dict[int, Any] = {
    cka.TOKEN: True,
    cka.PRIVATE: lambda it: it.row.is_private,
    cka.LABEL: lambda it: it.row.label,
    cka.ID: lambda it: it.row.id,
    cka.UNIQUE_ID: lambda it: f"{it.token.insertion.serial_number()}-{it.row.label}",
    cka.MODIFIABLE: False,
    cka.COPYABLE: False,
    cka.DESTROYABLE: False,
    cka.SUBJECT: lambda it: it.certificate.subject,
}

#: Spec: PKCS#11 v3.1 4.6
CERTIFICATE: Mapping[int, Any] = _COMMON | {
    cka.CLASS: cko.CERTIFICATE,
    cka.CERTIFICATE_TYPE: ckc.X_509,
    cka.CERTIFICATE_CATEGORY: ckc.CERTIFICATE_CATEGORY_TOKEN_USER,
    cka.TRUSTED: False,
    cka.ISSUER: lambda it: it.certificate.issuer,
    cka.SERIAL_NUMBER: lambda it: it.certificate.serial_number,
    cka.VALUE: lambda it: it.certificate.der,
    cka.CHECK_VALUE: lambda it: digest.check_value(it.certificate.der),
    cka.PUBLIC_KEY_INFO: lambda it: it.certificate.public_key_info,
    cka.START_DATE: lambda it: it.certificate.not_before,
    cka.END_DATE: lambda it: it.certificate.not_after,
}

CA_CERTIFICATE: Mapping[int, Any] = {
    **CERTIFICATE,
    cka.CERTIFICATE_CATEGORY: ckc.CERTIFICATE_CATEGORY_AUTHORITY,
}

_KEY: dict[int, Any] = _COMMON | {
    cka.KEY_TYPE: ckk.RSA,
    cka.DERIVE: False,
    cka.LOCAL: True,
    cka.KEY_GEN_MECHANISM: UNAVAILABLE_INFORMATION,
    cka.ALLOWED_MECHANISMS: lambda it: it.token.signing_mechanisms(),
    cka.START_DATE: b"",
    cka.END_DATE: b"",
    cka.MODULUS: lambda it: it.certificate.modulus,
    cka.PUBLIC_EXPONENT: lambda it: it.certificate.exponent,
    cka.PUBLIC_KEY_INFO: lambda it: it.certificate.public_key_info,
}

#: Spec: PKCS#11 v3.1 4.8, 6.1.2
PUBLIC_KEY: Mapping[int, Any] = _KEY | {
    cka.CLASS: cko.PUBLIC_KEY,
    cka.MODULUS_BITS: lambda it: it.certificate.modulus.bit_length(),
    cka.VERIFY: True,
    cka.VERIFY_RECOVER: True,
    cka.ENCRYPT: False,
    cka.WRAP: False,
    cka.TRUSTED: False,
}

#: Spec: PKCS#11 v3.1 4.9, 6.1.3
PRIVATE_KEY: Mapping[int, Any] = _KEY | {
    cka.CLASS: cko.PRIVATE_KEY,
    cka.SENSITIVE: True,
    cka.ALWAYS_SENSITIVE: True,
    cka.EXTRACTABLE: False,
    cka.NEVER_EXTRACTABLE: True,
    cka.SIGN: True,
    cka.SIGN_RECOVER: True,
    cka.DECRYPT: False,
    cka.UNWRAP: False,
    cka.WRAP_WITH_TRUSTED: False,
    cka.ALWAYS_AUTHENTICATE: _needs_consent,
}

_DESCRIPTION: dict[int, Any] = {
    cka.TOKEN: True,
    cka.PRIVATE: False,
    cka.MODIFIABLE: False,
    cka.COPYABLE: False,
    cka.DESTROYABLE: False,
    cka.LABEL: lambda it: it.row.label,
    cka.UNIQUE_ID: lambda it: f"{it.token.insertion.serial_number()}-{it.row.label}",
}

#: Spec: PKCS#11 v3.1 4.13
PROFILE: Mapping[int, Any] = _DESCRIPTION | {
    cka.CLASS: cko.PROFILE,
    cka.PROFILE_ID: lambda it: it.row.number,
}

#: Spec: PKCS#11 v3.1 4.12
MECHANISM: Mapping[int, Any] = _DESCRIPTION | {
    cka.CLASS: cko.MECHANISM,
    cka.MECHANISM_TYPE: lambda it: it.row.number,
}

#: What a private key would reveal, and does not. Spec: PKCS#11 v3.1 6.1.3
SENSITIVE = frozenset(
    (cka.PRIVATE_EXPONENT, cka.PRIME_1, cka.PRIME_2, cka.EXPONENT_1, cka.EXPONENT_2, cka.COEFFICIENT)
)

#: Computed, but without asking the card.
CHEAP = frozenset((cka.PRIVATE, cka.LABEL, cka.ID, cka.ALWAYS_AUTHENTICATE, cka.PROFILE_ID, cka.MECHANISM_TYPE))

# -- the objects, with OpenSC's labels and ids so that scripts go on working. Card: reference 8.1 -------------------

_AUTHENTICATION_CA = ObjectRow(
    CA_CERTIFICATE, "User Authentication Certificate CA", 3, AUTHENTICATION.ca_certificate_ef
)
_SIGNATURE_CA = ObjectRow(CA_CERTIFICATE, "Digital Signature Certificate CA", 4, SIGNATURE.ca_certificate_ef)


def _profile(label: str, number: int) -> ObjectRow:
    return ObjectRow(PROFILE, label, 0, 0, number=number)


#: What the signature token claims: its certificate is not public. Spec: PKCS#11 Profiles v3.1 2
_PROFILES = (
    _profile("Baseline Provider", ckp.BASELINE_PROVIDER),
    _profile("Extended Provider", ckp.EXTENDED_PROVIDER),
    _profile("Authentication Token", ckp.AUTHENTICATION_TOKEN),
)
_MECHANISMS = tuple(ObjectRow(MECHANISM, name_of(ckm, number), 0, 0, number=number) for number in MECHANISMS)

AUTHENTICATION_OBJECTS = (
    ObjectRow(CERTIFICATE, "User Authentication Certificate", 1, AUTHENTICATION.certificate_ef),
    ObjectRow(PUBLIC_KEY, "User Authentication Public Key", 1, AUTHENTICATION.certificate_ef, needs_rsa=True),
    ObjectRow(
        PRIVATE_KEY, "User Authentication Key", 1, AUTHENTICATION.certificate_ef, is_private=True, needs_rsa=True
    ),
    _AUTHENTICATION_CA,
    _SIGNATURE_CA,
    *_PROFILES,
    _profile("Public Certificates Token", ckp.PUBLIC_CERTIFICATES_TOKEN),
    *_MECHANISMS,
)

SIGNATURE_OBJECTS = (
    ObjectRow(CERTIFICATE, "Digital Signature Certificate", 2, SIGNATURE.certificate_ef, is_private=True),
    ObjectRow(
        PUBLIC_KEY, "Digital Signature Public Key", 2, SIGNATURE.certificate_ef, is_private=True, needs_rsa=True
    ),
    ObjectRow(
        PRIVATE_KEY, "Digital Signature Key", 2, SIGNATURE.certificate_ef, is_private=True, needs_rsa=True
    ),
    _SIGNATURE_CA,
    *_PROFILES,
    *_MECHANISMS,
)
