"""Data on its way into a signature or its verification, whole or in parts."""

from __future__ import annotations

from pyjpki11.cryptoki import ckr
from pyjpki11.cryptoki.mechanisms import PSS, PssParameters
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import digest
from pyjpki11.provider.steps import READY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.cryptoki.mechanisms import Mechanism, OaepParameters
    from pyjpki11.provider.digest import Hash

    Parameters = PssParameters | OaepParameters | None


class MessageOperation:
    """An operation on one message after another, each collected into the block that the padding is put around.

    A block that is signed as it is may come in parts too, although the standard asks for one: OpenSC takes them,
    and pkcs11-tool sends them.
    """

    def __init__(self, mechanism: Mechanism, limit: int) -> None:
        """:param limit: bytes that a block may have."""
        self.phase = READY
        self._mechanism = mechanism
        self._limit = limit
        self.begin_message()

    def begin_message(self) -> None:
        """Take no parts over from a message that was left or failed."""
        name = self._mechanism.digest
        self._hash: Hash | None = digest.new(name) if name else None
        self._parts = b""

    @property
    def room(self) -> int:
        """Bytes that may still come."""
        return digest.NO_LIMIT if self._hash is not None else self._limit - len(self._parts)

    def update(self, data: bytes) -> None:
        """Take in a part.

        :raises CryptokiError: DATA_LEN_RANGE, the parts are longer than any block.
        """
        if self._hash is not None:
            self._hash.update(data)
            return
        if len(self._parts) + len(data) > self._limit:
            raise CryptokiError(ckr.DATA_LEN_RANGE)
        self._parts += data

    def _take_block(self) -> bytes:
        """The DigestInfo, the hash, or the data itself; afterwards another message may come."""
        block = self._parts if self._hash is None else self._mechanism.prefix + self._hash.digest()
        self.begin_message()
        return block


def check_parameters(mechanism: Mechanism, parameters: Parameters) -> None:
    """Refuse parameters that are missing, too many, or contradict the mechanism.

    :raises CryptokiError: MECHANISM_PARAM_INVALID.
    """
    wanted = mechanism.parameter
    if (wanted is None) != (parameters is None) or (wanted is not None and not isinstance(parameters, wanted)):
        raise CryptokiError(ckr.MECHANISM_PARAM_INVALID)
    if mechanism.padding == PSS and isinstance(parameters, PssParameters):
        if mechanism.digest not in (None, parameters.digest):
            raise CryptokiError(ckr.MECHANISM_PARAM_INVALID, "the mechanism and its parameter name two hashes")
