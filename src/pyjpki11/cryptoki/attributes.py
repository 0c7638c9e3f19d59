"""How the value of each attribute is written: CKA number -> encoder from a Python value to the bytes of C."""

from __future__ import annotations

import sys

from pyjpki11.cryptoki import cka

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    #: Attribute and value, encoded as C has it.
    Template = Sequence[tuple[int, bytes]]

ULONG_LEN = 8  # bytes of a CK_ULONG; see ck.UNAVAILABLE_INFORMATION


def boolean(value: bool) -> bytes:
    """CK_BBOOL."""
    return b"\1" if value else b"\0"


def ulong(value: int) -> bytes:
    """CK_ULONG, in the byte order of this machine."""
    return value.to_bytes(ULONG_LEN, sys.byteorder)


def ulongs(values: Sequence[int]) -> bytes:
    """Array of CK_ULONG."""
    return b"".join(map(ulong, values))


def text(value: str) -> bytes:
    """UTF-8 without a terminator."""
    return value.encode()


def big_integer(value: int) -> bytes:
    """Big-endian without sign, no leading zeros. Spec: PKCS#11 v3.1 2.1"""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def raw(value: bytes) -> bytes:
    """Bytes as they are: DER, ids, CK_DATE."""
    return value


#: Spec: PKCS#11 v3.1 4
ENCODERS: dict[int, Callable[[Any], bytes]] = {
    cka.CLASS: ulong,
    cka.TOKEN: boolean,
    cka.PRIVATE: boolean,
    cka.LABEL: text,
    cka.UNIQUE_ID: text,
    cka.MODIFIABLE: boolean,
    cka.COPYABLE: boolean,
    cka.DESTROYABLE: boolean,
    cka.CERTIFICATE_TYPE: ulong,
    cka.CERTIFICATE_CATEGORY: ulong,
    cka.TRUSTED: boolean,
    cka.SUBJECT: raw,
    cka.ISSUER: raw,
    cka.SERIAL_NUMBER: raw,
    cka.VALUE: raw,
    cka.CHECK_VALUE: raw,
    cka.START_DATE: raw,
    cka.END_DATE: raw,
    cka.URL: text,
    cka.HASH_OF_SUBJECT_PUBLIC_KEY: raw,
    cka.HASH_OF_ISSUER_PUBLIC_KEY: raw,
    cka.NAME_HASH_ALGORITHM: ulong,
    cka.APPLICATION: text,
    cka.OBJECT_ID: raw,
    cka.PROFILE_ID: ulong,
    cka.MECHANISM_TYPE: ulong,
    cka.KEY_TYPE: ulong,
    cka.ID: raw,
    cka.DERIVE: boolean,
    cka.LOCAL: boolean,
    cka.KEY_GEN_MECHANISM: ulong,
    cka.ALLOWED_MECHANISMS: ulongs,
    cka.PUBLIC_KEY_INFO: raw,
    cka.ENCRYPT: boolean,
    cka.DECRYPT: boolean,
    cka.SIGN: boolean,
    cka.SIGN_RECOVER: boolean,
    cka.VERIFY: boolean,
    cka.VERIFY_RECOVER: boolean,
    cka.WRAP: boolean,
    cka.UNWRAP: boolean,
    cka.SENSITIVE: boolean,
    cka.ALWAYS_SENSITIVE: boolean,
    cka.EXTRACTABLE: boolean,
    cka.NEVER_EXTRACTABLE: boolean,
    cka.WRAP_WITH_TRUSTED: boolean,
    cka.ALWAYS_AUTHENTICATE: boolean,
    cka.MODULUS: big_integer,
    cka.MODULUS_BITS: ulong,
    cka.PUBLIC_EXPONENT: big_integer,
}
