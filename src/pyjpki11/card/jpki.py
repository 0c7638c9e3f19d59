"""The commands of the JPKI application.

Fewest commands: the application is selected once, files are reached by their short identifiers, and only a
refusal makes us look whether another program has selected something else (then everything is said again in
full). The one exception is VERIFY: it may cost a try, so it always follows a SELECT of its own application within
one transaction, then one of its file, and is never repeated. The file's short identifier in the VERIFY itself stands
for the second SELECT on a card that has told the tries of that PIN by it.
"""

from __future__ import annotations

from pyjpki11 import log
from pyjpki11.card import layout
from pyjpki11.card.application import (
    CHUNK_LEN,
    CURRENT_EF,
    NEW_PIN_ONLY,
    SHORT_EF_ID,
    Application,
    in_application,
    once,
    require_verified,
)
from pyjpki11.card.certificate import Certificate, certificate_len
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.errors import BadCardData, CardNotRecognized, JpkiError, PssUnknown, StatusWordError
from pyjpki11.iso7816 import apdu, status
from pyjpki11.iso7816.channel import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.card.layout import KeyLayout

SIGN_V15 = 0x00  # P1 of the signing command: PKCS#1 v1.5 around any block. Card: notes 4
SIGN_PSS = 0x04  # RSASSA-PSS of a SHA-256 hash. Card: notes 4.1
SIGN_IMPOSSIBLE = 0x7F  # a mode that no card knows
SIGN_CLA = 0x80
#: Bytes of the longest block that a card is given to sign: what a short command holds.
MAX_BLOCK_LEN = apdu.MAX_DATA_LEN
#: A length that no mode takes which signs a hash: the probe must not make a signature.
PROBE_BLOCK = bytes(31)

#: Bytes of a certificate that tell it from all others of its issuer: its serial number ends within the first 35.
#: Spec: RFC 5280 4.1.2.2
GLANCE_LEN = 64
#: The last offset that READ BINARY can name together with a short EF identifier.
MAX_SHORT_OFFSET = 0xFF


