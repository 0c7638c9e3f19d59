"""Whether a card makes RSASSA-PSS signatures, asked of the card without making one.

Design: decision 8. Card: reference 4.1, 4.2
"""

from __future__ import annotations

from pyjpki11 import log, storage
from pyjpki11.iso7816 import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.card.layout import KeyLayout
    from pyjpki11.provider.insertion import Insertion

#: What every card is expected to use until a signature has shown its salt.
EXPECTED_SALT_LEN = 32

ABSENT, PRESENT, UNKNOWN = "absent", "present", "unknown"
FILE = "pss"
#: Card models remembered, the latest first; there are not as many.
MAX_MODELS = 64


class PssSupport:
    """What is known of one card model, remembered for the next time.

    The record is a line in a file: model, `absent` or the salt's length in bytes, or `present` before a first
    signature. It says nothing of a person.
    """

    def __init__(self, insertion: Insertion) -> None:
        self._insertion = insertion
        self._is_recalled = False
        self._answer = UNKNOWN
        self._was_asked = False
        self.salt_len: int | None = None

    def is_present(self, key: KeyLayout, is_logged_in: bool) -> bool:
        """Whether the card is known to sign with PSS; asks the card where nothing is recorded of its model."""
        if not self._is_recalled:
            self._recall()
        if self._answer == UNKNOWN and (is_logged_in or not self._was_asked):
            self._probe(key, is_logged_in)
            self._was_asked = True
        return self._answer == PRESENT

    @property
    def is_known(self) -> bool:
        """Whether the card, or another of its model, has answered the question."""
        return self._answer != UNKNOWN

    def learn_salt_len(self, length: int) -> None:
        """Record what a verified signature has shown."""
        if length != self.salt_len:
            self.salt_len = length
            self._record(PRESENT)

    def learn_absence(self) -> None:
        """Record that the card has refused to sign so."""
        self._record(ABSENT)

    def expected_salt_len(self) -> int:
        """The salt length in bytes that a signature will have."""
        return EXPECTED_SALT_LEN if self.salt_len is None else self.salt_len

    def _probe(self, key: KeyLayout, is_logged_in: bool) -> None:
        """Two commands that sign nothing. Where the card answers both alike, as one does that looks at the PIN
        first, it is asked again after a login. (Java asks 13 times before it.)"""
        known, impossible = self._insertion.run(lambda card: card.probe_pss(key))
        log.info(f"probe for PSS: {known:04X}, and {impossible:04X} for what no card knows")
        if known != impossible:
            self._record(PRESENT)
        elif is_logged_in and known != status.SECURITY_STATUS_NOT_SATISFIED:
            self._record(ABSENT)

    def _model(self) -> str:
        """A word that names the card's model."""
        info = self._insertion.token_info
        named = f"{info.label}/{info.manufacturer}/{info.model}"
        return "".join("_" if each.isspace() else each for each in named)  # no line or word may end in it

    def _recall(self) -> None:
        self._is_recalled = True
        wanted = self._model()
        for line in storage.read_lines(FILE):
            model, _, answer = line.partition(" ")
            if model == wanted:
                self._answer = ABSENT if answer == ABSENT else PRESENT
                self.salt_len = int(answer) if answer.isdecimal() and len(answer) < 4 else None

    def _record(self, answer: str) -> None:
        self._answer = answer
        if not self._insertion.token_info.is_plausible:
            return  # of which model that is true would be a guess
        model = self._model()
        others = [line for line in storage.read_lines(FILE) if line.partition(" ")[0] != model]
        known = str(self.salt_len) if answer == PRESENT and self.salt_len is not None else answer
        storage.write_lines(FILE, [f"{model} {known}", *others[: MAX_MODELS - 1]])
