"""A program at work with a card: PKCS#11 calls on the provider, as words that scenarios are written in.

Sessions are named: one whose name begins with `auth` is of the authentication slot, with `sign` of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from provider.readers import SELECT_ISSUER, SELECT_JPKI, SELECT_TEXT, Reader, Readers
from support.steps import advance

from pyjpki11.boundary.ckr_table import ckr_of
from pyjpki11.cryptoki import cka, ckf, ckm, cko, ckr, cks, cku, names
from pyjpki11.cryptoki.attributes import ulong
from pyjpki11.cryptoki.mechanisms import PssParameters
from pyjpki11.errors import CryptokiError, JpkiError
from pyjpki11.provider import module as provider
from pyjpki11.provider import reader_watch, steps
from pyjpki11.provider.module import Module
from pyjpki11.provider.session import Session
from pyjpki11.settings import Settings

ANYTHING = "__any__"  # where a scenario does not care
DATA = b"what is to be signed"
SLOTS = {"auth": 0, "sign": 1}
PINS = {"auth": "1234", "sign": "ABC123"}
APPLICATIONS = {"jpki": SELECT_JPKI, "text": SELECT_TEXT, "issuer": SELECT_ISSUER}
PIN_FLAGS = {
    ckf.USER_PIN_COUNT_LOW: "COUNT_LOW",
    ckf.USER_PIN_FINAL_TRY: "FINAL_TRY",
    ckf.USER_PIN_LOCKED: "LOCKED",
}


def key_of(name: str) -> str:
    """The key pair that a session's name begins with."""
    return name[:4]


