"""Signatures made by the card."""

from __future__ import annotations

from pyjpki11.card.jpki import MAX_BLOCK_LEN, SIGN_PSS, SIGN_V15
from pyjpki11.cryptoki import ckr
from pyjpki11.cryptoki.mechanisms import PSS, PssParameters
from pyjpki11.errors import CryptokiError, PssUnknown
from pyjpki11.provider.message_operation import MessageOperation
from pyjpki11.provider.rsa import V15_PADDING_LEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.cryptoki.mechanisms import Mechanism
    from pyjpki11.provider.message_operation import Parameters
    from pyjpki11.provider.objects import TokenObject
    from pyjpki11.provider.token import Token

#: The only PSS that the card makes. Card: notes 4.1
CARD_PSS_HASH = "sha256"
CARD_PSS_HASH_LEN = 32


class SignOperation(MessageOperation):
    """A signature, or a series of them, with one key and one mechanism."""

    def __init__(self, token: Token, key: TokenObject, mechanism: Mechanism, parameters: Parameters) -> None:
        """:raises CryptokiError: MECHANISM_PARAM_INVALID, also for a PSS that the card does not make."""
        self._public_key = key.public_key()
        super().__init__(mechanism, self._public_key.length)
        self.has_own_consent = False
        self._token = token
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
        :raises WrongSignature: the card's answer does not verify; it is not returned.
        """
        block = self._take_block()
        consent, self.has_own_consent = self.has_own_consent, False
        return (self._sign_pss if self._mechanism.padding == PSS else self._sign_v15)(block, consent)

    def _sign_v15(self, block: bytes, consent: bool) -> bytes:
        if not 1 <= len(block) <= min(self._public_key.length - V15_PADDING_LEN, MAX_BLOCK_LEN):
            raise CryptokiError(ckr.DATA_LEN_RANGE)
        signature = self._token.sign(block, SIGN_V15, consent)
        if not self._public_key.is_v15(signature, block):
            raise self._token.refuse_signature()
        return signature

    def _sign_pss(self, hashed: bytes, consent: bool) -> bytes:
        """Design: decision 8"""
        if len(hashed) != CARD_PSS_HASH_LEN:
            raise CryptokiError(ckr.DATA_LEN_RANGE)
        pss = self._token.card_facts.pss
        try:
            signature = self._token.sign(hashed, SIGN_PSS, consent)
        except PssUnknown:
            pss.learn_absence()
            raise
        salt_len = self._public_key.pss_salt_len(signature, hashed, CARD_PSS_HASH, CARD_PSS_HASH)
        if salt_len is None:
            raise self._token.refuse_signature()
        pss.learn_salt_len(salt_len)
        self._check_pss()
        return signature

    def _check_pss(self) -> None:
        wanted = self._parameters
        if (
            not isinstance(wanted, PssParameters)
            or (wanted.digest, wanted.mgf_digest) != (CARD_PSS_HASH, CARD_PSS_HASH)
            or not self._token.card_facts.pss.may_have_salt_len(wanted.salt_len)
        ):
            raise CryptokiError(ckr.MECHANISM_PARAM_INVALID, "the card makes no such PSS signature")
