"""The card's own description of itself, EF 0006."""

from __future__ import annotations

from pyjpki11.card.layout import TOKEN_TEXTS_LEN

INDIVIDUAL_NUMBER_CARD, JUKI_CARD, ANDROID, IPHONE = "individual-number-card", "juki-card", "android", "iphone"
OTHER = "other-jpki"
#: Label -> kind of card. Card: notes 5
KINDS = {
    "JPKIAPICCTOKEN2": INDIVIDUAL_NUMBER_CARD,
    "JPKIAPICCTOKEN": JUKI_CARD,
    "JPKIAPGPSETOKEN": ANDROID,
    "JPKIAPIOSTOKEN": IPHONE,
}
#: Kind -> what the log calls it.
NAMES = {
    INDIVIDUAL_NUMBER_CARD: "Individual Number Card",
    JUKI_CARD: "Basic Resident Registration Card",
    ANDROID: "Android phone",
    IPHONE: "iPhone",
    OTHER: "other JPKI token",
}
#: What all their labels begin with.
LABEL_PREFIX = "JPKIAP"
#: What the software card says of its maker.
SOFTWARE_MANUFACTURER = "pyjpki11 software card"
#: Cards whose authentication certificate can be read without a PIN. Card: notes 1.3
OPEN_KINDS = ("JPKIAPICCTOKEN2", "JPKIAPICCTOKEN")


class TokenInfo:
    """The text fields of EF 0006, without their padding; empty where the card says nothing.

    `is_plausible`: it is what a card of this kind says, not what a disturbed one does.
    """

    __slots__ = ("data", "is_plausible", "label", "manufacturer", "model", "serial_number")

    def __init__(self, data: bytes) -> None:
        """:param data: the file's content, of which what follows the texts does not matter. Card: notes 5"""
        self.data = data = data[:TOKEN_TEXTS_LEN]
        self.label = _text(data[0:32])
        self.manufacturer = _text(data[32:64])
        self.model = _text(data[64:80])
        self.serial_number = _text(data[80:96])
        self.is_plausible = len(data) == TOKEN_TEXTS_LEN and self.label.startswith(LABEL_PREFIX)

    @property
    def is_open(self) -> bool:
        """Whether its authentication certificate shows without a login; a phone wants one."""
        return self.is_plausible and self.label in OPEN_KINDS

    @property
    def is_software(self) -> bool:
        """Whether it says of itself that it is a software card; a hostile one would not."""
        return self.manufacturer == SOFTWARE_MANUFACTURER

    @property
    def kind(self) -> str:
        """What carries the application: a key of NAMES."""
        return KINDS.get(self.label, OTHER)

    @property
    def title(self) -> str:
        """What the card is, for the log."""
        return f"{'software card' if self.is_software else 'My Number card'} ({NAMES[self.kind]})"


def _text(field: bytes) -> str:
    """Cards pad with spaces, test doubles with zeros; what is not ASCII is not shown. Card: notes 5"""
    return field.rstrip(b" \0").decode("ascii", "replace")