class Desk:
    """One program with the card in its one reader. Its methods are the words of the scenarios."""

    def __init__(self, reader: Reader, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.reader = reader
        self.readers = Readers(reader)
        self.settings = Settings()
        for name, value in settings.items():
            setattr(self.settings, name, value)
        monkeypatch.setattr(provider, "open_driver", lambda *_: self.readers)
        monkeypatch.setattr(reader_watch, "LOOK_S", 0.0)  # cards come and go faster here than by hand
        self.module = Module(self.settings)
        self.handles: dict[str, int] = {}
        self._commands_before = self._verifies_before = 0

    def do(self, word: str, *arguments: Any) -> Any:
        """The value a call gives, `OK` for none, or the name of what it answers instead."""
        try:
            value = getattr(self, word.replace("-", "_"))(*arguments)
        except JpkiError as error:
            return names.name_of(ckr, ckr_of(error)).removeprefix("CKR_")
        return "OK" if value is None else value

    def run(self, steps: Iterable[list[Any]]) -> None:
        """Steps of a word, its arguments and what must come of it."""
        for number, (word, *arguments, expected) in enumerate(steps, start=1):
            got = self.do(word, *arguments)
            assert expected in (ANYTHING, got), f"step {number}: {word} {' '.join(map(str, arguments))} -> {got!r}"

    # -- module and slots -----------------------------------------------------------------------------------

    def initialize(self) -> None:
        """C_Initialize, after a finalize."""
        self.readers.is_closed = False
        self.module = Module(self.settings)

    def finalize(self) -> None:
        """C_Finalize."""
        self.module.close()
        self.handles.clear()

    def slots(self) -> list[int]:
        """Slots with a token."""
        return self.module.slot_ids(token_present=True)

    def flags(self, slot: str) -> list[str]:
        """What C_GetTokenInfo says of the PIN."""
        flags = self.module.token(SLOTS[slot]).login.pin_flags()
        return [name for flag, name in PIN_FLAGS.items() if flags & flag]

    def token_info(self, slot: str) -> None:
        """The rest of C_GetTokenInfo."""
        token = self.module.token(SLOTS[slot])
        assert all((token.facts.manufacturer(), token.facts.model(), token.facts.serial_number()))

    def count(self, slot: str) -> int:
        """Sessions of a token."""
        return self.module.count_sessions(self.module.token(SLOTS[slot]))[0]

    # -- sessions -------------------------------------------------------------------------------------------

    def open(self, name: str) -> None:
        """C_OpenSession; read-write where the name ends so."""
        flags = ckf.SERIAL_SESSION | (ckf.RW_SESSION if name.endswith("-rw") else 0)
        self.handles[name] = self.module.open_session(SLOTS[key_of(name)], flags)

    def session(self, name: str) -> Session:
        """The session of that name."""
        return self.module.session(self.handles[name])

    def close(self, name: str) -> None:
        """C_CloseSession."""
        self.module.close_session(self.handles[name])

    def close_all(self, slot: str) -> None:
        """C_CloseAllSessions."""
        self.module.close_all_sessions(SLOTS[slot])

    def state(self, name: str) -> str:
        """C_GetSessionInfo."""
        state = self.module.present_session(self.handles[name]).state
        return names.name_of(cks, state).removeprefix("CKS_")

    def login(self, name: str, pin: str | None = None) -> None:
        """C_Login, by default with the right PIN."""
        self._login(name, cku.USER, PINS[key_of(name)] if pin is None else pin)

    def change_pin(self, name: str, old: str, new: str) -> None:
        """C_SetPIN."""
        self.session(name).change_pin(bytearray(old, "utf-8"), bytearray(new, "utf-8"))

    def login_so(self, name: str, pin: str) -> None:
        """C_Login as the security officer."""
        self._login(name, cku.SO, pin)

    def consent(self, name: str, pin: str | None = None) -> None:
        """C_Login for one operation."""
        self._login(name, cku.CONTEXT_SPECIFIC, PINS[key_of(name)] if pin is None else pin)

    def _login(self, name: str, user: int, pin: str) -> None:
        self.session(name).login(user, bytearray(pin, "utf-8"))

    def logout(self, name: str) -> None:
        """C_Logout."""
        self.module.logout(self.handles[name])

    # -- objects --------------------------------------------------------------------------------------------

    def find(self, name: str, template: Iterable[tuple[int, bytes]] = ()) -> list[int]:
        """C_FindObjects with its Init and Final."""
        session = self.session(name)
        session.start_search(list(template))
        found: list[int] = advance(session, steps.FIND, lambda search: search.take(100))
        advance(session, steps.FIND_FINAL, lambda search: None)
        return found

    def value(self, name: str, handle: int, attribute: int) -> bytes:
        """One attribute."""
        return self.session(name).object(handle).value(attribute)

    def labels(self, name: str) -> list[str]:
        """The labels of all objects that show, sorted."""
        return sorted(self.value(name, handle, cka.LABEL).decode() for handle in self.find(name))

    def classes(self, name: str) -> list[int]:
        """How many of which class show: certificates, public keys, private keys."""
        kinds = (cko.CERTIFICATE, cko.PUBLIC_KEY, cko.PRIVATE_KEY)
        return [len(self.find(name, [(cka.CLASS, ulong(kind))])) for kind in kinds]

    def key(self, name: str) -> int:
        """The private key's handle, as a program finds it."""
        found = self.find(name, [(cka.CLASS, ulong(cko.PRIVATE_KEY))])
        if not found:
            raise CryptokiError(ckr.KEY_HANDLE_INVALID, "no private key shows")
        assert len(found) == 1
        return found[0]

    def search_init(self, name: str) -> None:
        """C_FindObjectsInit for all."""
        self.session(name).start_search([])

    def search_next(self, name: str, limit: int) -> int:
        """How many C_FindObjects gives."""
        return advance(self.session(name), steps.FIND, lambda search: len(search.take(limit)))

    def search_final(self, name: str) -> None:
        """C_FindObjectsFinal."""
        advance(self.session(name), steps.FIND_FINAL, lambda search: None)

    # -- signatures -----------------------------------------------------------------------------------------

    def sign_init(
        self, name: str, mechanism: int = ckm.SHA256_RSA_PKCS, parameters: PssParameters | None = None
    ) -> None:
        """C_SignInit."""
        self.start_signing(name, self.key(name), mechanism, parameters)

    def start_signing(self, name: str, key: int, mechanism: int, parameters: PssParameters | None = None) -> None:
        """C_SignInit with any key at all."""
        self.session(name).start_signing(steps.SIGN, key, mechanism, parameters)

    def signature_len(self, name: str) -> int:
        """What a C_Sign without room answers."""
        return int(self.session(name).operation(steps.SIGN_WHOLE).output_len)

    def signature(self, name: str, data: bytes) -> bytes:
        """C_Sign, unverified."""
        made: bytes = advance(self.session(name), steps.SIGN_WHOLE, lambda signing: signing.sign(data))
        return made

    def sign_update(self, name: str, data: bytes) -> None:
        """C_SignUpdate."""
        advance(self.session(name), steps.SIGN_UPDATE, lambda signing: signing.update(data))

    def sign_final(self, name: str) -> bytes:
        """C_SignFinal, unverified."""
        made: bytes = advance(self.session(name), steps.SIGN_FINAL, lambda signing: signing.finish())
        return made

    def sign_now(self, name: str, data: bytes = DATA) -> None:
        """C_Sign; the signature must be good."""
        signature = self.signature(name, data)
        verify(self.certificate(key_of(name)), signature, data, hashes.SHA256())

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Anything else."""
        return function(*arguments)

    def sign(self, name: str) -> None:
        """C_SignInit and C_Sign."""
        self.sign_init(name)
        self.sign_now(name)

    def certificate(self, key: str) -> bytes:
        """What was issued, from the card's memory."""
        return self.reader.card.store.certificate(key)

    # -- the card -------------------------------------------------------------------------------------------

    def tries(self, key: str) -> int:
        """The tries left, from the card's memory."""
        return self.reader.tries(key)

    def set_tries(self, key: str, tries: int) -> None:
        """As after mistyping elsewhere."""
        self.reader.set_tries(key, tries)

    def verifies(self) -> int:
        """How many VERIFY with data reached the card since the last time this was asked."""
        before, self._verifies_before = self._verifies_before, self.reader.verifies()
        return self._verifies_before - before

    def commands(self) -> int:
        """How many commands reached the card since the last time this was asked."""
        before, self._commands_before = self._commands_before, len(self.reader.commands())
        return self._commands_before - before

    def signatures(self) -> int:
        """How many signatures the card has made since it has power."""
        return self.reader.card.signatures

    def card_signs(self, key: str) -> bool:
        """Whether any other program could sign now."""
        return self.reader.signs_for_anybody(key)

    def other_verifies(self, key: str, pin: str | None = None) -> str:
        """Another program presents a PIN; the card's answer."""
        return f"{self.reader.other_verifies(key, PINS[key] if pin is None else pin):04X}"

    def other_selects(self, application: str) -> str:
        """Another program selects an application; the card's answer."""
        return f"{self.reader.other(APPLICATIONS[application]):04X}"

    def remove(self) -> None:
        """Take the card out."""
        self.reader.driver.remove()

    def insert(self) -> None:
        """Put it in again."""
        self.reader.driver.insert()

    def reset(self) -> None:
        """Another program resets the card."""
        self.reader.driver.reset()

    def power_off(self) -> None:
        """Another program takes the card's power."""
        self.reader.driver.power_off()

    def unplug(self) -> None:
        """Take the reader away."""
        self.readers.plugged_in.remove(self.reader)

    def plug_in(self) -> None:
        """Bring it back."""
        self.readers.plugged_in.append(self.reader)

    def fault(self, *fault_names: str) -> None:
        """The card has these faults from now on; none when none is named."""
        self.reader.break_down(*fault_names)


def verify(certificate: bytes, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm) -> None:
    """A signature as `cryptography` judges it; an assertion, not an error of ours."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(key, RSAPublicKey)
    try:
        key.verify(signature, data, PKCS1v15(), algorithm)
    except InvalidSignature:
        pytest.fail("a wrong signature was handed out")


DeskMaker = Callable[..., Desk]


def make_desk(state: Path, monkeypatch: pytest.MonkeyPatch) -> DeskMaker:
    """Makes desks with the card of this state: make(faults, contact=True, logout="keep")."""

    def make(fault_names: Iterable[str] = (), contact: bool = False, **settings: Any) -> Desk:
        return Desk(Reader("Reader", state, fault_names, contact), monkeypatch, **settings)

    return make
