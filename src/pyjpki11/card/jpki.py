"""The commands of the JPKI application.

Fewest commands: the application is selected once, files are reached by their short identifiers, and only a
refusal makes us look whether another program has selected something else (then everything is said again in
full). The one exception is VERIFY: it may cost a try, so it always follows a SELECT of its own application, or a
signature of it that was verified, within one transaction, then one of its file, and is never repeated. The file's short
identifier in the VERIFY itself stands for the second SELECT on a card that has told the tries of that PIN by it.
"""

from __future__ import annotations

from pyjpki11 import log
from pyjpki11.card import layout
from pyjpki11.card.certificate import Certificate, certificate_len
from pyjpki11.card.token_info import TokenInfo
from pyjpki11.errors import (
    BadCardData,
    CardDisturbed,
    CardMute,
    CardNotRecognized,
    JpkiError,
    PinBlocked,
    PinRejected,
    StatusWordError,
)
from pyjpki11.iso7816 import apdu, status
from pyjpki11.iso7816.channel import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from pyjpki11.card.layout import KeyLayout
    from pyjpki11.reader.base import Connection

    T = TypeVar("T")
    #: The beginning of an authentication certificate -> what is remembered of the card that has it.
    Recall = Callable[[bytes], TokenInfo | None]

BY_DF_NAME, NO_RESPONSE_DATA = 0x04, 0x0C  # P1, P2 of SELECT
BY_EF_ID = 0x02  # P1 of SELECT
NEW_PIN_ONLY = 0x01  # P1 of CHANGE REFERENCE DATA
SHORT_EF_ID = 0x80  # in P1 of READ BINARY, or P2 of VERIFY and of the signing command
CURRENT_EF = 0x80  # P2 of VERIFY and of the signing command
SIGN_V15 = 0x00  # P1 of the signing command: PKCS#1 v1.5 around any block. Card: reference 4
SIGN_PSS = 0x04  # RSASSA-PSS of a SHA-256 hash. Card: reference 4.1
SIGN_IMPOSSIBLE = 0x7F  # a mode that no card knows
SIGN_CLA = 0x80
#: A length that no mode takes which signs a hash: the probe must not make a signature.
PROBE_BLOCK = bytes(31)

CHUNK_LEN = apdu.MAX_RESPONSE_LEN
#: Bytes of a certificate that tell it from all others of its issuer: its serial number ends within the first 35.
#: Spec: RFC 5280 4.1.2.2
GLANCE_LEN = 64
MAX_OFFSET = 0x7FFF
#: The last offset that READ BINARY can name together with a short EF identifier.
MAX_SHORT_OFFSET = 0xFF


def select_application(channel: Channel, aid: bytes) -> int:
    """The status word to it. Some cards answer 6F00 to the first command after power-on, whatever it is.

    Card: reference 1.2
    """
    for _attempt in range(2):
        _data, sw = channel.exchange(0x00, apdu.SELECT, BY_DF_NAME, NO_RESPONSE_DATA, aid)
        if sw != status.NO_PRECISE_DIAGNOSIS:
            break
    return sw


def select_ef(channel: Channel, ef: int) -> None:
    """Make a file of the selected application the current one."""
    channel.send(0x00, apdu.SELECT, BY_EF_ID, NO_RESPONSE_DATA, ef.to_bytes(2, "big"))


def present_pin(channel: Channel, target: int, pin: bytearray) -> None:
    """Send VERIFY once, about the current file or one named by its short identifier.

    :raises PinRejected: it is wrong, and a try is gone.
    :raises PinBlocked: no tries are left, now or since long.
    """
    _data, sw = channel.exchange(0x00, apdu.VERIFY, 0x00, target, pin)
    if sw == status.SUCCESS:
        return
    tries_left = status.tries_left(sw)
    if tries_left == 0:
        raise PinBlocked("the PIN is blocked; the municipal office unblocks it")
    if tries_left is None and sw >> 8 != 0x63:
        raise StatusWordError(sw, apdu.VERIFY, status.sentence(sw, apdu.VERIFY))
    raise PinRejected(tries_left)


