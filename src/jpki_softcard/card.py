"""The software card as a reader sees it."""

from collections.abc import Callable
from typing import NamedTuple

from .chip import Chip
from .command import Command, parse
from .errors import CardGone, CardSilent, Refusal, refuse_unless
from .handlers import objects, pins, reading, selecting, signing
from .rules import Rules
from .status import SW
from .store import Store

Handler = Callable[[Chip, Command], bytes]


class Instruction(NamedTuple):
    """A command of the card: class byte, instruction byte, what it does.

    `extended`: the handler sees extended lengths, which are 6700 elsewhere.
    `protected_word`: the answer to the same command under secure messaging.
    """

    cla: int
    ins: int
    handler: Handler
    extended: bool = False
    protected_word: SW = SW.SECURE_MESSAGING_NOT_SUPPORTED


INSTRUCTIONS = {
    row.ins: row
    for row in (
        Instruction(0x00, 0xA4, selecting.select),
        Instruction(0x00, 0xB0, reading.read_binary, protected_word=SW.SECURE_MESSAGING_REFUSED),
        Instruction(0x00, 0xB2, reading.read_record),
        Instruction(0x00, 0x20, pins.verify, protected_word=SW.SECURE_MESSAGING_REFUSED),
        Instruction(0x00, 0x24, pins.change),
        Instruction(0x80, 0x32, pins.change_key),
        Instruction(0x80, 0x2A, signing.sign),
        Instruction(0x00, 0x88, signing.internal_authenticate),
        Instruction(0x00, 0x84, objects.get_challenge, extended=True),
        Instruction(0x00, 0xCA, objects.get_data, extended=True),
        Instruction(0x00, 0xC0, objects.get_response),
        Instruction(0x80, 0xFC, objects.phone_only),
    )
}
# Card: notes 1.2
CHANNELS = (0x01, 0x02, 0x03)
PROTECTED = (0x08, 0x0C)
GET_RESPONSE = 0xC0


class Card:
    """A card that may be powered; answers are data followed by SW1 SW2.

    A card that was made is without power. `commands` counts those received since it was made or put back,
    `signatures` those made since power-on.
    """

    def __init__(self, store: Store, rules: Rules | None = None) -> None:
        self.store = store
        self.rules = rules or Rules()
        self.commands = 0
        self._since_power_on = 0
        self._chip: Chip | None = None

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self.rules.atr

    @property
    def in_field(self) -> bool:
        """False once the card has left by itself; leave_field() makes it ready to be put back."""
        return self.rules.leaves_after is None or self.commands < self.rules.leaves_after

    @property
    def powered(self) -> bool:
        """Whether the card has power."""
        return self._chip is not None

    @property
    def signatures(self) -> int:
        """Signatures made since power-on."""
        return self._chip.signatures if self._chip else 0

    def power_on(self) -> bytes:
        """Give power, unless it has; the ATR."""
        if self._chip is None:
            self._chip = Chip(self.store, self.rules)
            self._since_power_on = 0
        return self.atr

    def power_off(self) -> None:
        """Take the power; what was selected or verified is forgotten."""
        self._chip = None

    def reset(self) -> bytes:
        """Reset from the reader; the ATR.

        Card: notes 3.4. Without contacts the field stays on, so nothing is forgotten.
        """
        if self.rules.reset_clears:
            self.power_off()
        return self.power_on()

    def leave_field(self) -> None:
        """Take the card out of the field; the next insertion counts commands from 0."""
        self.power_off()
        self.commands = 0

    def transmit(self, raw: bytes) -> bytes:
        """Answer one command; CardSilent when no answer will come, CardGone without power or field."""
        chip = self._chip
        if not self.in_field:
            raise CardGone("the card left the field")
        if chip is None:
            raise CardGone("the card has no power")
        self.commands += 1
        self._since_power_on += 1
        if self.rules.silent:
            raise CardSilent("no answer")
        return self._answer(chip, bytes(raw))

    def _answer(self, chip: Chip, raw: bytes) -> bytes:
        try:
            refuse_unless(self._since_power_on > 1 or not self.rules.first_command_6f00, SW.NO_DIAGNOSIS)
            command, handler = _understand(raw)
            if command.ins != GET_RESPONSE:
                chip.waiting = b""
            data = handler(chip, command)
        except Refusal as refusal:
            return refusal.sw.to_bytes(2, "big")
        return self._deliver(chip, command, data)

    def _deliver(self, chip: Chip, command: Command, data: bytes) -> bytes:
        if self.rules.chained_61xx and data and command.ins != GET_RESPONSE:
            chip.waiting, data = data, b""
        if chip.waiting:
            return data + (SW.MORE_DATA | min(len(chip.waiting), 256) & 0xFF).to_bytes(2, "big")
        return data + SW.OK.to_bytes(2, "big")


def _understand(raw: bytes) -> tuple[Command, Handler]:
    """Class byte, instruction byte, length, in this order. Card: notes 1.2, 2.2"""
    refuse_unless(len(raw) >= 4, SW.WRONG_LENGTH)
    cla, row = raw[0], INSTRUCTIONS.get(raw[1])
    refuse_unless(cla not in CHANNELS, SW.CHANNEL_NOT_SUPPORTED)
    refuse_unless(cla in (0x00, 0x80, *PROTECTED), SW.WRONG_CLA)
    if row is None:
        raise Refusal(SW.UNKNOWN_INS)
    refuse_unless(cla not in PROTECTED, row.protected_word)
    refuse_unless(cla == row.cla, SW.WRONG_CLA)
    command = parse(raw)
    refuse_unless(row.extended or not command.extended, SW.WRONG_LENGTH)
    return command, row.handler
