"""Which call starts, continues or ends an operation: one table."""

from __future__ import annotations

from pyjpki11.cryptoki import ckf

# Kinds of operation; a session has at most one of each. Spec: PKCS#11 v3.1 5.12
SEARCH = "search"
DIGEST = "digest"
ENCRYPT = "encrypt"
DECRYPT = "decrypt"
SIGN = "sign"
SIGN_RECOVER = "sign-recover"
VERIFY = "verify"
VERIFY_RECOVER = "verify-recover"
VERIFY_SIGNATURE = "verify-signature"
SIGN_MESSAGES = "sign-messages"
VERIFY_MESSAGES = "verify-messages"

#: What C_SessionCancel calls them. Spec: PKCS#11 v3.1 5.6.5
CANCEL_FLAGS = {
    SEARCH: ckf.FIND_OBJECTS,
    DIGEST: ckf.DIGEST,
    ENCRYPT: ckf.ENCRYPT,
    DECRYPT: ckf.DECRYPT,
    SIGN: ckf.SIGN,
    SIGN_RECOVER: ckf.SIGN_RECOVER,
    VERIFY: ckf.VERIFY,
    VERIFY_RECOVER: ckf.VERIFY_RECOVER,
    VERIFY_SIGNATURE: ckf.VERIFY,
    SIGN_MESSAGES: ckf.MESSAGE_SIGN,
    VERIFY_MESSAGES: ckf.MESSAGE_VERIFY,
}

# Phases of an operation.
READY = "ready"  # started, nothing taken in
IN_PARTS = "in parts"  # some parts taken in
OVER = "over"


class Step:
    """A call on an operation: the phases in which it is allowed, the phase it leads to, and that after a failure.

    Neither a size query nor a buffer that is too small is a step. A call in a wrong phase is a failure.
    """

    __slots__ = ("after_failure", "kind", "leads_to", "phases")

    def __init__(self, kind: str, phases: tuple[str, ...], leads_to: str, after_failure: str = OVER) -> None:
        self.kind = kind
        self.phases = phases
        self.leads_to = leads_to
        self.after_failure = after_failure


_WHOLE = (READY,)
_ANY = (READY, IN_PARTS)

#: Spec: PKCS#11 v3.1 5.7 to 5.16
FIND = Step(SEARCH, _ANY, IN_PARTS)
FIND_FINAL = Step(SEARCH, _ANY, OVER)

DIGEST_WHOLE = Step(DIGEST, _WHOLE, OVER)
DIGEST_UPDATE = Step(DIGEST, _ANY, IN_PARTS)
DIGEST_FINAL = Step(DIGEST, _ANY, OVER)

ENCRYPT_WHOLE = Step(ENCRYPT, _WHOLE, OVER)

SIGN_WHOLE = Step(SIGN, _WHOLE, OVER)
SIGN_UPDATE = Step(SIGN, _ANY, IN_PARTS)
SIGN_FINAL = Step(SIGN, _ANY, OVER)
SIGN_RECOVER_WHOLE = Step(SIGN_RECOVER, _WHOLE, OVER)

VERIFY_WHOLE = Step(VERIFY, _WHOLE, OVER)
VERIFY_UPDATE = Step(VERIFY, _ANY, IN_PARTS)
VERIFY_FINAL = Step(VERIFY, _ANY, OVER)
VERIFY_RECOVER_WHOLE = Step(VERIFY_RECOVER, _WHOLE, OVER)

VERIFY_SIGNATURE_WHOLE = Step(VERIFY_SIGNATURE, _WHOLE, OVER)
VERIFY_SIGNATURE_UPDATE = Step(VERIFY_SIGNATURE, _ANY, IN_PARTS)
VERIFY_SIGNATURE_FINAL = Step(VERIFY_SIGNATURE, _ANY, OVER)

# One message after another; a message that fails does not end the series.
SIGN_MESSAGE = Step(SIGN_MESSAGES, _WHOLE, READY, READY)
SIGN_MESSAGE_BEGIN = Step(SIGN_MESSAGES, _WHOLE, IN_PARTS, READY)
SIGN_MESSAGE_NEXT = Step(SIGN_MESSAGES, (IN_PARTS,), IN_PARTS, READY)
SIGN_MESSAGE_LAST = Step(SIGN_MESSAGES, (IN_PARTS,), READY, READY)
SIGN_MESSAGES_FINAL = Step(SIGN_MESSAGES, _ANY, OVER)

VERIFY_MESSAGE = Step(VERIFY_MESSAGES, _WHOLE, READY, READY)
VERIFY_MESSAGE_BEGIN = Step(VERIFY_MESSAGES, _WHOLE, IN_PARTS, READY)
VERIFY_MESSAGE_NEXT = Step(VERIFY_MESSAGES, (IN_PARTS,), IN_PARTS, READY)
VERIFY_MESSAGE_LAST = Step(VERIFY_MESSAGES, (IN_PARTS,), READY, READY)
VERIFY_MESSAGES_FINAL = Step(VERIFY_MESSAGES, _ANY, OVER)
