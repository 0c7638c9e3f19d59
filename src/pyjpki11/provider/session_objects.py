"""Objects that an application makes for itself: they live in memory for as long as its session."""

from __future__ import annotations

import sys

from pyjpki11.cryptoki import cka, ckc, ckk, ckm, cko, ckr
from pyjpki11.cryptoki.attributes import ENCODERS, boolean, ulong
from pyjpki11.cryptoki.ck import UNAVAILABLE_INFORMATION
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import digest
from pyjpki11.provider.rsa import PublicKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from pyjpki11.cryptoki.attributes import Template

YES, NO, EMPTY = boolean(True), boolean(False), b""


class Rule:
    """What a template may and must say for one kind of object.

    `required` and `optional` (attribute -> default) are what it may say; `computed` (attribute -> function of
    the others) it may not. `fixed` may not be changed later.
    """

    __slots__ = ("computed", "fixed", "optional", "required")

    def __init__(
        self,
        required: tuple[int, ...],
        optional: dict[int, bytes],
        computed: Mapping[int, Callable[[Mapping[int, bytes]], bytes]],
        changeable: tuple[int, ...],
    ) -> None:
        self.required = required
        self.optional = _COMMON | optional
        self.computed = computed
        self.fixed = (set(required) | set(self.optional) | set(computed)) - {cka.LABEL, *changeable}


def _modulus_bits(attributes: Mapping[int, bytes]) -> bytes:
    return ulong(int.from_bytes(attributes[cka.MODULUS], "big").bit_length())


_COMMON = {
    cka.TOKEN: NO,
    cka.PRIVATE: NO,
    cka.MODIFIABLE: YES,
    cka.COPYABLE: YES,
    cka.DESTROYABLE: YES,
    cka.LABEL: EMPTY,
}

_DATA = Rule(
    required=(cka.CLASS,),
    optional={cka.APPLICATION: EMPTY, cka.OBJECT_ID: EMPTY, cka.VALUE: EMPTY},
    computed={},
    changeable=(cka.APPLICATION, cka.OBJECT_ID, cka.VALUE),
)

_CERTIFICATE = Rule(
    required=(cka.CLASS, cka.CERTIFICATE_TYPE, cka.SUBJECT, cka.VALUE),
    optional={
        cka.ID: EMPTY,
        cka.ISSUER: EMPTY,
        cka.SERIAL_NUMBER: EMPTY,
        cka.CERTIFICATE_CATEGORY: ulong(ckc.CERTIFICATE_CATEGORY_UNSPECIFIED),
        cka.TRUSTED: NO,
        cka.START_DATE: EMPTY,
        cka.END_DATE: EMPTY,
        cka.PUBLIC_KEY_INFO: EMPTY,
        cka.URL: EMPTY,
        cka.HASH_OF_SUBJECT_PUBLIC_KEY: EMPTY,
        cka.HASH_OF_ISSUER_PUBLIC_KEY: EMPTY,
        cka.NAME_HASH_ALGORITHM: ulong(ckm.SHA_1),
    },
    computed={cka.CHECK_VALUE: lambda attributes: digest.check_value(attributes[cka.VALUE])},
    changeable=(cka.ID, cka.ISSUER, cka.SERIAL_NUMBER),
)

_RSA_PUBLIC_KEY = Rule(
    required=(cka.CLASS, cka.KEY_TYPE, cka.MODULUS, cka.PUBLIC_EXPONENT),
    optional={
        cka.ID: EMPTY,
        cka.SUBJECT: EMPTY,
        cka.START_DATE: EMPTY,
        cka.END_DATE: EMPTY,
        cka.DERIVE: NO,
        cka.ENCRYPT: YES,
        cka.VERIFY: YES,
        cka.VERIFY_RECOVER: YES,
        cka.WRAP: NO,
        cka.TRUSTED: NO,
        cka.PUBLIC_KEY_INFO: EMPTY,
    },
    computed={
        cka.MODULUS_BITS: _modulus_bits,
        cka.LOCAL: lambda attributes: NO,
        cka.KEY_GEN_MECHANISM: lambda attributes: ulong(UNAVAILABLE_INFORMATION),
    },
    changeable=(cka.ID, cka.SUBJECT, cka.START_DATE, cka.END_DATE, cka.ENCRYPT, cka.VERIFY, cka.VERIFY_RECOVER),
)

