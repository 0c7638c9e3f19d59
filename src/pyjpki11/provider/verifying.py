"""Signatures verified with a public key, without the card."""

from __future__ import annotations

from pyjpki11.cryptoki import ckr
from pyjpki11.cryptoki.mechanisms import PSS, PssParameters
from pyjpki11.errors import CryptokiError
from pyjpki11.provider.message_operation import MessageOperation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.cryptoki.mechanisms import Mechanism
    from pyjpki11.provider.message_operation import Parameters
    from pyjpki11.provider.rsa import PublicKey


class VerifyOperation(MessageOperation):
    """A verification, or a series of them, with one key and one mechanism."""

    def __init__(
        self, key: PublicKey, mechanism: Mechanism, parameters: Parameters, signature: bytes | None = None
    ) -> None:
        """:param signature: the signature, where it comes before the data."""
        super().__init__(mechanism, key.length)
        self._key = key
        self._parameters = parameters
        self._signature = signature

    @property
    def output_len(self) -> int:
        """Bytes that recovering gives at most."""
        return self._key.length

    def finish(self, signature: bytes | None = None) -> None:
        """Verify the signature of all parts so far.

        :raises CryptokiError: SIGNATURE_INVALID or SIGNATURE_LEN_RANGE.
        """
        block = self._take_block()
        given = self._signature if signature is None else signature
        if given is None or len(given) != self._key.length:
            raise CryptokiError(ckr.SIGNATURE_LEN_RANGE)
        if not self._is_good(given, block):
            raise CryptokiError(ckr.SIGNATURE_INVALID)

    def recover(self, signature: bytes) -> bytes:
        """The block inside a v1.5 signature.

        :raises CryptokiError: SIGNATURE_INVALID or SIGNATURE_LEN_RANGE.
        """
        if len(signature) != self._key.length:
            raise CryptokiError(ckr.SIGNATURE_LEN_RANGE)
        block = self._key.recover_v15(signature)
        if block is None:
            raise CryptokiError(ckr.SIGNATURE_INVALID)
        return block

    def _is_good(self, signature: bytes, block: bytes) -> bool:
        if self._mechanism.padding != PSS:
            return self._key.is_v15(signature, block)
        wanted = self._parameters
        return isinstance(wanted, PssParameters) and wanted.salt_len == self._key.pss_salt_len(
            signature, block, wanted.digest, wanted.mgf_digest
        )
