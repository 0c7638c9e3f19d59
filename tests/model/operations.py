"""What the standard says of operations: the second half of the model.

A session has at most one operation of a kind. A size query or a buffer that is too small changes nothing; every
other failure ends the operation, or in a series of messages the message.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from model.outcomes import Outcomes, chain, refusal, success
from model.world import Operation, Session, World

from pyjpki11.cryptoki import ckf, ckm

KEY_LEN = 256  # bytes
LONGEST_BLOCK = KEY_LEN - 11  # bytes that PKCS#1 v1.5 can pad
ANY = ("ready", "parts")
OVER = "over"


@dataclass(frozen=True)
class Role:
    """What a call does to its operation: in which phases it may come, which phase it leads to, or fails to."""

    phases: tuple[str, ...]
    leads_to: str
    after_failure: str = OVER
    has_output: bool = False
    finishes: bool = False  # it closes what was taken in


WHOLE = Role(("ready",), OVER, finishes=True)
UPDATE = Role(ANY, "parts")
FINAL = Role(ANY, OVER, finishes=True)
MESSAGE = Role(("ready",), "ready", "ready", finishes=True)
BEGIN = Role(("ready",), "parts", "ready")
NEXT = Role(("parts",), "parts", "ready")
LAST = Role(("parts",), "ready", "ready", finishes=True)
END = Role(ANY, OVER)
OUT = partial(replace, has_output=True)

#: Call -> kind of its operation, role. Spec: PKCS#11 v3.1 5.8 to 5.16, v3.2 for VerifySignature
CALLS = {
    "C_Digest": ("digest", OUT(WHOLE)),
    "C_DigestUpdate": ("digest", UPDATE),
    "C_DigestFinal": ("digest", OUT(FINAL)),
    "C_Encrypt": ("encrypt", OUT(WHOLE)),
    "C_Sign": ("sign", OUT(WHOLE)),
    "C_SignUpdate": ("sign", UPDATE),
    "C_SignFinal": ("sign", OUT(FINAL)),
    "C_SignRecover": ("sign-recover", OUT(WHOLE)),
    "C_SignMessage": ("sign-messages", OUT(MESSAGE)),
    "C_SignMessageBegin": ("sign-messages", BEGIN),
    "C_SignMessageNext more": ("sign-messages", NEXT),
    "C_SignMessageNext last": ("sign-messages", OUT(LAST)),
    "C_MessageSignFinal": ("sign-messages", END),
    "C_Verify": ("verify", WHOLE),
    "C_VerifyUpdate": ("verify", UPDATE),
    "C_VerifyFinal": ("verify", FINAL),
    "C_VerifyRecover": ("verify-recover", OUT(WHOLE)),
    "C_VerifyMessage": ("verify-messages", MESSAGE),
    "C_VerifyMessageBegin": ("verify-messages", BEGIN),
    "C_VerifyMessageNext more": ("verify-messages", NEXT),
    "C_VerifyMessageNext last": ("verify-messages", LAST),
    "C_MessageVerifyFinal": ("verify-messages", END),
    "C_VerifySignature": ("verify-signature", WHOLE),
    "C_VerifySignatureUpdate": ("verify-signature", UPDATE),
    "C_VerifySignatureFinal": ("verify-signature", FINAL),
}

#: Kind -> call that begins it.
INITS = {
    "digest": "C_DigestInit",
    "encrypt": "C_EncryptInit",
    "sign": "C_SignInit",
    "sign-recover": "C_SignRecoverInit",
    "sign-messages": "C_MessageSignInit",
    "verify": "C_VerifyInit",
    "verify-recover": "C_VerifyRecoverInit",
    "verify-messages": "C_MessageVerifyInit",
    "verify-signature": "C_VerifySignatureInit",
}

#: Kind -> flag of C_SessionCancel. Spec: PKCS#11 v3.1 5.6.11
CANCEL_FLAGS = {
    "search": ckf.FIND_OBJECTS,
    "digest": ckf.DIGEST,
    "encrypt": ckf.ENCRYPT,
    "sign": ckf.SIGN,
    "sign-recover": ckf.SIGN_RECOVER,
    "sign-messages": ckf.MESSAGE_SIGN,
    "verify": ckf.VERIFY,
    "verify-recover": ckf.VERIFY_RECOVER,
    "verify-messages": ckf.MESSAGE_VERIFY,
    "verify-signature": ckf.VERIFY,
}

DIGESTS = {ckm.SHA_1: "sha1", ckm.SHA256: "sha256", ckm.SHA512: "sha512"}
SIGNING_HASHES = {
    ckm.SHA256_RSA_PKCS: hashes.SHA256(),
    ckm.SHA512_RSA_PKCS: hashes.SHA512(),
    ckm.SHA256_RSA_PKCS_PSS: hashes.SHA256(),
}
_SIGNING = (ckm.RSA_PKCS, *SIGNING_HASHES)

#: Kind -> mechanisms that do it here. Messages come hashed only, in this test.
USES: dict[str, tuple[int, ...]] = {
    "digest": tuple(DIGESTS),
    "encrypt": (ckm.RSA_PKCS,),
    "sign": _SIGNING,
    "sign-recover": (ckm.RSA_PKCS,),
    "sign-messages": tuple(SIGNING_HASHES),
    "verify": _SIGNING,
    "verify-recover": (ckm.RSA_PKCS,),
    "verify-messages": tuple(SIGNING_HASHES),
    "verify-signature": _SIGNING,
}


def is_signature(key: RSAPublicKey, mechanism: int, data: bytes, signature: bytes) -> bool:
    """Whether `cryptography` thinks so; a block without a hash is compared."""
    if mechanism == ckm.RSA_PKCS:
        return signature_block(key, signature) == data
    hashing = SIGNING_HASHES[mechanism]
    padding = PSS(MGF1(hashing), hashing.digest_size) if mechanism == ckm.SHA256_RSA_PKCS_PSS else PKCS1v15()
    try:
        key.verify(signature, data, padding, hashing)
    except InvalidSignature:
        return False
    return True


def signature_block(key: RSAPublicKey, signature: bytes) -> bytes | None:
    """What is inside a v1.5 signature, or None. Spec: RFC 8017 9.2"""
    numbers = key.public_numbers()
    encoded = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(KEY_LEN, "big")
    filler, _, block = encoded[2:].partition(b"\0")
    return block if encoded.startswith(b"\0\1") and len(filler) >= 8 and not filler.strip(b"\xff") else None


@dataclass
class Call:
    """A call on an operation, as it will be made. `data` is None for a NULL pointer with a length."""

    name: str
    data: bytes | None
    room: int | None  # bytes for the result; None: a NULL pointer, which asks for the length
    signature: bytes = b""  # to be verified

    @property
    def kind(self) -> str:
        """Of its operation."""
        return CALLS[self.name][0]

    @property
    def role(self) -> Role:
        """See Role."""
        return CALLS[self.name][1]


class Operations:
    """How the operations of sessions go on."""

    def __init__(self, world: World, keys: dict[str, RSAPublicKey]) -> None:
        self._world = world
        self._keys = keys

    def begin(self, session: Session, kind: str, operation: Operation, problems: list[str]) -> Outcomes:
        """C_...Init; problems are what is wrong with its arguments, and the module may name any of them."""
        if kind in session.operations:
            problems = [*problems, "OPERATION_ACTIVE"]
        if problems:
            return refusal(*problems)
        return success(lambda: session.operations.update({kind: operation}))

    def cancel_by_init(self, session: Session, kind: str) -> Outcomes:
        """C_...Init without a mechanism ends an operation. Spec: PKCS#11 v3.1 5.8.1"""
        if kind not in session.operations:
            return refusal("ARGUMENTS_BAD")
        return success(partial(session.operations.__delitem__, kind))

    def cancel(self, session: Session, flags: int) -> Outcomes:
        """C_SessionCancel."""

        def forget() -> None:
            for kind in [kind for kind in session.operations if CANCEL_FLAGS[kind] & flags]:
                del session.operations[kind]

        return success(forget)

    def output_len(self, call: Call, operation: Operation) -> int:
        """Bytes that a size query tells."""
        if call.kind == "digest":
            return hashlib.new(DIGESTS[operation.mechanism], usedforsecurity=False).digest_size
        return KEY_LEN

    def go_on(self, session: Session, call: Call) -> Outcomes:
        """A call that continues or ends an operation."""
        operation = session.operations.get(call.kind)
        if operation is None:
            return refusal("OPERATION_NOT_INITIALIZED")
        fail = partial(self._enter, session, call, call.role.after_failure)
        if operation.phase not in call.role.phases:
            return {"OPERATION_NOT_INITIALIZED": fail}
        if call.role.has_output and call.room is None:
            return success()
        if call.role.has_output and (call.room or 0) < self.output_len(call, operation):
            return refusal("BUFFER_TOO_SMALL")
        if call.data is None:
            return {"ARGUMENTS_BAD": fail}
        advance = chain(
            partial(setattr, operation, "data", operation.data + call.data),
            partial(self._enter, session, call, call.role.leads_to),
        )
        worked = self._work(session, call, operation)
        return {rv: chain(effect, advance if rv == "OK" else fail) for rv, effect in worked.items()}

    def _enter(self, session: Session, call: Call, phase: str) -> None:
        if phase == OVER:
            del session.operations[call.kind]
            return
        operation = session.operations[call.kind]
        operation.phase = phase
        if phase == "ready" or call.role is BEGIN:
            operation.data = b""

    def _work(self, session: Session, call: Call, operation: Operation) -> Outcomes:
        """What comes of the data, apart from the operation's phase."""
        total = operation.data + (call.data or b"")
        is_raw = operation.mechanism == ckm.RSA_PKCS
        if not call.role.finishes:
            is_doubtful = is_raw and len(total) > LONGEST_BLOCK
            return refusal("DATA_LEN_RANGE") | success() if is_doubtful else success()
        if call.kind == "verify-recover":
            return self._recover(session, call)
        if call.kind.startswith("verify"):
            return self._verify(session, call, operation, total)
        if is_raw and (len(total) > LONGEST_BLOCK or (not total and call.kind.startswith("sign"))):
            return refusal("DATA_LEN_RANGE")
        return self._world.sign(session.token, operation) if call.kind.startswith("sign") else success()

    def _verify(self, session: Session, call: Call, operation: Operation, data: bytes) -> Outcomes:
        signature = operation.signature or call.signature
        problems = [] if len(signature) == KEY_LEN else ["SIGNATURE_LEN_RANGE"]
        if operation.mechanism == ckm.RSA_PKCS and len(data) > LONGEST_BLOCK:
            problems += ["DATA_LEN_RANGE", "SIGNATURE_INVALID"]
        if problems:
            return refusal(*problems)
        is_good = is_signature(self._keys[session.token.name], operation.mechanism, data, signature)
        return success() if is_good else refusal("SIGNATURE_INVALID")

    def _recover(self, session: Session, call: Call) -> Outcomes:
        if len(call.signature) != KEY_LEN:
            return refusal("SIGNATURE_LEN_RANGE")
        block = signature_block(self._keys[session.token.name], call.signature)
        return refusal("SIGNATURE_INVALID") if block is None else success()
