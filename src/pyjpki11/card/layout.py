"""Where everything is in the JPKI application, as data.

The application has no public specification. Each fact's provenance stands in `docs/card-notes.md` and is named
here as `Card: notes N`.
"""

from __future__ import annotations

#: 公的個人認証 application. Card: notes 1.1
JPKI_AID = bytes((
    0xD3, 0x92, 0xF0, 0x00, 0x26,  # registered application provider
    0x01, 0x00, 0x00, 0x00, 0x01,
))  # fmt: skip

#: 券面事項入力補助 application. Card: notes 1.1
TEXT_AID = bytes((
    0xD3, 0x92, 0x10, 0x00, 0x31,  # registered application provider
    0x00, 0x01, 0x01, 0x04, 0x08,
))  # fmt: skip

#: Applications whose selection ends every login, the likeliest first. Card: notes 1.1, 3.4
OTHER_AIDS = (
    bytes((0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00)),  # GlobalPlatform issuer security domain
    TEXT_AID,
)

#: Token information: a serialised CK_TOKEN_INFO, of which only the texts at its beginning are read. Card: notes 5
TOKEN_INFO_EF = 0x0006
TOKEN_TEXTS_LEN = 96

#: One byte for each key pair's certificate, and one of unknown purpose. Card: notes 1.3
AVAILABILITY_EF = 0x0008
AVAILABILITY_LEN = 3
AVAILABLE = 0x8F

DIGITS = frozenset(b"0123456789")
CAPITALS_AND_DIGITS = DIGITS | frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class PinRule:
    """The form of a PIN. Card: notes 3.1"""

    __slots__ = ("alphabet", "max_len", "max_tries", "min_len")

    def __init__(self, min_len: int, max_len: int, alphabet: frozenset[int], max_tries: int) -> None:
        self.min_len = min_len
        self.max_len = max_len
        self.alphabet = alphabet
        self.max_tries = max_tries


class PinLayout:
    """A PIN: its file and its form."""

    __slots__ = ("name", "pin_ef", "pin_rule")

    def __init__(self, name: str, pin_ef: int, pin_rule: PinRule) -> None:
        self.name = name
        self.pin_ef = pin_ef
        self.pin_rule = pin_rule


class KeyLayout(PinLayout):
    """The files of one of the card's two key pairs."""

    __slots__ = ("ca_certificate_ef", "certificate_ef", "key_ef")

    def __init__(
        self, name: str, certificate_ef: int, ca_certificate_ef: int, key_ef: int, pin_ef: int, pin_rule: PinRule
    ) -> None:
        super().__init__(name, pin_ef, pin_rule)
        self.certificate_ef = certificate_ef
        self.ca_certificate_ef = ca_certificate_ef
        self.key_ef = key_ef


#: 利用者証明用. Card: notes 1.3, 3.1
AUTHENTICATION = KeyLayout(
    "authentication",
    certificate_ef=0x000A,
    ca_certificate_ef=0x000B,
    key_ef=0x0017,
    pin_ef=0x0018,
    pin_rule=PinRule(4, 4, DIGITS, max_tries=3),
)

#: 署名用; its certificate is readable only with the PIN. Card: notes 1.3, 3.1
SIGNATURE = KeyLayout(
    "signature",
    certificate_ef=0x0001,
    ca_certificate_ef=0x0002,
    key_ef=0x001A,
    pin_ef=0x001B,
    pin_rule=PinRule(6, 16, CAPITALS_AND_DIGITS, max_tries=5),
)

#: The input assist application's PIN. Card: notes 7.1
TEXT = PinLayout("text", pin_ef=0x0011, pin_rule=PinRule(4, 4, DIGITS, max_tries=3))

#: Its files that hold the holder's data, readable with that PIN. Card: notes 7.1
MY_NUMBER_EF = 0x0001
ATTRIBUTES_EF = 0x0002
