"""What a program does with the module through PyKCS11: pykcs11 MODULE KEY CHECK."""

from __future__ import annotations

import ctypes
import hashlib
import sys
import threading
from typing import Any

import PyKCS11 as p11  # type: ignore[import-untyped]
from support.clients import KEYS

DATA = b"what is signed"
HASHED = [f"CKM_{name}_RSA_PKCS" for name in ("SHA1", "SHA224", "SHA256", "SHA384", "SHA512")]
DIGESTS = {"CKM_SHA_1": "sha1"} | {f"CKM_SHA{bits}": f"sha{bits}" for bits in (224, 256, 384, 512)}
#: PIN of each key -> a good new one, and bad ones with the answer.
NEW_PINS = {"1234": "4321", "ABC123": "321CBA"}
BAD_PINS = {
    "1234": {"12": "CKR_PIN_LEN_RANGE", "12345": "CKR_PIN_LEN_RANGE", "12a4": "CKR_PIN_INVALID"},
    "ABC123": {"A": "CKR_PIN_LEN_RANGE", "A" * 17: "CKR_PIN_LEN_RANGE", "ABC 123": "CKR_PIN_INVALID"},
}
PROFILES = {"authentication": [1, 2, 3, 4], "signature": [1, 2, 3]}
SETTLED_S, WOKEN_S = 0.5, 10.0


class Client:
    """A logged-in session."""

    def __init__(self, path: str, key: str) -> None:
        self.path, self.name, self.key = path, key, KEYS[key]
        self.library = p11.PyKCS11Lib()
        self.library.load(path)
        (self.slot,) = [it for it in self.slots() if self.library.getTokenInfo(it).label.strip() == self.key.token]
        self.login()

    def slots(self) -> list[int]:
        """Slots with a token."""
        return list(self.library.getSlotList(True))

    def login(self) -> None:
        """Begin anew."""
        self.library.closeAllSessions(self.slot)
        self.session = self.library.openSession(self.slot, p11.CKF_RW_SESSION)
        self.session.login(self.key.pin)
        self.private_key = self.one(p11.CKO_PRIVATE_KEY)
        self.public_key = self.one(p11.CKO_PUBLIC_KEY)

    def one(self, object_class: int) -> Any:
        """The only object of a class."""
        (found,) = self.session.findObjects([(p11.CKA_CLASS, object_class)])
        return found

    def value(self, handle: Any, attribute: int) -> bytes:
        """An attribute's bytes."""
        return bytes(self.session.getAttributeValue(handle, [attribute], True)[0])

    def number(self, handle: Any, attribute: int) -> int:
        """An attribute that is a CK_ULONG."""
        return int.from_bytes(self.value(handle, attribute), sys.byteorder)

    def sign(self, mechanism: Any, data: bytes) -> bytes:
        """A signature, after a login."""
        self.login()
        return bytes(self.session.sign(self.private_key, data, mechanism))


def check_signatures(client: Client) -> None:
    """All mechanisms, verified by the module."""
    for name in (*HASHED, "CKM_RSA_PKCS"):
        mechanism = p11.Mechanism(getattr(p11, name))
        signature = client.sign(mechanism, DATA)
        assert client.session.verify(client.public_key, DATA, signature, mechanism), name
        assert not client.session.verify(client.public_key, DATA + b"!", signature, mechanism), name


def check_pss(client: Client) -> None:
    """The PSS of the card; another one is refused."""
    good = p11.RSA_PSS_Mechanism(p11.CKM_SHA256_RSA_PKCS_PSS, p11.CKM_SHA256, p11.CKG_MGF1_SHA256, 32)
    bad = p11.RSA_PSS_Mechanism(p11.CKM_SHA256_RSA_PKCS_PSS, p11.CKM_SHA256, p11.CKG_MGF1_SHA256, 31)
    signature = client.sign(good, DATA)
    assert client.session.verify(client.public_key, DATA, signature, good)
    assert not client.session.verify(client.public_key, DATA, signature, bad)
    answers("CKR_MECHANISM_PARAM_INVALID", client.sign, bad, DATA)


def check_digests(client: Client) -> None:
    """Whole and in parts."""
    for name, known in DIGESTS.items():
        mechanism, expected = p11.Mechanism(getattr(p11, name)), hashlib.new(known, DATA).digest()
        assert bytes(client.session.digest(DATA, mechanism)) == expected
        parts = client.session.digestSession(mechanism)
        parts.update(DATA[:3])
        parts.update(DATA[3:])
        assert bytes(parts.final()) == expected


def check_random(client: Client) -> None:
    """C_GenerateRandom; nothing may seed it."""
    assert len(set(map(bytes, (client.session.generateRandom(32) for _ in range(9))))) == 9
    answers("CKR_RANDOM_SEED_NOT_SUPPORTED", client.session.seedRandom, b"seed")


