"""What is known of a card's RSASSA-PSS signatures. Design: decision 8. Card: notes 4.1, 4.2

What is learned of a card belongs to that card, not to all that call themselves the same model. Nothing that is kept
between runs takes anything away: only that a card makes PSS is kept, and a salt that is worth a try.
"""

from __future__ import annotations

from pyjpki11 import cache_files
from pyjpki11.provider import digest

#: What every card is expected to use until a signature has shown its salt.
EXPECTED_SALT_LEN = 32

FILE = "pss"
#: Cards kept, the latest first.
MAX_CARDS = 64


class PssSupport:
    """Whether one card makes PSS signatures, and the length of their salt.

    The record is a line in a file: the SHA-256 of what names the card, and the salt's length in bytes, or `present`
    before a first signature.
    """

    def __init__(self, is_kept: bool) -> None:
        """:param is_kept: between runs, too."""
        self._is_kept = is_kept
        self._name = ""  # of the card in the file, once it was looked up
        self.is_looked_up = False
        self._was_asked = False
        self._is_present: bool | None = None
        self.salt_len: int | None = None  # as a signature of this insertion has shown
        self._kept_salt_len: int | None = None

    @property
    def is_present(self) -> bool:
        """Whether it is known that the card makes them."""
        return self._is_present is True

    @property
    def is_known(self) -> bool:
        """Whether it is known that the card makes them, or does not."""
        return self._is_present is not None

    def is_open_question(self, is_logged_in: bool) -> bool:
        """Whether the card should be asked: once, and once more after a login."""
        return self._is_present is None and (is_logged_in or not self._was_asked)

    def learn(self, answer: bool | None, is_logged_in: bool) -> None:
        """What the card has answered; see JpkiCard.knows_pss. That it does not is believed after a login only."""
        self._was_asked = True
        if answer:
            self._is_present = True
            self._keep()
        elif answer is False and is_logged_in:
            self._is_present = False

    def learn_absence(self) -> None:
        """The card has refused to sign so: believed until it is inserted again."""
        self._is_present = False

    def learn_salt_len(self, length: int) -> None:
        """What a verified signature has shown."""
        if length != self.salt_len:
            self.salt_len = length
            self._is_present = True
            self._keep()

    def may_have_salt_len(self, length: int) -> bool:
        """Whether a signature will have, or may have, a salt of that length in bytes."""
        if self.salt_len is not None:
            return length == self.salt_len
        return length in (EXPECTED_SALT_LEN, self._kept_salt_len)

    def look_up(self, name: bytes) -> None:
        """Take what earlier runs have found out of the card of that name; empty for one that has none."""
        self.is_looked_up = True
        if not (self._is_kept and name):
            return
        self._name = digest.of("sha256", name).hex()
        for line in cache_files.read_lines(FILE):
            card, _, answer = line.partition(" ")
            if card == self._name:
                self._is_present = True
                self._kept_salt_len = int(answer) if answer.isdecimal() and len(answer) < 4 else None

    def _keep(self) -> None:
        if not self._name:
            return
        others = [line for line in cache_files.read_lines(FILE) if line.partition(" ")[0] != self._name]
        answer = "present" if self.salt_len is None else str(self.salt_len)
        cache_files.write_lines(FILE, [f"{self._name} {answer}", *others[: MAX_CARDS - 1]])
