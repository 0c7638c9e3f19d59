"""Encryption with a public key, without the card."""

from __future__ import annotations

from pyjpki11.cryptoki import ckr
from pyjpki11.cryptoki.mechanisms import OaepParameters
from pyjpki11.errors import CryptokiError
from pyjpki11.provider.steps import READY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

    from pyjpki11.provider.message_operation import Parameters
    from pyjpki11.provider.rsa import PublicKey


class EncryptOperation:
    """One encryption. `cryptography` does it, since padding that must not be guessed is best left to a library."""

    def __init__(self, key: PublicKey, parameters: Parameters) -> None:
        self.phase = READY
        self._key = key
        self._parameters = parameters

    @property
    def output_len(self) -> int:
        """Bytes of the ciphertext."""
        return self._key.length

    @property
    def room(self) -> int:
        """Bytes that may be taken in."""
        return self._key.length

    def encrypt(self, data: bytes) -> bytes:
        """The ciphertext, as long as the modulus.

        :raises CryptokiError: DATA_LEN_RANGE, or KEY_SIZE_RANGE for a key that no library would use.
        """
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

        try:
            key = RSAPublicNumbers(self._key.exponent, self._key.modulus).public_key()
        except ValueError:
            raise CryptokiError(ckr.KEY_SIZE_RANGE) from None
        try:
            return key.encrypt(data, self._padding())
        except ValueError:
            raise CryptokiError(ckr.DATA_LEN_RANGE) from None

    def _padding(self) -> AsymmetricPadding:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        wanted = self._parameters
        if not isinstance(wanted, OaepParameters):
            return padding.PKCS1v15()
        mgf_hash, own_hash = (getattr(hashes, name.upper())() for name in (wanted.mgf_digest, wanted.digest))
        return padding.OAEP(padding.MGF1(mgf_hash), own_hash, wanted.label or None)
