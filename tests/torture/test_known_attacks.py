"""What the fuzzer, or whoever wrote it, has found; each was once an error that nobody foresaw, or a harm done."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from torture import hostile_files
from torture.choices import Choices
from torture.hostile_reader import Memory, Reader

from pyjpki11 import storage
from pyjpki11.card.layout import AUTHENTICATION
from pyjpki11.cryptoki import cka, ckm, cko, ckr, cku
from pyjpki11.cryptoki.attributes import ulong
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import module, operation
from pyjpki11.provider.module import Module
from pyjpki11.provider.pss import FILE, MAX_MODELS, PssSupport
from pyjpki11.provider.session import Session
from pyjpki11.settings import Settings

HONEST = [0] * 16
EC_POINT = bytes(97)
SERIAL_SESSION = 4


@pytest.fixture
def memory(softcard_state: Path) -> Memory:
    """The memory of a card."""
    return Memory(str(softcard_state))


def session(monkeypatch: pytest.MonkeyPatch, memory: Memory, key: bytes) -> Session:
    """A session with the authentication token of a card whose certificate has another key."""
    reader = Reader(memory, Choices(random.Random(1), HONEST))  # noqa: S311
    forged = hostile_files.rebuilt(memory.genuine["auth"], subject_public_key_info=key)
    memory.forget(memory.genuine | {"auth": forged})
    monkeypatch.setattr(module, "open_driver", lambda setting, timeout_s: reader)
    made = Module(Settings())
    return made.session(made.open_session(0, SERIAL_SESSION))


def ec_key() -> bytes:
    """The public key of the next card's kind."""
    return hostile_files.element(
        0x30, hostile_files.EC_ALGORITHM + hostile_files.element(0x03, b"\0" + EC_POINT)
    )


@pytest.mark.parametrize("attribute", [cka.MODULUS, cka.PUBLIC_EXPONENT, cka.MODULUS_BITS])
def test_key_of_another_kind(monkeypatch: pytest.MonkeyPatch, memory: Memory, attribute: int) -> None:
    """Searched for by what only RSA keys have, and asked for by a handle that was guessed."""
    it = session(monkeypatch, memory, ec_key())
    it.login(cku.USER, bytearray(b"1234"))
    assert it.token.find([(attribute, b"\1")]) == []
    for handle in it.token.find([(cka.CLASS, ulong(cko.CERTIFICATE))])[:1]:
        for guessed in (handle + 1, handle + 2):
            with pytest.raises(CryptokiError) as caught:
                it.object(guessed).value(cka.MODULUS)
            assert caught.value.rv == ckr.OBJECT_HANDLE_INVALID


def test_block_for_which_no_command_has_room(monkeypatch: pytest.MonkeyPatch, memory: Memory) -> None:
    """A key of 4096 bits takes a block that no short command can carry."""
    it = session(monkeypatch, memory, hostile_files.rsa_key((1 << 4095) + 1, 65537))
    it.login(cku.USER, bytearray(b"1234"))
    (key,) = it.token.find([(cka.CLASS, ulong(cko.PRIVATE_KEY))])
    it.start_signing(operation.SIGN, key, ckm.RSA_PKCS, None)
    with pytest.raises(CryptokiError) as caught:
        it.advance(operation.SIGN_WHOLE, lambda signing: signing.sign(bytes(256)))
    assert caught.value.rv == ckr.DATA_LEN_RANGE


def insertion(label: str) -> Any:
    """As much of an inserted card as the probe for PSS needs; it answers that it has it."""
    info = SimpleNamespace(label=label, manufacturer="m", model="1", is_plausible=True)
    return SimpleNamespace(token_info=info, run=lambda step: (0x6700, 0x6A86))


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_card_that_speaks_for_others(end: str) -> None:
    """What is remembered of one model is one line, whatever the model calls itself."""
    assert PssSupport(insertion(f"this{end}GOOD/m/1 absent")).is_present(AUTHENTICATION, False)
    (line,) = storage.read_lines(FILE)
    assert line.endswith(" present")


def test_many_models_displace_no_new_one() -> None:
    for number in range(MAX_MODELS + 10):
        assert PssSupport(insertion(f"model{number}")).is_present(AUTHENTICATION, False)
    lines = storage.read_lines(FILE)
    assert len(lines) == MAX_MODELS
    assert lines[0].startswith(f"model{MAX_MODELS + 9}/")


def test_answer_that_is_no_number() -> None:
    storage.write_lines(FILE, ["old/m/1 ²"])
    support = PssSupport(insertion("old"))
    assert support.is_present(AUTHENTICATION, False)
    assert support.salt_len is None
