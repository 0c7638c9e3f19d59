"""Signatures: from data and a mechanism to the block that the card signs, and the check of what it answers."""

from __future__ import annotations

from pyjpki11.cryptoki import cka, ckr
from pyjpki11.cryptoki.attributes import boolean
from pyjpki11.cryptoki.mechanisms import MECHANISMS
from pyjpki11.errors import CryptokiError, WrongSignature
from pyjpki11.provider import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.cryptoki.mechanisms import Mechanism
    from pyjpki11.provider.digest import Hash
    from pyjpki11.provider.objects import TokenObject

#: Bytes that PKCS#1 v1.5 padding takes at least. Spec: RFC 8017 9.2
PADDING_LEN = 11


class SignOperation:
    """A signature being made with one key and one mechanism."""

    def __init__(self, key: TokenObject, mechanism: Mechanism) -> None:
        self.key = key
        self.mechanism = mechanism
        self.has_own_consent = False
        self._hash: Hash | None = digest.new(mechanism.digest) if mechanism.digest else None
        self._parts = b""  # of a mechanism without a hash
        self.is_multi_part = False

    @property
    def signature_len(self) -> int:
        """Bytes of the signature."""
        modulus = self.key.certificate.modulus
        return (modulus.bit_length() + 7) // 8 if modulus is not None else 0

    def update(self, data: bytes) -> None:
        """Take in a part of the data.

        A block that is signed as it is may come in parts too, although the standard asks for one: OpenSC takes them,
        and pkcs11-tool sends them.

        :raises CryptokiError: DATA_LEN_RANGE, the parts are longer than any block.
        """
        self.is_multi_part = True
        if self._hash is not None:
            self._hash.update(data)
            return
        if len(self._parts) + len(data) > self.signature_len:
            raise CryptokiError(ckr.DATA_LEN_RANGE)
        self._parts += data

    def sign(self, data: bytes) -> bytes:
        """The signature of data given as a whole."""
        self.update(data)
        return self.finish()

    def finish(self) -> bytes:
        """The signature of all parts so far."""
        return self._sign_block(self._parts if self._hash is None else self.mechanism.prefix + self._hash.digest())

    def _sign_block(self, block: bytes) -> bytes:
        if not 1 <= len(block) <= self.signature_len - PADDING_LEN:
            raise CryptokiError(ckr.DATA_LEN_RANGE)
        signature = self.key.token.sign(block, self.has_own_consent)
        certificate = self.key.certificate
        if certificate.modulus is None or certificate.exponent is None:
            raise CryptokiError(ckr.KEY_TYPE_INCONSISTENT)
        check_v15(signature, block, certificate.modulus, certificate.exponent)
        return signature


def start(key: TokenObject, mechanism_number: int, has_parameter: bool) -> SignOperation:
    """Begin a signature.

    :raises CryptokiError: MECHANISM_INVALID, MECHANISM_PARAM_INVALID or KEY_FUNCTION_NOT_PERMITTED.
    """
    mechanism = MECHANISMS.get(mechanism_number)
    if mechanism is None:
        raise CryptokiError(ckr.MECHANISM_INVALID)
    if has_parameter:
        raise CryptokiError(ckr.MECHANISM_PARAM_INVALID)
    if cka.SIGN not in key.row.attributes:
        raise CryptokiError(ckr.KEY_TYPE_INCONSISTENT)
    if key.value(cka.SIGN) != boolean(True):
        raise CryptokiError(ckr.KEY_FUNCTION_NOT_PERMITTED)
    return SignOperation(key, mechanism)


def check_v15(signature: bytes, block: bytes, modulus: int, exponent: int) -> None:
    """Refuse a signature that is not the one of this block and key.

    Spec: RFC 8017 8.2.2
    :raises WrongSignature: it is not.
    """
    length = (modulus.bit_length() + 7) // 8
    padding = b"\xff" * (length - len(block) - 3)
    expected = int.from_bytes(b"\0\1" + padding + b"\0" + block, "big")
    if len(signature) != length or pow(int.from_bytes(signature, "big"), exponent, modulus) != expected:
        raise WrongSignature("the card's signature does not fit its certificate")