class JpkiCard:
    """The JPKI application on a connected card; every method that uses the card is a transaction, or goes on with the
    one before, if that lingers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._channel = Channel(connection)
        self._is_selected = False  # as far as anybody knows
        self._is_proven = False  # that it is, in the transaction that is open
        self._has_short_ids = True
        self._counted_by_short_id: set[int] = set()  # EFs of PINs whose tries a card has told by their short identifier

    def identify(self, recall: Recall | None = None) -> TokenInfo:
        """What the card says of itself, empty on a card that does not; or what is remembered of it.

        A card is remembered by the beginning of a certificate that only one card has. It also shows, better than any
        SELECT could, that the application is selected, so where another program may have done that, it is read at once.
        What the card says is asked while the application has just been selected, since nothing in the answer shows
        whose it is.

        :raises CardNotRecognized: it has no JPKI application.
        :raises StatusWordError: it does not say whether it has one.
        """
        return self._transact(lambda _was_reset: self._identify(recall))

    def read_head(self, ef: int) -> bytes:
        """The first bytes, at most 256, of the certificate in an EF.

        :raises BadCardData: there is no certificate in it.
        :raises SecurityStatusNotSatisfied: it is readable only after its PIN.
        """
        return self._look(lambda: self._read_head(ef))

    def read_certificate(self, ef: int, head: bytes) -> Certificate:
        """The certificate in an EF whose head has been read.

        :raises BadCardData: it is cut off, or no certificate.
        """
        return self._look(lambda: Certificate(head[: certificate_len(head)] + self._read_tail(ef, head)))

    def has_signature_certificate(self) -> bool | None:
        """Whether there is one, which shows without its PIN; None when the card does not say. Card: reference 1.3"""
        try:
            data = self._look(lambda: self._read(layout.AVAILABILITY_EF, layout.AVAILABILITY_LEN))
        except StatusWordError as error:
            log.info(f"no list of certificates on this card: {error}")
            return None
        return data[0] == layout.AVAILABLE if data else None

    def tries_left(self, key: KeyLayout) -> int | None:
        """How many tries a PIN has left; None when the card does not say. Costs no try. Card: reference 3.3"""
        return self._look(lambda: self._tries_left(key))

    def verify_pin(self, key: KeyLayout, pin: bytearray) -> None:
        """Present a PIN, in the form that `pin.normalize` gives it, once.

        :raises PinRejected: it is wrong, and a try is gone.
        :raises PinBlocked: no tries are left, now or since long.
        """
        self._once(lambda: self._verify(key, pin))

    def sign(self, key: KeyLayout, block: bytes, lingers: bool = False) -> bytes:
        """The card's RSASSA-PKCS1-v1_5 signature, big-endian, around a block of 1 to 245 bytes.

        The card pads but does not look at the block. Card: reference 4

        :param lingers: a VERIFY may follow at once. Others are kept off the card for a moment, so that nothing has to
            be selected for it.
        :raises SecurityStatusNotSatisfied: the PIN is not verified, or no longer.
        """
        return self._in_transaction(lambda: self._sign(key, SIGN_V15, block, lingers))

    def sign_pss(self, key: KeyLayout, hashed: bytes, lingers: bool = False) -> bytes:
        """The card's RSASSA-PSS signature of a SHA-256 hash, with a salt of the card's choice.

        Only a card that knows it, see `probe_pss`, makes one; all else is as with `sign`. Card: reference 4.1
        """
        return self._in_transaction(lambda: self._sign(key, SIGN_PSS, hashed, lingers))

    def judge(self, is_genuine: bool) -> None:
        """Be told of the last signature whether it is one, which shows whether the application is selected."""
        self._is_selected = self._is_proven = is_genuine

    def probe_pss(self, key: KeyLayout) -> tuple[int, int]:
        """Status words to a PSS signature of a block that has the wrong length, and to one in a mode that does not
        exist. A card that knows PSS answers the two differently; so does none whose other application is selected,
        hence the SELECT. Design: decision 8"""
        return self._once(lambda: self._lingering((self._probe(key, SIGN_PSS), self._probe(key, SIGN_IMPOSSIBLE))))

    def change_pin(self, key: KeyLayout, old: bytearray, new: bytearray) -> None:
        """Replace a PIN, both in the form that `pin.normalize` gives; errors are those of `verify_pin`.

        Card: reference 3.5
        """
        self._once(lambda: self._change(key, old, new))

    def clear_security_status(self) -> None:
        """End every login on the card by selecting another application.

        Selecting the JPKI application again would not end it, but it is done in the end where other programs are
        connected: they take it for granted that their application is selected. Where the card has no other
        application that we know, its power is taken away. Card: reference 3.4
        """
        is_shared = self._connection.is_shared
        if not self._transact(lambda _was_reset: self._select_another(and_back=is_shared)):
            self._connection.power_cycle()
        elif not is_shared:
            self._select_for_others()

    def close(self) -> None:
        """Give the card up."""
        self._connection.close()

    # -- what a transaction consists of ---------------------------------------------------------------------

    def _transact(self, step: Callable[[bool], T]) -> T:
        """The answer of a step; what the transaction before has proven is forgotten, unless it goes on."""

        def begun(was_reset: bool) -> T:
            self._is_proven = self._is_proven and self._connection.goes_on
            return step(was_reset)

        return self._channel.transact(begun)

    def _in_transaction(self, step: Callable[[], T]) -> T:
        """Run a step with the JPKI application selected, as far as anybody knows.

        Whether it still is cannot be asked. A step that fails is therefore run again after a SELECT, as is one after
        another program has reset the card.
        """
        return self._transact(lambda was_reset: self._in_application(step, was_reset))

    def _look(self, step: Callable[[], T]) -> T:
        """Run a step before a login, say: no SELECT is needed for that if it follows at once."""
        return self._transact(lambda was_reset: self._lingering(self._in_application(step, was_reset)))

    def _once(self, step: Callable[[], T]) -> T:
        """Run a step with the JPKI application selected for certain, whatever comes of it only once."""
        return self._transact(lambda _was_reset: self._after_select(step))

    def _lingering(self, answer: T) -> T:
        """An answer; what is proven is kept for a moment, unless there are others to be kept off."""
        if self._is_proven and not self._connection.is_shared:
            self._connection.linger()
        return answer

    def _in_application(self, step: Callable[[], T], was_reset: bool) -> T:
        if self._is_selected and not was_reset:
            try:
                return self._watched(step)
            except (StatusWordError, BadCardData) as error:
                log.debug(f"selecting the application again after: {error}")
        self._select()
        return self._watched(step)

    def _after_select(self, step: Callable[[], T]) -> T:
        if not self._is_proven:
            self._select()
        return self._watched(step)

    def _watched(self, step: Callable[[], T]) -> T:
        """Run a step; what a card has selected that falls silent in it is open."""
        try:
            return step()
        except (CardDisturbed, CardMute):
            self._is_selected = self._is_proven = False
            raise

    def _identify(self, recall: Recall | None) -> TokenInfo:
        if recall is not None and self._connection.is_shared:
            known = self._glance(recall)
            if known is not None:
                self._is_selected = True
                return known
        return self._after_select(
            lambda: self._lingering((recall and self._glance(recall)) or self._read_token_info())
        )

    def _select_another(self, and_back: bool) -> bool:
        """Whether the card has one of the other applications, which was selected meanwhile."""
        self._is_selected = self._is_proven = False
        done = any(select_application(self._channel, aid) == status.SUCCESS for aid in layout.OTHER_AIDS)
        if done and and_back:
            self._select()
        return done

    def _select_for_others(self) -> None:
        """Select our application if others are connected. The login has ended, whatever becomes of this."""
        try:
            if self._connection.look_for_others():
                self._transact(lambda _was_reset: self._select())
        except JpkiError as error:
            log.info(f"another application stays selected: {error}")

    def _select(self) -> None:
        self._is_selected = self._is_proven = False
        sw = select_application(self._channel, layout.JPKI_AID)
        if sw in status.NO_SUCH_APPLICATION:
            raise CardNotRecognized("the card in the reader is no My Number card")
        if sw != status.SUCCESS:
            raise StatusWordError(sw, apdu.SELECT, status.sentence(sw, apdu.SELECT))
        self._is_selected = self._is_proven = True

    def _select_ef(self, ef: int) -> None:
        select_ef(self._channel, ef)

    # -- reading --------------------------------------------------------------------------------------------

    def _read(self, ef: int, length: int, offset: int = 0) -> bytes:
        """At most 256 bytes from an offset up to 255, leaving the EF selected. What nobody asked for is dropped."""
        if self._has_short_ids:
            data, sw = self._channel.exchange(0x00, apdu.READ_BINARY, SHORT_EF_ID | ef, offset, response_len=length)
            if sw == status.SUCCESS:
                return data[:length]
            if sw == status.SECURITY_STATUS_NOT_SATISFIED:
                raise status.refusal(sw, apdu.READ_BINARY)
        self._select_ef(ef)
        data = self._read_on(offset, length)
        self._has_short_ids = False
        return data

    def _read_on(self, offset: int, length: int) -> bytes:
        """At most 256 bytes of the selected EF."""
        if offset > MAX_OFFSET:
            raise BadCardData("a certificate longer than any file")
        return self._channel.send(0x00, apdu.READ_BINARY, offset >> 8, offset & 0xFF, response_len=length)[:length]

    def _read_token_info(self) -> TokenInfo:
        try:
            return TokenInfo(self._read(layout.TOKEN_INFO_EF, layout.TOKEN_TEXTS_LEN))
        except StatusWordError as error:
            log.info(f"no token information on this card: {error}")
            return TokenInfo(b"")

    def _glance(self, recall: Recall) -> TokenInfo | None:
        target = SHORT_EF_ID | layout.AUTHENTICATION.certificate_ef
        head, sw = self._channel.exchange(0x00, apdu.READ_BINARY, target, 0, response_len=GLANCE_LEN)
        return recall(head) if sw == status.SUCCESS else None

    def _read_head(self, ef: int) -> bytes:
        head = self._read(ef, CHUNK_LEN)
        length = min(certificate_len(head), CHUNK_LEN)
        if len(head) < length:
            raise BadCardData("the certificate ends before its length")
        return head[:length]

    def _read_tail(self, ef: int, head: bytes) -> bytes:
        """What follows the head. The first byte is read twice, because a short EF identifier leaves room for an
        offset of 255 only, and to see that it is the same file."""
        length = certificate_len(head)
        if len(head) >= length:
            return b""
        if len(head) <= MAX_SHORT_OFFSET:
            raise BadCardData("the certificate ends before its length")
        data = self._read(ef, min(CHUNK_LEN, length - MAX_SHORT_OFFSET), MAX_SHORT_OFFSET)
        if data[:1] != head[MAX_SHORT_OFFSET : MAX_SHORT_OFFSET + 1]:
            raise BadCardData("the certificate changed while it was read")
        while MAX_SHORT_OFFSET + len(data) < length:
            offset = MAX_SHORT_OFFSET + len(data)
            more = self._read_on(offset, min(CHUNK_LEN, length - offset))
            if not more:
                raise BadCardData("the certificate ends before its length")
            data += more
        return data[len(head) - MAX_SHORT_OFFSET :]

    # -- PINs and keys --------------------------------------------------------------------------------------

    def _tries_left(self, key: KeyLayout) -> int | None:
        if self._has_short_ids:
            sw = self._ask_tries(key)
            tries_left = status.tries_left(sw)
            if sw == status.SUCCESS or tries_left is not None:
                return tries_left
        self._select_ef(key.pin_ef)
        _data, sw = self._channel.exchange(0x00, apdu.VERIFY, 0x00, CURRENT_EF)
        return status.tries_left(sw)

    def _ask_tries(self, key: KeyLayout) -> int:
        """The status word to a VERIFY of four bytes, which asks; a fifth would be an error. Card: reference 3.3"""
        _data, sw = self._channel.exchange(0x00, apdu.VERIFY, 0x00, SHORT_EF_ID | key.pin_ef)
        tries_left = status.tries_left(sw)
        if tries_left and tries_left <= key.pin_rule.max_tries:
            self._counted_by_short_id.add(key.pin_ef)
        return sw

    def _verify(self, key: KeyLayout, pin: bytearray) -> None:
        """A PIN whose tries the card has told by its short identifier is named by that. Card: reference 1.2

        To ask for them takes no longer than the SELECT that it spares, this time and from now on.
        """
        if self._has_short_ids and key.pin_ef not in self._counted_by_short_id:
            self._ask_tries(key)
        if key.pin_ef in self._counted_by_short_id:
            present_pin(self._channel, SHORT_EF_ID | key.pin_ef, pin)
        else:
            self._select_ef(key.pin_ef)
            present_pin(self._channel, CURRENT_EF, pin)

    def _change(self, key: KeyLayout, old: bytearray, new: bytearray) -> None:
        self._select_ef(key.pin_ef)
        present_pin(self._channel, CURRENT_EF, old)
        self._channel.send(0x00, apdu.CHANGE_REFERENCE_DATA, NEW_PIN_ONLY, CURRENT_EF, new)

    def _probe(self, key: KeyLayout, mode: int) -> int:
        target = SHORT_EF_ID | key.key_ef
        if not self._has_short_ids:
            self._select_ef(key.key_ef)
            target = CURRENT_EF
        _data, sw = self._channel.exchange(
            SIGN_CLA, apdu.PERFORM_SECURITY_OPERATION, mode, target, PROBE_BLOCK, CHUNK_LEN
        )
        return sw

    def _sign(self, key: KeyLayout, mode: int, block: bytes, lingers: bool) -> bytes:
        signature = self._signature(key, mode, block)
        if lingers:
            self._connection.linger()
        return signature

    def _signature(self, key: KeyLayout, mode: int, block: bytes) -> bytes:
        """The key is named in the command, or, on a card that knows no short EF identifiers, selected first."""
        command = (SIGN_CLA, apdu.PERFORM_SECURITY_OPERATION, mode)
        if self._has_short_ids:
            data, sw = self._channel.exchange(*command, SHORT_EF_ID | key.key_ef, block, CHUNK_LEN)
            if sw == status.SUCCESS:
                return data
            if sw == status.SECURITY_STATUS_NOT_SATISFIED:
                raise status.refusal(sw, apdu.PERFORM_SECURITY_OPERATION)
        self._select_ef(key.key_ef)
        return self._channel.send(*command, CURRENT_EF, block, CHUNK_LEN)