#: Class -> attribute that tells its kind, kinds that can be made. Spec: PKCS#11 v3.1 4.5, 4.6.3, 6.1.2
RULES: Mapping[int, tuple[int, Mapping[int, Rule]]] = {
    cko.DATA: (cka.CLASS, {cko.DATA: _DATA}),
    cko.CERTIFICATE: (cka.CERTIFICATE_TYPE, {ckc.X_509: _CERTIFICATE}),
    cko.PUBLIC_KEY: (cka.KEY_TYPE, {ckk.RSA: _RSA_PUBLIC_KEY}),
}

#: What only an officer could set, or the card cannot do.
FORBIDDEN = {cka.TRUSTED: YES, cka.WRAP: YES, cka.DERIVE: YES}

#: Copies may make an object more careful, not less. Spec: PKCS#11 v3.1 5.7.2
COPY_CHANGES = {cka.PRIVATE: YES, cka.MODIFIABLE: NO, cka.COPYABLE: NO, cka.DESTROYABLE: NO}


class SessionObject:
    """An object in memory; all its attribute values are kept encoded."""

    is_hidden = False

    def __init__(self, handle: int, session: int, rule: Rule, attributes: dict[int, bytes]) -> None:
        self.handle = handle
        self.session = session
        self._rule = rule
        self._attributes = attributes

    @property
    def is_private(self) -> bool:
        """Whether it shows only after a login."""
        return self._attributes[cka.PRIVATE] == YES

    def value(self, attribute: int) -> bytes:
        """The value of an attribute.

        :raises CryptokiError: ATTRIBUTE_TYPE_INVALID.
        """
        if attribute not in self._attributes:
            raise CryptokiError(ckr.ATTRIBUTE_TYPE_INVALID)
        return self._attributes[attribute]

    def matches(self, template: Template) -> bool:
        """Whether every attribute of the template has exactly that value."""
        return all(self._attributes.get(attribute) == value for attribute, value in template)

    def size(self) -> int:
        """Bytes of all its attributes."""
        return sum(map(len, self._attributes.values()))

    def public_key(self) -> PublicKey:
        """Its key."""
        modulus, exponent = (int.from_bytes(self.value(a), "big") for a in (cka.MODULUS, cka.PUBLIC_EXPONENT))
        return PublicKey(modulus, exponent)

    def change(self, template: Template) -> None:
        """Set attributes, all or none.

        :raises CryptokiError: ACTION_PROHIBITED, ATTRIBUTE_READ_ONLY, ATTRIBUTE_TYPE_INVALID, ...
        """
        if self._attributes[cka.MODIFIABLE] != YES:
            raise CryptokiError(ckr.ACTION_PROHIBITED)
        for attribute, _value in template:
            if attribute in self._rule.fixed:
                raise CryptokiError(ckr.ATTRIBUTE_READ_ONLY)
        self._attributes |= _checked(template, self._rule)

    def copy(self, handle: int, session: int, template: Template) -> SessionObject:
        """Another object like it, with the template's changes."""
        if self._attributes[cka.COPYABLE] != YES:
            raise CryptokiError(ckr.ACTION_PROHIBITED)
        changes = _checked(template, self._rule)
        for attribute, value in template:
            allowed = attribute not in self._rule.fixed or value in (
                self._attributes.get(attribute),
                COPY_CHANGES.get(attribute),
            )
            if not allowed:
                raise CryptokiError(ckr.ATTRIBUTE_READ_ONLY)
        return SessionObject(handle, session, self._rule, self._attributes | changes)

    def require_destroyable(self) -> None:
        """:raises CryptokiError: ACTION_PROHIBITED."""
        if self._attributes[cka.DESTROYABLE] != YES:
            raise CryptokiError(ckr.ACTION_PROHIBITED)


