"""A program that uses all of the provider on a hostile card, and minds what may never happen."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from support.steps import advance
from torture.choices import Choices
from torture.hostile_reader import Reader

from pyjpki11 import errors
from pyjpki11.boundary.ckr_table import CKR_OF
from pyjpki11.cryptoki import cka, ckf, ckm, cko, ckr, cku
from pyjpki11.cryptoki.attributes import boolean, ulong
from pyjpki11.cryptoki.mechanisms import HASHES, MECHANISMS, MGF_HASHES, PSS, Mechanism, PssParameters
from pyjpki11.cryptoki.names import name_of
from pyjpki11.provider import steps
from pyjpki11.provider.module import Module
from pyjpki11.provider.session import Session
from pyjpki11.settings import Settings

T = TypeVar("T")
#: Commands in one call, which is a transaction or a few.
MAX_COMMANDS = 2048
STEPS = 40
ANSWERS = {value for name, value in vars(ckr).items() if name.isupper()}
ROWS = set(CKR_OF) - {MemoryError}
ATTRIBUTES = [value for name, value in vars(cka).items() if name.isupper()]
TEXTS = (b"data", b"", b"x" * 245, b"x" * 246, b"x" * 300, b"h" * 20, b"h" * 32, b"x" * 1000)
PINS = (b"1234", b"1234", b"ABC123", b"ABC123", b"abc123", b"0000", b"9999", b"WRONG0", b"12", b"\xff" * 4, b"")
#: Slot -> PIN of the card as issued.
RIGHT_PINS = (b"1234", b"ABC123")
SIGNING = [number for number, row in MECHANISMS.items() if row.flags & ckf.SIGN]
SENDS_PINS = ("login", "consent", "change_pin")
CLASSES = (cko.CERTIFICATE, cko.PUBLIC_KEY, cko.PRIVATE_KEY, cko.PRIVATE_KEY, cko.PROFILE, cko.MECHANISM)


class Violation(AssertionError):
    """What may never happen has happened."""


def require(condition: object, what: str) -> None:
    """Raise Violation unless it is so."""
    if not condition:
        raise Violation(what)


class Player:
    """One example: a module, its sessions, and what is known about them."""

    def __init__(self, reader: Reader, choices: Choices, outcomes: Counter[str]) -> None:
        self.reader = reader
        self.most_commands = 0
        self._choices = choices
        self._outcomes = outcomes
        self._module: Module | None = None
        self._sessions: list[int] = []
        self._handles = [1]
        self._refused: set[tuple[int, bytes]] = set()
        self._tokens: list[object] = []  # they live on, so that none gets the id of another

    def play(self) -> None:
        """Do this and that, then end the module."""
        for _ in range(STEPS):
            if self._module is None:
                self._module = self._call("initialize", lambda: Module(Settings()))
                self._sessions = []
            else:
                self._choices.one_of(ACTS)(self)
        if self._module is not None:
            self._call("finalize", self.module.close)

    @property
    def module(self) -> Module:
        """The module, which there is while anything else is done."""
        assert self._module is not None
        return self._module

    # -- one call, and what holds for each ------------------------------------------------------------------

    def _call(self, name: str, function: Callable[[], T]) -> T | None:
        """What a call answers, or None when it fails as it may."""
        self.reader.start_call(name)
        outcome = "ok"
        try:
            return function()
        except Violation:
            raise
        except BaseException as error:
            outcome = type(error).__name__
            if isinstance(error, errors.CryptokiError):
                outcome = name_of(ckr, error.rv)
            self._check_error(name, error)
            self._error = error
            return None
        finally:
            self._outcomes[f"{name} {outcome}"] += 1
            self.reader.features.add((name, outcome))
            self._check_commands(name)

    def _check_error(self, name: str, error: BaseException) -> None:
        if isinstance(error, errors.CryptokiError):
            require(error.rv in ANSWERS, f"{name}: {error.rv:#x} is no answer")
        elif not ROWS.intersection(type(error).__mro__):
            raise Violation(f"{name}: unforeseen") from error

    def _check_commands(self, name: str) -> None:
        reader = self.reader
        require(not reader.complaints, f"{name}: {reader.complaints}")
        require(not reader.is_careless, f"{name}: a PIN was presented to an application that may be another's")
        self.most_commands = max(self.most_commands, reader.commands)
        require(reader.commands <= MAX_COMMANDS, f"{name}: {reader.commands} commands")
        require(len(reader.verifications) <= (name in SENDS_PINS), f"{name}: {reader.verifications} were presented")
        require(reader.changes <= (name == "change_pin"), f"{name}: {reader.changes} PIN changes")

    # -- slots and sessions ---------------------------------------------------------------------------------

    def list_slots(self) -> None:
        """What hosts do all the time."""
        self._call("refresh", self.module.refresh_readers)
        for is_present in (False, True):
            self._call("list", lambda present=is_present: self.module.slot_ids(present))  # type: ignore[misc]
        self._call("event", lambda: self.module.wait_for_slot_event(False))

    def describe(self) -> None:
        """C_GetTokenInfo, C_GetMechanismList."""
        token = self._call("token", lambda: self.module.token(self._choices.below(3)))
        if token is None:
            return
        self._call("texts", lambda: (token.facts.manufacturer(), token.facts.model(), token.facts.serial_number()))
        self._call("tries", token.login.pin_flags)
        self._call("mechanisms", token.facts.mechanisms)
        self._call("count", lambda: self.module.count_sessions(token))

    def open(self) -> None:
        """C_OpenSession."""
        flags = ckf.SERIAL_SESSION | self._choices.one_of((0, ckf.RW_SESSION))
        handle = self._call("open", lambda: self.module.open_session(self._choices.below(2), flags))
        if handle is not None:
            self._sessions.append(handle)
            self._tokens.append(self.module.session(handle).token)

    def close(self) -> None:
        """C_CloseSession and the like."""
        if self._sessions:
            handle = self._sessions.pop(self._choices.below(len(self._sessions)))
            self._call("close", lambda: self.module.close_session(handle))
        elif self._choices.happens(1, 2):
            self._call("close_all", lambda: self.module.close_all_sessions(self._choices.below(2)))
        else:
            self._call("finalize", self.module.close)
            self._module = None

    def swap(self) -> None:
        """The card is taken out and put back."""
        self.reader.swap()

    def prepare(self) -> None:
        """All that leads to a signature, done right."""
        session = self._session()
        if session is None:
            return
        right = RIGHT_PINS[session.slot_id % 2]
        self._present(session, "login", right, lambda pin: session.login(cku.USER, bytearray(pin)))
        found = self._call("find", lambda: session.token.objects.find([(cka.CLASS, ulong(cko.PRIVATE_KEY))]))
        self._handles = [*(found or []), *self._handles[:5]]
        if found and self._choices.happens(2, 3):
            self._sign(session, found[0])

    def _session(self) -> Session | None:
        if not self._sessions:
            self.open()
        if not self._sessions:
            return None
        handle = self._choices.one_of(self._sessions[-3:])
        session = self._call("session", lambda: self.module.present_session(handle))
        if session is None:
            self._sessions.remove(handle)
        return session

    # -- objects --------------------------------------------------------------------------------------------

    def find(self) -> None:
        """C_FindObjects by what costs commands and by what does not."""
        session = self._session()
        if session is None:
            return
        template = [(cka.CLASS, ulong(self._choices.one_of(CLASSES)))] if self._choices.happens(3, 4) else []
        if self._choices.happens(1, 4):
            attribute = self._choices.one_of(ATTRIBUTES)
            template.append((attribute, self._choices.one_of((b"", boolean(True), ulong(0), b"\1"))))
        self._call("find", lambda: session.start_search(template))
        found = self._call("found", lambda: advance(session, steps.FIND, lambda search: search.take(50)))
        self._call("found_all", lambda: advance(session, steps.FIND_FINAL, lambda search: None))
        self._handles = (found or []) + self._handles[:5]

    def read_attributes(self) -> None:
        """C_GetAttributeValue of everything, of objects that were found and of others."""
        session = self._session()
        if session is None:
            return
        hidden = [it.handle for it in session.token.objects.all()]  # whether or not the card has them
        handle = self._choices.one_of(hidden if self._choices.happens(1, 2) else self._handles)
        found = self._call("object", lambda: session.object(handle))
        if found is None:
            return
        for attribute in (*ATTRIBUTES, 0x80000001):
            value = self._call("attribute", lambda wanted=attribute: found.value(wanted))  # type: ignore[misc]
            require(value is None or isinstance(value, bytes), f"attribute {attribute:#x} is {value!r}")
        self._call("size", found.size)

    # -- PINs -----------------------------------------------------------------------------------------------

    def login(self) -> None:
        """C_Login."""
        session = self._session()
        if session is not None:
            self._present(session, "login", self._pin(session), lambda pin: session.login(cku.USER, bytearray(pin)))

    def consent(self, session: Session) -> None:
        """C_Login for one signature."""
        user = cku.CONTEXT_SPECIFIC
        self._present(session, "consent", self._pin(session), lambda pin: session.login(user, bytearray(pin)))

    def change_pin(self) -> None:
        """C_SetPIN, to one of the same, so that others go on working."""
        session = self._session()
        if session is not None:
            new = self._choices.one_of(PINS)
            old = self._pin(session)
            self._present(session, "change_pin", old, lambda pin: session.change_pin(bytearray(pin), bytearray(new)))

    def _pin(self, session: Session) -> bytes:
        return RIGHT_PINS[session.slot_id % 2] if self._choices.happens(1, 2) else self._choices.one_of(PINS)

    def _present(self, session: Session, name: str, pin: bytes, step: Callable[[bytes], None]) -> None:
        """What presents a PIN: none that the card has refused is presented again. Design: decision 5"""
        token = id(session.token)
        self._error = None
        self._call(name, lambda: step(pin))
        for sent in self.reader.verifications:
            require(sent == pin.upper(), f"{name}: {sent!r} was presented instead of {pin!r}")
            require((token, sent) not in self._refused, f"{name}: {sent!r} was presented again")
            if isinstance(self._error, errors.PinRejected | errors.PinBlocked) and not self.reader.changes:
                self._refused.add((token, sent))
        if name == "change_pin" and self._error is None:
            self._refused = {refused for refused in self._refused if refused[0] != token}

    _error: BaseException | None = None

    def logout(self) -> None:
        """C_Logout."""
        if self._sessions:
            handle = self._sessions[-1]
            self._call("logout", lambda: self.module.logout(handle))

    # -- signatures -----------------------------------------------------------------------------------------

    def sign(self) -> None:
        """C_Sign with any mechanism: nobody is handed a signature that the certificate does not verify."""
        session = self._session()
        if session is not None:
            key = self._key()
            for _ in range(1 + self._choices.below(3)):  # at once, as programs do that sign several documents
                self._sign(session, key)

    def _sign(self, session: Session, key: int) -> None:
        number = self._choices.one_of(SIGNING if self._choices.happens(7, 8) else tuple(MECHANISMS))
        row = MECHANISMS[number]
        parameters = self._pss_parameters() if row.padding == PSS else None
        self._call("sign_init", lambda: session.start_signing(steps.SIGN, key, number, parameters))
        if self._choices.happens(1, 3):
            self.consent(session)
        data = self._choices.one_of(TEXTS)
        signature = self._call("sign", lambda: advance(session, steps.SIGN_WHOLE, lambda it: it.sign(data)))
        if signature is not None:
            self._check_signature(session.object(key), row, parameters, data, signature)
            self._outcomes[f"signed {row.padding} {row.digest}"] += 1

    def _key(self) -> int:
        """What was found last, or its neighbour: a private key stands behind its public key."""
        return self._handles[0] - self._choices.below(2) if self._choices.happens(3, 4) else self._handles[-1]

    def _pss_parameters(self) -> PssParameters:
        if self._choices.happens(3, 4):
            return PssParameters("sha256", "sha256", self._choices.one_of((32, 32, 20)))
        digest, mgf_digest = (self._choices.one_of(tuple(table.values())) for table in (HASHES, MGF_HASHES))
        return PssParameters(digest, mgf_digest, self._choices.below(300))

    def _check_signature(
        self, key: Any, row: Mechanism, parameters: PssParameters | None, data: bytes, signature: bytes
    ) -> None:
        shown = key.certificate
        require(shown.modulus.to_bytes((shown.modulus.bit_length() + 7) // 8, "big") in shown.der, "another key")
        try:
            public_key = RSAPublicNumbers(shown.exponent, shown.modulus).public_key()
            if parameters is not None:
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), parameters.salt_len)
                hashed = data if row.digest is None else hashlib.sha256(data).digest()
                public_key.verify(signature, hashed, pss, Prehashed(hashes.SHA256()))
            elif row.digest is None:
                require(public_key.recover_data_from_signature(signature, padding.PKCS1v15(), None) == data, "data")
            else:
                public_key.verify(signature, data, padding.PKCS1v15(), getattr(hashes, row.digest.upper())())
        except (InvalidSignature, ValueError) as error:
            raise Violation(f"a signature that does not verify: {error}") from error

    def use_public_key(self) -> None:
        """C_Verify, C_Encrypt: with the key of a hostile certificate they too have to end."""
        session, key = self._session(), self._key()
        if session is None:
            return
        number = self._choices.one_of((ckm.RSA_PKCS, ckm.SHA256_RSA_PKCS))
        self._call("verify_init", lambda: session.start_verifying(steps.VERIFY, key, number, None))
        signature = self._choices.some_bytes(256)
        self._call("verify", lambda: advance(session, steps.VERIFY_WHOLE, lambda it: it.finish(signature)))
        self._call("encrypt_init", lambda: session.start_encrypting(key, number, None))
        self._call("encrypt", lambda: advance(session, steps.ENCRYPT_WHOLE, lambda it: it.encrypt(b"data")))


#: Things to do, the likeliest several times.
ACTS: tuple[Callable[[Player], None], ...] = (
    Player.list_slots,
    Player.describe,
    Player.open,
    Player.close,
    Player.swap,
    *(Player.find,) * 4,
    *(Player.read_attributes,) * 2,
    *(Player.prepare,) * 3,
    Player.login,
    Player.change_pin,
    Player.logout,
    *(Player.sign,) * 5,
    Player.use_public_key,
)
