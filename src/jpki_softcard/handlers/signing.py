"""The signing commands."""

from collections.abc import Callable
from typing import NamedTuple

from ..chip import Chip
from ..command import Command
from ..digest import sha256
from ..errors import CardSilent, Refusal, refuse_unless
from ..files import KeyFile
from ..padding import HASH_LEN, SHA256_DIGEST_INFO, pkcs1_v15, pss_sha256
from ..rsa import PrivateKey
from ..rules import Rules
from ..status import SW

SIGNATURE_LEN = 256  # bytes; RSA-2048. Card: notes 4
LONGEST_BLOCK = 245  # bytes; the modulus less 11 of padding. Card: notes 4
LONGEST_MESSAGE = 255  # bytes; a short Lc

Encoder = Callable[[bytes, PrivateKey, Rules], bytes]


class Mode(NamedTuple):
    """A value of P1: how long its input may be, in bytes, what is made of it before RSA."""

    p1: int
    min_len: int
    max_len: int
    encode: Encoder


def _verbatim(data: bytes, key: PrivateKey, rules: Rules) -> bytes:
    return pkcs1_v15(data, key.size)


def _bare_hash(data: bytes, key: PrivateKey, rules: Rules) -> bytes:
    return pkcs1_v15(sha256(data), key.size)


def _digest_info(data: bytes, key: PrivateKey, rules: Rules) -> bytes:
    return pkcs1_v15(SHA256_DIGEST_INFO + data, key.size)


def _digest_info_of(data: bytes, key: PrivateKey, rules: Rules) -> bytes:
    return _digest_info(sha256(data), key, rules)


def _pss(data: bytes, key: PrivateKey, rules: Rules) -> bytes:
    return pss_sha256(data, key.n.bit_length(), rules.pss_salt_len)


def _pss_of(data: bytes, key: PrivateKey, rules: Rules) -> bytes:
    return _pss(sha256(data), key, rules)


# Card: notes 4.1
MODES = {
    mode.p1: mode
    for mode in (
        Mode(0x00, 1, LONGEST_BLOCK, _verbatim),
        Mode(0x01, 1, LONGEST_MESSAGE, _bare_hash),
        Mode(0x02, HASH_LEN, HASH_LEN, _digest_info),
        Mode(0x03, 1, LONGEST_MESSAGE, _digest_info_of),
        Mode(0x04, HASH_LEN, HASH_LEN, _pss),
        Mode(0x05, 1, LONGEST_MESSAGE, _pss_of),
    )
}


def sign(chip: Chip, command: Command) -> bytes:
    """Sign with a key of the current application; 256 bytes, big-endian. Card: notes 4"""
    if chip.rules.silent_on_sign:
        raise CardSilent("no answer to the signing command")
    if chip.application.open_key is not None:
        return _sign_openly(chip, command, chip.application.open_key, p1p2=0x0000)
    if chip.rules.security_first:
        _require_pin(chip, _key_file(chip, command.p2))
    # Card: undocumented, own choice: P1, then lengths, then the key, then its PIN
    mode = _mode(chip.rules, command.p1)
    data = _input(command, mode)
    row = _key_file(chip, command.p2)
    _require_pin(chip, row)
    return _signature(chip, row.name, data, mode)


def internal_authenticate(chip: Chip, command: Command) -> bytes:
    """Sign a challenge with the card's own key: 00 88 00 99, common AP only. Card: notes 1.4"""
    if chip.application.challenge_key is None:
        raise Refusal(SW.UNKNOWN_INS)
    return _sign_openly(chip, command, chip.application.challenge_key, p1p2=0x0099)


def _sign_openly(chip: Chip, command: Command, key_name: str, p1p2: int) -> bytes:
    """Sign without a PIN. Card: notes 4.3; undocumented, own choice: verbatim as P1=00"""
    refuse_unless(command.p1p2 == p1p2, SW.WRONG_P1P2)
    mode = MODES[0x00]
    return _signature(chip, key_name, _input(command, mode), mode)


def _mode(rules: Rules, p1: int) -> Mode:
    if p1 not in MODES or p1 > rules.last_sign_mode:
        raise Refusal(SW.WRONG_P1P2)
    return MODES[p1]


def _input(command: Command, mode: Mode) -> bytes:
    # Card: undocumented, own choice: 6700 for a missing or short Le too (every client sends Le=00)
    data = command.data or b""
    refuse_unless(mode.min_len <= len(data) <= mode.max_len, SW.WRONG_LENGTH)
    refuse_unless(command.le is not None and command.le >= SIGNATURE_LEN, SW.WRONG_LENGTH)
    return data


def _key_file(chip: Chip, reference: int) -> KeyFile:
    before = chip.current
    file = chip.target(reference)
    if not isinstance(file, KeyFile):
        chip.current = before
        raise Refusal(SW.NO_CURRENT_EF)
    return file


def _require_pin(chip: Chip, row: KeyFile) -> None:
    refuse_unless(row.pin in chip.verified, SW.SECURITY_STATUS)  # Card: notes 3.6


def _signature(chip: Chip, key_name: str | None, data: bytes, mode: Mode) -> bytes:
    if key_name is None:
        raise Refusal(SW.CONDITIONS)
    refuse_unless(chip.rules.sign_word is None, chip.rules.sign_word or 0)
    key = chip.key(key_name)
    signature = key.apply(mode.encode(data, key, chip.rules))
    chip.signatures += 1
    return _flip_bit(signature) if chip.rules.flips_signature_bit else signature


def _flip_bit(signature: bytes) -> bytes:
    return signature[:-1] + bytes([signature[-1] ^ 0x01])