def check_objects(client: Client) -> None:
    """An object of the session, and that nothing on the card can be changed."""
    template = [(p11.CKA_CLASS, p11.CKO_DATA), (p11.CKA_TOKEN, p11.CK_FALSE), (p11.CKA_VALUE, b"value")]
    made = client.session.createObject(template)
    client.session.setAttributeValue(made, [(p11.CKA_LABEL, "label")])
    assert client.value(made, p11.CKA_LABEL) == b"label"
    client.session.destroyObject(made)
    answers("CKR_OBJECT_HANDLE_INVALID", client.session.getAttributeValue, made, [p11.CKA_LABEL])
    answers("CKR_ACTION_PROHIBITED", client.session.destroyObject, client.private_key)
    answers("CKR_ACTION_PROHIBITED", client.session.setAttributeValue, client.public_key, [(p11.CKA_LABEL, b"x")])
    template[1] = (p11.CKA_TOKEN, p11.CK_TRUE)
    answers("CKR_TOKEN_WRITE_PROTECTED", client.session.createObject, template)


def check_profiles_and_mechanisms(client: Client) -> None:
    """The objects that describe the token agree with what the token says of itself."""
    profiles = client.session.findObjects([(p11.CKA_CLASS, p11.CKO_PROFILE)])
    assert [client.number(it, p11.CKA_PROFILE_ID) for it in profiles] == PROFILES[client.name]
    described = client.session.findObjects([(p11.CKA_CLASS, p11.CKO_MECHANISM)])
    types = [client.number(it, p11.CKA_MECHANISM_TYPE) for it in described]
    offered = p11.LowLevel.ckulonglist()  # since 1.5.20 getMechanismList adds one of its own
    assert client.library.lib.C_GetMechanismList(client.slot, offered) == p11.CKR_OK
    assert types == list(offered)


def check_change_of_pin(client: Client) -> None:
    """C_SetPIN: a bad new PIN goes nowhere, a good one counts."""
    old, new = client.key.pin, NEW_PINS[client.key.pin]
    for bad, answer in BAD_PINS[old].items():
        answers(answer, client.session.setPin, old, bad)
    client.session.setPin(old, new)
    client.session.logout()
    answers("CKR_PIN_INCORRECT", client.session.login, old)
    client.session.login(new)
    client.session.setPin(new, old)


def check_refusals(client: Client) -> None:
    """What a finished card has not."""
    rsa = p11.Mechanism(p11.CKM_RSA_PKCS)
    session, private_key = client.session, client.private_key
    answers("CKR_KEY_FUNCTION_NOT_PERMITTED", session.decrypt, private_key, bytes(256), rsa)
    answers("CKR_KEY_FUNCTION_NOT_PERMITTED", session.encrypt, client.public_key, DATA, rsa)
    answers("CKR_FUNCTION_NOT_SUPPORTED", client.library.initToken, client.slot, "12345678", "label")
    answers("CKR_FUNCTION_NOT_SUPPORTED", session.initPin, "1234")
    answers("CKR_FUNCTION_NOT_SUPPORTED", session.generateKey, [], p11.MechanismAESGENERATEKEY)
    answers("CKR_FUNCTION_NOT_SUPPORTED", session.generateKeyPair, [], [], p11.MechanismRSAGENERATEKEYPAIR)
    answers("CKR_FUNCTION_NOT_SUPPORTED", session.wrapKey, client.public_key, private_key, rsa)
    answers("CKR_FUNCTION_NOT_SUPPORTED", session.unwrapKey, private_key, bytes(256), [], rsa)
    answers("CKR_FUNCTION_NOT_SUPPORTED", session.deriveKey, private_key, [], rsa)


def check_waiting_ends_with_the_module(client: Client) -> None:
    """C_WaitForSlotEvent: no event when nobody waits for one; C_Finalize from another thread wakes who does."""
    answers("CKR_NO_EVENT", client.library.waitForSlotEvent, p11.CKF_DONT_BLOCK)
    told: list[int] = []
    waiting = threading.Thread(target=lambda: told.append(wait_for_event(client)), daemon=True)
    waiting.start()
    waiting.join(SETTLED_S)
    assert not told
    client.library.lib.C_Finalize()
    waiting.join(WOKEN_S)
    assert told == [p11.CKR_CRYPTOKI_NOT_INITIALIZED], told


def wait_for_event(client: Client) -> int:
    """The answer of a C_WaitForSlotEvent that blocks."""
    return int(ctypes.CDLL(client.path).C_WaitForSlotEvent(ctypes.c_ulong(0), ctypes.byref(ctypes.c_ulong()), None))


def answers(expected: str, function: Any, *arguments: Any) -> None:
    """Call what has to fail, and see how."""
    try:
        function(*arguments)
    except p11.PyKCS11Error as error:
        assert p11.CKR.get(error.value) == expected, (function, error)
        return
    raise AssertionError(f"{function} was not refused")


CHECKS = {name.removeprefix("check_"): check for name, check in list(globals().items()) if name.startswith("check_")}

if __name__ == "__main__":
    CHECKS[sys.argv[3]](Client(sys.argv[1], sys.argv[2]))
