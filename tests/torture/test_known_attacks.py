"""What the fuzzer, or whoever wrote it, has found; each was once an error that nobody foresaw, or a harm done."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.steps import advance
from torture import hostile_files
from torture.choices import Choices
from torture.hostile_reader import Memory, Reader

from pyjpki11 import cache_files
from pyjpki11.cryptoki import cka, ckm, cko, ckr, cku
from pyjpki11.cryptoki.attributes import ulong
from pyjpki11.errors import CryptokiError
from pyjpki11.provider import digest, module, steps
from pyjpki11.provider.module import Module
from pyjpki11.provider.pss import EXPECTED_SALT_LEN, FILE, MAX_CARDS, PssSupport
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
    monkeypatch.setattr(module, "open_driver", lambda setting: reader)
    made = Module(Settings())
    return made.session(made.open_session(0, SERIAL_SESSION))


def ec_key() -> bytes:
    """The public key of the next card's kind."""
    return hostile_files.element(0x30, hostile_files.EC_ALGORITHM + hostile_files.element(0x03, b"\0" + EC_POINT))


@pytest.mark.parametrize("attribute", [cka.MODULUS, cka.PUBLIC_EXPONENT, cka.MODULUS_BITS])
def test_key_of_another_kind(monkeypatch: pytest.MonkeyPatch, memory: Memory, attribute: int) -> None:
    """Searched for by what only RSA keys have, and asked for by a handle that was guessed."""
    it = session(monkeypatch, memory, ec_key())
    it.login(cku.USER, bytearray(b"1234"))
    assert it.token.objects.find([(attribute, b"\1")]) == []
    for handle in it.token.objects.find([(cka.CLASS, ulong(cko.CERTIFICATE))])[:1]:
        for guessed in (handle + 1, handle + 2):
            with pytest.raises(CryptokiError) as caught:
                it.object(guessed).value(cka.MODULUS)
            assert caught.value.rv == ckr.OBJECT_HANDLE_INVALID


def test_block_for_which_no_command_has_room(monkeypatch: pytest.MonkeyPatch, memory: Memory) -> None:
    """A key of 4096 bits takes a block that no short command can carry."""
    it = session(monkeypatch, memory, hostile_files.rsa_key((1 << 4095) + 1, 65537))
    it.login(cku.USER, bytearray(b"1234"))
    (key,) = it.token.objects.find([(cka.CLASS, ulong(cko.PRIVATE_KEY))])
    it.start_signing(steps.SIGN, key, ckm.RSA_PKCS, None)
    with pytest.raises(CryptokiError) as caught:
        advance(it, steps.SIGN_WHOLE, lambda signing: signing.sign(bytes(256)))
    assert caught.value.rv == ckr.DATA_LEN_RANGE


# -- the record of what makes PSS signatures ------------------------------------------------------------


def learned(name: bytes) -> PssSupport:
    """What is known of a card of that name that has shown it."""
    support = PssSupport(True)
    support.look_up(name)
    support.learn(True, False)
    return support


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", " "])
def test_card_that_speaks_for_others(end: str) -> None:
    """What is kept of one card is one line, and of that card only, whatever its certificate begins with."""
    learned(f"this{end}{digest.of('sha256', b'another').hex()} 20".encode())
    (line,) = cache_files.read_lines(FILE)
    assert line.endswith(" present") and line.count(" ") == 1
    another = PssSupport(True)
    another.look_up(b"another")
    assert not another.is_known


def test_many_cards_displace_no_new_one() -> None:
    for number in range(MAX_CARDS + 10):
        learned(f"card {number}".encode())
    lines = cache_files.read_lines(FILE)
    assert len(lines) == MAX_CARDS
    assert lines[0].startswith(digest.of("sha256", f"card {MAX_CARDS + 9}".encode()).hex())


@pytest.mark.parametrize("answer", ["²", "absent", "-1", "", "9999", "1e3", "32 20"])
def test_answer_that_is_no_salt(answer: str) -> None:
    """A spoilt or older record takes nothing away, and adds no salt that was never seen."""
    cache_files.write_lines(FILE, [f"{digest.of('sha256', b'old').hex()} {answer}"])
    support = PssSupport(True)
    support.look_up(b"old")
    support.learn(True, False)
    assert [length for length in range(300) if support.may_have_salt_len(length)] == [EXPECTED_SALT_LEN]


def test_salt_that_was_kept_is_only_a_hint() -> None:
    """Whoever wrote the file keeps nobody from the salt that every card is expected to use."""
    cache_files.write_lines(FILE, [f"{digest.of('sha256', b'card').hex()} 20"])
    support = PssSupport(True)
    support.look_up(b"card")
    assert [length for length in range(300) if support.may_have_salt_len(length)] == [20, EXPECTED_SALT_LEN]
    support.learn_salt_len(EXPECTED_SALT_LEN)
    assert [length for length in range(300) if support.may_have_salt_len(length)] == [EXPECTED_SALT_LEN]
    (line,) = cache_files.read_lines(FILE)
    assert line.endswith(f" {EXPECTED_SALT_LEN}")


def test_absence_is_not_kept() -> None:
    """Neither what the card says before a login, nor a signature that it refuses; nor is presence taken back."""
    support = PssSupport(True)
    support.look_up(b"card")
    support.learn(False, True)
    support.learn_absence()
    assert cache_files.read_lines(FILE) == []
    learned(b"card").learn_absence()
    (line,) = cache_files.read_lines(FILE)
    assert line.endswith(" present")


def test_nothing_is_kept_without_the_setting() -> None:
    support = PssSupport(False)
    support.look_up(b"card")
    support.learn(True, True)
    support.learn_salt_len(20)
    assert support.is_present and cache_files.read_lines(FILE) == []