def create(handle: int, session: int, template: Template) -> SessionObject:
    """An object from a template.

    :raises CryptokiError: TEMPLATE_INCOMPLETE, TEMPLATE_INCONSISTENT, ATTRIBUTE_TYPE_INVALID, ATTRIBUTE_READ_ONLY
        or ATTRIBUTE_VALUE_INVALID.
    """
    given = dict(template)
    if len(given) != len(template):
        raise CryptokiError(ckr.TEMPLATE_INCONSISTENT, "an attribute stands twice in the template")
    rule = _rule_for(given)
    attributes = dict(rule.optional) | _checked(template, rule)
    if any(attribute not in given for attribute in rule.required):
        raise CryptokiError(ckr.TEMPLATE_INCOMPLETE)
    attributes |= {attribute: compute(attributes) for attribute, compute in rule.computed.items()}
    if cka.MODULUS in attributes:
        _check_key(attributes)
    attributes[cka.UNIQUE_ID] = f"session-object-{handle:x}".encode()
    return SessionObject(handle, session, rule, attributes)


def require_kind(template: Template) -> None:
    """:raises CryptokiError: ATTRIBUTE_VALUE_INVALID or TEMPLATE_INCOMPLETE for what can be made nowhere."""
    _rule_for(dict(template))


def _rule_for(given: Mapping[int, bytes]) -> Rule:
    object_class = _number(given, cka.CLASS)
    if object_class not in RULES:
        raise CryptokiError(ckr.ATTRIBUTE_VALUE_INVALID, "no such object can be made")
    kind_attribute, kinds = RULES[object_class]
    kind = _number(given, kind_attribute)
    if kind not in kinds:
        raise CryptokiError(ckr.ATTRIBUTE_VALUE_INVALID, "no such object can be made")
    return kinds[kind]


def _number(given: Mapping[int, bytes], attribute: int) -> int:
    if attribute not in given:
        raise CryptokiError(ckr.TEMPLATE_INCOMPLETE)
    return int.from_bytes(given[attribute], sys.byteorder)


def _checked(template: Template, rule: Rule) -> dict[int, bytes]:
    """The template's attributes, if the object may have them and their values have the right form."""
    for attribute, value in template:
        if attribute in rule.computed:
            raise CryptokiError(ckr.ATTRIBUTE_READ_ONLY)
        if attribute not in rule.optional and attribute not in rule.required:
            raise CryptokiError(ckr.ATTRIBUTE_TYPE_INVALID)
        if not _has_form(ENCODERS[attribute], value) or FORBIDDEN.get(attribute) == value:
            raise CryptokiError(ckr.ATTRIBUTE_VALUE_INVALID)
    return dict(template)


def _has_form(encoder: Callable[[Any], bytes], value: bytes) -> bool:
    if encoder is boolean:
        return value in (YES, NO)
    return encoder is not ulong or len(value) == len(ulong(0))


def _check_key(attributes: Mapping[int, bytes]) -> None:
    """A modulus or exponent that is even or tiny belongs to no RSA key."""
    modulus, exponent = (int.from_bytes(attributes[a], "big") for a in (cka.MODULUS, cka.PUBLIC_EXPONENT))
    if modulus.bit_length() < 512 or modulus.bit_length() > 16384 or modulus % 2 == 0:
        raise CryptokiError(ckr.ATTRIBUTE_VALUE_INVALID, "no RSA modulus")
    if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 64:
        raise CryptokiError(ckr.ATTRIBUTE_VALUE_INVALID, "no RSA exponent")
