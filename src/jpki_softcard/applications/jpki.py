"""The JPKI application's files."""

from ..files import CAPITALS_AND_DIGITS, FREE, Application, DataFile, KeyFile, PinFile, Source, fixed
from ..rules import Rules

# Card: notes 1.1
AID = bytes.fromhex(
    "D3 92 F0 00 26"  # RID: national registration, Japan
    "01 00 00 00 01"  # PIX: public certification service
)

# Card: notes 1.3
SIGN_CERTIFICATE = 0x0001
SIGN_CA = 0x0002
TOKEN_INFO = 0x0006
AVAILABILITY = 0x0008
PROTECTED = 0x0009
AUTH_CERTIFICATE = 0x000A
AUTH_CA = 0x000B
TERMINAL_KEY = 0x0016
AUTH_KEY = 0x0017
AUTH_PIN = 0x0018
SIGN_KEY = 0x001A
SIGN_PIN = 0x001B

# Card: undocumented, own choice. Real EFs are larger than their certificate, filled with FF (notes 6.1).
CERTIFICATE_EF_LEN = 2048  # bytes
FILLER_LEN = 32  # bytes, the least there is

# Card: undocumented, own choice. An outer SEQUENCE with nothing of a certificate in it.
GARBAGE = bytes.fromhex("30 82 03 E8") + b"\x5a" * 1000


def application(rules: Rules) -> Application:
    """The JPKI AP of a card with these rules."""
    certificate_pin = (AUTH_PIN,) if rules.auth_certificate_needs_pin else FREE
    return Application(
        "JPKI",
        AID,
        (
            DataFile(SIGN_CERTIFICATE, _sign_certificate, any_of=(SIGN_PIN,)),
            DataFile(SIGN_CA, lambda source: _padded(source.store.certificate("sign_ca"))),
            DataFile(TOKEN_INFO, _token_info),
            DataFile(AVAILABILITY, _availability),
            DataFile(PROTECTED, fixed(b""), any_of=None),
            DataFile(AUTH_CERTIFICATE, _auth_certificate, any_of=certificate_pin),
            DataFile(AUTH_CA, lambda source: _padded(source.store.certificate("auth_ca"))),
            KeyFile(TERMINAL_KEY, None, AUTH_PIN),
            KeyFile(AUTH_KEY, "sign" if rules.swaps_keys else "auth", AUTH_PIN),
            KeyFile(SIGN_KEY, "auth" if rules.swaps_keys else "sign", SIGN_PIN),
            # Card: notes 3.1
            PinFile(AUTH_PIN, "auth", tries=3, min_len=4, max_len=4),
            PinFile(SIGN_PIN, "sign", tries=5, min_len=6, max_len=16, alphabet=CAPITALS_AND_DIGITS),
        ),
    )


def _padded(content: bytes) -> bytes:
    return content.ljust(max(CERTIFICATE_EF_LEN, len(content) + FILLER_LEN), b"\xff")


def _sign_certificate(source: Source) -> bytes:
    # Card: undocumented, own choice (notes 5 lists FF filler among what a card without it may hold)
    return _padded(source.store.certificate("sign") if source.rules.has_sign_certificate else b"")


def _auth_certificate(source: Source) -> bytes:
    certificate = source.store.certificate("auth")
    if source.rules.auth_certificate == "truncated":
        return certificate[: len(certificate) // 2]
    return _padded(GARBAGE if source.rules.auth_certificate == "garbage" else certificate)


def _availability(source: Source) -> bytes:
    # Card: notes 1.3
    return bytes(
        [
            0x8F if source.rules.has_sign_certificate else 0x00,
            0x8F,  # the authentication certificate is there
            0x00,  # unknown
        ]
    )


def _token_info(source: Source) -> bytes:
    """A serialised CK_TOKEN_INFO, 160 bytes, numbers big-endian. Card: notes 5"""
    return b"".join(
        (
            source.rules.label.ljust(32),
            b"pyjpki11 software card".ljust(32),  # manufacturer: never taken for a real card
            b"SOFTCARD".ljust(16),  # model
            b"0000000020500003",  # serial number, not unique on real cards either
            bytes.fromhex("0000040D"),  # flags: RNG, LOGIN_REQUIRED, USER_PIN_INITIALIZED, TOKEN_INITIALIZED
            bytes.fromhex("00000001 00000000"),  # sessions: most, now
            bytes.fromhex("00000001 00000000"),  # read-write sessions: most, now
            bytes.fromhex("00000010 00000006"),  # PIN length: most, least
            b"\xff" * 16,  # four memory sizes: unavailable
            b"03",  # hardware version, ASCII
            b"01",  # firmware version, ASCII
            b"9" * 16,  # time
        )
    )
