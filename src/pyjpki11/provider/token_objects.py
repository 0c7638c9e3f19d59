"""The objects of the two tokens, as data: which there are, and what value each of their attributes has."""

from __future__ import annotations

from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE
from pyjpki11.cryptoki import cka, ckc, ckk, ckm, cko, ckp
from pyjpki11.cryptoki.ck import UNAVAILABLE_INFORMATION
from pyjpki11.cryptoki.mechanisms import MECHANISMS
from pyjpki11.cryptoki.names import name_of
from pyjpki11.provider import digest
from pyjpki11.provider.objects import ObjectRow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pyjpki11.provider.objects import TokenObject

# -- attribute values: a constant, or a function of the object ----------------------------------------------------


def _needs_consent(it: TokenObject) -> bool:
    """Design: decision 7"""
    return it.facts.asks_each_time


_COMMON: dict[int, Any] = {
    cka.TOKEN: True,
    cka.PRIVATE: lambda it: it.row.is_private,
    cka.LABEL: lambda it: it.row.label,
    cka.ID: lambda it: it.row.id,
    cka.UNIQUE_ID: lambda it: f"{it.facts.serial_number()}-{it.row.label}",
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
    cka.ALLOWED_MECHANISMS: lambda it: it.facts.signing_mechanisms(),
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
    cka.UNIQUE_ID: lambda it: f"{it.facts.serial_number()}-{it.row.label}",
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

# -- the objects, with OpenSC's labels and ids so that scripts go on working. Card: notes 8.1 -------------------

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
    ObjectRow(PUBLIC_KEY, "Digital Signature Public Key", 2, SIGNATURE.certificate_ef, is_private=True, needs_rsa=True),
    ObjectRow(PRIVATE_KEY, "Digital Signature Key", 2, SIGNATURE.certificate_ef, is_private=True, needs_rsa=True),
    _SIGNATURE_CA,
    *_PROFILES,
    *_MECHANISMS,
)
