"""Data on its way into a signature or hash, whole or in parts."""

from __future__ import annotations

from pyjpki11.cryptoki import ckr
from pyjpki11.cryptoki.mechanisms import PSS, PssParameters
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.cryptoki.mechanisms import Mechanism, OaepParameters
    from pyjpki11.provider.digest import Hash

    Parameters = PssParameters | OaepParameters | None


class Input:
    """Collects the data of a mechanism; `block` is what the padding is then put around.

    A block that is signed as it is may come in parts too, although the standard asks for one: OpenSC takes them,
    and pkcs11-tool sends them.
    """

    __slots__ = ("_hash", "_limit", "_mechanism", "_parts")

    def __init__(self, mechanism: Mechanism, limit: int) -> None:
        """:param limit: bytes that a block may have."""
        self._mechanism = mechanism
        self._limit = limit
        self._hash: Hash | None = digest.new(mechanism.digest) if mechanism.digest else None
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

    def block(self) -> bytes:
        """The DigestInfo, the hash, or the data itself."""
        return self._parts if self._hash is None else self._mechanism.prefix + self._hash.digest()


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
