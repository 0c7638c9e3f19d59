"""Signatures made by the card."""

from __future__ import annotations

from pyjpki11.cryptoki import ckr
from pyjpki11.cryptoki.mechanisms import PSS, PssParameters
from pyjpki11.errors import CryptokiError, StatusWordError
from pyjpki11.iso7816 import apdu, status
from pyjpki11.provider.inputs import MessageOperation
from pyjpki11.provider.rsa import V15_PADDING_LEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.cryptoki.mechanisms import Mechanism
    from pyjpki11.provider.inputs import Parameters
    from pyjpki11.provider.objects import TokenObject

#: The only PSS that the card makes. Card: reference 4.1
CARD_PSS_HASH = "sha256"
CARD_PSS_HASH_LEN = 32


class SignOperation(MessageOperation):
    """A signature, or a series of them, with one key and one mechanism."""

    def __init__(self, key: TokenObject, mechanism: Mechanism, parameters: Parameters) -> None:
        """:raises CryptokiError: MECHANISM_PARAM_INVALID, also for a PSS that the card does not make."""
        self._public_key = key.public_key()
        super().__init__(mechanism, self._public_key.length)
        self.has_own_consent = False
        self._token = key.token
        self._parameters = parameters
        if mechanism.padding == PSS:
            self._check_pss()

    @property
    def output_len(self) -> int:
        """Bytes of the signature."""
        return self._public_key.length

    def sign(self, data: bytes) -> bytes:
        """The signature of data, together with the parts before it."""
        self.update(data)
        return self.finish()

    def finish(self) -> bytes:
        """The signature of all parts so far.

        :raises CryptokiError: DATA_LEN_RANGE, USER_NOT_LOGGED_IN.
        :raises WrongSignature: the card's answer does not verify; nobody gets it.
        """
        block = self._take_block()
        consent, self.has_own_consent = self.has_own_consent, False
        return (self._sign_pss if self._mechanism.padding == PSS else self._sign_v15)(block, consent)

    def _sign_v15(self, block: bytes, consent: bool) -> bytes:
        if not 1 <= len(block) <= min(self._public_key.length - V15_PADDING_LEN, apdu.MAX_DATA_LEN):
            raise CryptokiError(ckr.DATA_LEN_RANGE)
        token, public_key = self._token, self._public_key
        signature, _is_right = token.sign(
            lambda card: card.sign(token.key, block, token.asks_each_time),
            lambda signature: public_key.is_v15(signature, block) or None,
            consent,
        )
        return signature

    def _sign_pss(self, hashed: bytes, consent: bool) -> bytes:
        """Design: decision 8"""
        if len(hashed) != CARD_PSS_HASH_LEN:
            raise CryptokiError(ckr.DATA_LEN_RANGE)
        token, public_key = self._token, self._public_key
        try:
            signature, salt_len = token.sign(
                lambda card: card.sign_pss(token.key, hashed, token.asks_each_time),
                lambda signature: public_key.pss_salt_len(signature, hashed, CARD_PSS_HASH, CARD_PSS_HASH),
                consent,
            )
        except StatusWordError as error:
            if error.sw == status.WRONG_P1_OR_P2:
                token.pss.learn_absence()
            raise
        token.pss.learn_salt_len(salt_len)
        self._check_pss()
        return signature

    def _check_pss(self) -> None:
        wanted = self._parameters
        if not isinstance(wanted, PssParameters) or (wanted.digest, wanted.mgf_digest, wanted.salt_len) != (
            CARD_PSS_HASH,
            CARD_PSS_HASH,
            self._token.pss.expected_salt_len(),
        ):
            raise CryptokiError(ckr.MECHANISM_PARAM_INVALID, "the card makes no such PSS signature")