class JpkiCard(Application):
    """The JPKI application on a connected card."""

    AID = layout.JPKI_AID

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._has_short_ids = True
        self._counted_by_short_id: set[int] = set()  # EFs of PINs whose tries a card has told by their short identifier

    def accept(self, sw: int) -> None:
        """See Application.accept.

        :raises StatusWordError: the card does not say whether it has the application.
        """
        if sw in status.NO_SUCH_APPLICATION:
            raise CardNotRecognized("the card in the reader is not a My Number card")
        if sw != status.SUCCESS:
            raise StatusWordError(sw, apdu.SELECT, status.sentence(sw, apdu.SELECT))
        self.is_selected = True

    # -- reading --------------------------------------------------------------------------------------------

    def glance(self, selects_first: bool) -> bytes:
        """The beginning of the authentication certificate, 64 bytes, by which a card is known again; empty where it
        does not show.

        :param selects_first: else it is read from what another program has selected, which is probably our application,
            but may be anything: the caller says `is_selected` once the answer has shown that.
        """
        with self.channel.transaction() as was_reset:
            if selects_first or was_reset:
                self.select()
            target = SHORT_EF_ID | layout.AUTHENTICATION.certificate_ef
            head, sw = self.channel.exchange(0x00, apdu.READ_BINARY, target, 0, response_len=GLANCE_LEN)
            return head if sw == status.SUCCESS else b""

    @in_application
    def read_token_info(self) -> TokenInfo:
        """What the card says of itself, empty on a card that does not.

        :raises CardNotRecognized: it has no JPKI application.
        :raises StatusWordError: it does not say whether it has one.
        """
        try:
            return TokenInfo(self._read(layout.TOKEN_INFO_EF, layout.TOKEN_TEXTS_LEN))
        except StatusWordError as error:
            log.info(f"no token information on this card: {error}")
            return TokenInfo(b"")

    @in_application
    def read_head(self, ef: int) -> bytes:
        """The first bytes, at most 256, of the certificate in an EF.

        :raises BadCardData: there is no certificate in it.
        :raises SecurityStatusNotSatisfied: it is readable only after its PIN.
        """
        head = self._read(ef, CHUNK_LEN)
        length = min(certificate_len(head), CHUNK_LEN)
        if len(head) < length:
            raise BadCardData("the certificate is shorter than its stated length")
        return head[:length]

    @in_application
    def read_certificate(self, ef: int, head: bytes) -> Certificate:
        """The certificate in an EF whose head has been read.

        :raises BadCardData: it is cut off, or is not a certificate.
        """
        return Certificate(head[: certificate_len(head)] + self._read_tail(ef, head))

    def has_signature_certificate(self) -> bool | None:
        """Whether there is one, which shows without its PIN; None when the card does not say. Card: notes 1.3"""
        try:
            data = self._read_availability()
        except StatusWordError as error:
            log.info(f"no list of certificates on this card: {error}")
            return None
        return data[0] == layout.AVAILABLE if data else None

    @in_application
    def _read_availability(self) -> bytes:
        return self._read(layout.AVAILABILITY_EF, layout.AVAILABILITY_LEN)

    def _read(self, ef: int, length: int, offset: int = 0) -> bytes:
        """At most 256 bytes from an offset up to 255, leaving the EF selected. What was not asked for is dropped."""
        if self._has_short_ids:
            data, sw = self.channel.exchange(0x00, apdu.READ_BINARY, SHORT_EF_ID | ef, offset, response_len=length)
            if sw == status.SUCCESS:
                return data[:length]
            if sw == status.SECURITY_STATUS_NOT_SATISFIED:
                raise status.refusal(sw, apdu.READ_BINARY)
        self.select_ef(ef)
        data = self.read_current(offset, length)
        self._has_short_ids = False
        return data

    def _read_tail(self, ef: int, head: bytes) -> bytes:
        """What follows the head. The first byte is read twice, because a short EF identifier leaves room for an
        offset of 255 only, and to see that it is the same file."""
        length = certificate_len(head)
        if len(head) >= length:
            return b""
        if len(head) <= MAX_SHORT_OFFSET:
            raise BadCardData("the certificate is shorter than its stated length")
        data = self._read(ef, min(CHUNK_LEN, length - MAX_SHORT_OFFSET), MAX_SHORT_OFFSET)
        if data[:1] != head[MAX_SHORT_OFFSET : MAX_SHORT_OFFSET + 1]:
            raise BadCardData("the certificate changed while it was read")
        while MAX_SHORT_OFFSET + len(data) < length:
            offset = MAX_SHORT_OFFSET + len(data)
            more = self.read_current(offset, min(CHUNK_LEN, length - offset))
            if not more:
                raise BadCardData("the certificate is shorter than its stated length")
            data += more
        return data[len(head) - MAX_SHORT_OFFSET :]

    # -- PINs -----------------------------------------------------------------------------------------------

    @in_application
    def tries_left(self, key: KeyLayout) -> int | None:
        """How many tries a PIN has left; None when the card does not say. Costs no try. Card: notes 3.3"""
        if self._has_short_ids:
            sw = self.ask_tries(SHORT_EF_ID | key.pin_ef)
            self._note_tries(key, sw)
            tries_left = status.tries_left(sw)
            if sw == status.SUCCESS or tries_left is not None:
                return tries_left
        self.select_ef(key.pin_ef)
        return status.tries_left(self.ask_tries())

    @once
    def verify_pin(self, key: KeyLayout, pin: bytearray) -> None:
        """Present a PIN, in the form that `pin.normalize` gives it, once.

        A PIN whose tries the card has told by its short identifier is named by that: to ask for them takes no longer
        than the SELECT that it spares, this time and from now on. Card: notes 1.2

        :raises PinRejected: it is wrong, and a try is gone.
        :raises PinBlocked: no tries are left, now or since long.
        """
        target = SHORT_EF_ID | key.pin_ef
        if self._has_short_ids and key.pin_ef not in self._counted_by_short_id:
            self._note_tries(key, self.channel.exchange(0x00, apdu.VERIFY, 0x00, target)[1])
        if key.pin_ef not in self._counted_by_short_id:
            self.select_ef(key.pin_ef)
            target = CURRENT_EF
        _data, sw = self.channel.exchange(0x00, apdu.VERIFY, 0x00, target, pin)
        require_verified(sw)

    @once
    def change_pin(self, key: KeyLayout, old: bytearray, new: bytearray) -> None:
        """Replace a PIN, both in the form that `pin.normalize` gives; errors are those of `verify_pin`.

        Card: notes 3.5
        """
        self.select_ef(key.pin_ef)
        _data, sw = self.channel.exchange(0x00, apdu.VERIFY, 0x00, CURRENT_EF, old)
        require_verified(sw)
        self.channel.send(0x00, apdu.CHANGE_REFERENCE_DATA, NEW_PIN_ONLY, CURRENT_EF, new)

    def clear_security_status(self) -> None:
        """End every login on the card by selecting another application.

        Selecting the JPKI application again would not end it, but it is done in the end where other programs are
        connected: they take it for granted that their application is selected. Where the card has no other
        application that we know, its power is taken away. Card: notes 3.4
        """
        is_shared = self.channel.connection.is_shared
        with self.channel.transaction():
            is_cleared = any(self.select_aid(aid) == status.SUCCESS for aid in layout.OTHER_AIDS)
            if is_cleared and is_shared:
                self.select()
        if not is_cleared:
            self.channel.connection.power_cycle()
        elif not is_shared:
            self._select_for_others()

    def _select_for_others(self) -> None:
        """Select our application if others are connected. The login has ended, whatever becomes of this."""
        try:
            if self.channel.connection.look_for_others():
                with self.channel.transaction():
                    self.select()
        except JpkiError as error:
            log.info(f"another application stays selected: {error}")

    def _note_tries(self, key: KeyLayout, sw: int) -> None:
        """The answer to a question by short identifier shows whether the card knows the PIN by that name."""
        tries_left = status.tries_left(sw)
        if tries_left and tries_left <= key.pin_rule.max_tries:
            self._counted_by_short_id.add(key.pin_ef)

    # -- signatures -----------------------------------------------------------------------------------------

    @in_application
    def sign(self, key: KeyLayout, block: bytes, mode: int) -> bytes:
        """A signature by the card, big-endian.

        The key is named in the command, or, on a card that knows no short EF identifiers, selected first.

        :param mode: SIGN_V15, RSASSA-PKCS1-v1_5 around a block of 1 to 245 bytes, which the card pads but does not look
            at; SIGN_PSS, RSASSA-PSS of a SHA-256 hash, with a salt of the card's choice. Card: notes 4, 4.1
        :raises SecurityStatusNotSatisfied: the PIN is not verified, or no longer.
        :raises PssUnknown: the card makes no PSS signatures; see `knows_pss`.
        """
        command = (SIGN_CLA, apdu.PERFORM_SECURITY_OPERATION, mode)
        if self._has_short_ids:
            data, sw = self.channel.exchange(*command, SHORT_EF_ID | key.key_ef, block, CHUNK_LEN)
            if sw == status.SUCCESS:
                return data
            if sw == status.SECURITY_STATUS_NOT_SATISFIED:
                raise status.refusal(sw, apdu.PERFORM_SECURITY_OPERATION)
        self.select_ef(key.key_ef)
        data, sw = self.channel.exchange(*command, CURRENT_EF, block, CHUNK_LEN)
        if sw == status.WRONG_P1_OR_P2 and mode == SIGN_PSS:
            raise PssUnknown(sw, apdu.PERFORM_SECURITY_OPERATION, status.sentence(sw, apdu.PERFORM_SECURITY_OPERATION))
        if sw != status.SUCCESS:
            raise status.refusal(sw, apdu.PERFORM_SECURITY_OPERATION)
        return data

    @once
    def knows_pss(self, key: KeyLayout) -> bool | None:
        """Whether the card makes PSS signatures; None when it does not say before a login. No signature is made.

        It is asked for a PSS signature of a block that has the wrong length, and for one in a mode that does not
        exist. A card that knows PSS answers the two differently; so does none whose other application is selected,
        hence the SELECT. Design: decision 8
        """
        known, impossible = self._probe(key, SIGN_PSS), self._probe(key, SIGN_IMPOSSIBLE)
        log.info(f"probe for PSS: {known:04X}, and {impossible:04X} for a mode that does not exist")
        if known != impossible:
            return True
        return None if known == status.SECURITY_STATUS_NOT_SATISFIED else False

    def _probe(self, key: KeyLayout, mode: int) -> int:
        target = SHORT_EF_ID | key.key_ef
        if not self._has_short_ids:
            self.select_ef(key.key_ef)
            target = CURRENT_EF
        command = (SIGN_CLA, apdu.PERFORM_SECURITY_OPERATION, mode)
        return self.channel.exchange(*command, target, PROBE_BLOCK, CHUNK_LEN)[1]
