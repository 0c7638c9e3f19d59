"""What the design and the standard say of objects: which there are, and who sees them."""

from __future__ import annotations

from dataclasses import dataclass

from model.world import SessionObject, Token
from module.numbers import NUMBERS

from pyjpki11.cryptoki import cka, ckc, ckk, cko

YES, NO = b"\1", b"\0"


def ulong(value: int) -> bytes:
    """A CK_ULONG in memory."""
    return value.to_bytes(8, "little")


@dataclass(frozen=True)
class CardObject:
    """An object on the card. Design: decision 4; Card: notes 8.1"""

    kind: int
    label: bytes
    id: bytes
    is_private: bool = False

    @property
    def name(self) -> bytes:
        """Class and label, as Library.label tells them."""
        return b"%x:%s" % (self.kind, self.label)

    def attributes(self) -> dict[int, bytes]:
        """What it can be found by."""
        return {
            cka.CLASS: ulong(self.kind),
            cka.LABEL: self.label,
            cka.ID: self.id,
            cka.TOKEN: YES,
            cka.PRIVATE: YES if self.is_private else NO,
        }


_SIGN_CA = CardObject(cko.CERTIFICATE, b"Digital Signature Certificate CA", b"\4")
CARD_OBJECTS = {
    "auth": (
        CardObject(cko.CERTIFICATE, b"User Authentication Certificate", b"\1"),
        CardObject(cko.PUBLIC_KEY, b"User Authentication Public Key", b"\1"),
        CardObject(cko.PRIVATE_KEY, b"User Authentication Key", b"\1", is_private=True),
        CardObject(cko.CERTIFICATE, b"User Authentication Certificate CA", b"\3"),
        _SIGN_CA,
    ),
    "sign": (
        CardObject(cko.CERTIFICATE, b"Digital Signature Certificate", b"\2", is_private=True),
        CardObject(cko.PUBLIC_KEY, b"Digital Signature Public Key", b"\2", is_private=True),
        CardObject(cko.PRIVATE_KEY, b"Digital Signature Key", b"\2", is_private=True),
        _SIGN_CA,
    ),
}


def private_names(token: Token) -> set[bytes]:
    """Names of the card's objects that show only after a login."""
    return {it.name for it in CARD_OBJECTS[token.name] if it.is_private}


Rows = list[tuple[int, bytes]]
#: What is searched for.
TEMPLATES: tuple[Rows, ...] = (
    [],
    [(cka.CLASS, ulong(cko.CERTIFICATE))],
    [(cka.CLASS, ulong(cko.PUBLIC_KEY))],
    [(cka.CLASS, ulong(cko.PRIVATE_KEY))],
    [(cka.CLASS, ulong(cko.DATA))],
    [(cka.CLASS, ulong(NUMBERS["CKO_SECRET_KEY"]))],
    [(cka.TOKEN, NO)],
    [(cka.PRIVATE, YES)],
    [(cka.PRIVATE, NO), (cka.TOKEN, YES)],
    [(cka.ID, b"\2")],
    [(cka.ID, b"\1"), (cka.CLASS, ulong(cko.PRIVATE_KEY))],
    [(cka.LABEL, b"Digital Signature Certificate CA")],
    [(cka.LABEL, b"no such label")],
)


def data_object(label: bytes, is_private: bool, is_token: bool = False) -> Rows:
    """The template of a data object."""
    return [
        (cka.CLASS, ulong(cko.DATA)),
        (cka.TOKEN, YES if is_token else NO),
        (cka.PRIVATE, YES if is_private else NO),
        (cka.LABEL, label),
        (cka.VALUE, b"value"),
    ]


def public_key_object(label: bytes, modulus: int, exponent: int) -> Rows:
    """The template of a public key."""
    return [
        (cka.CLASS, ulong(cko.PUBLIC_KEY)),
        (cka.KEY_TYPE, ulong(ckk.RSA)),
        (cka.LABEL, label),
        (cka.MODULUS, modulus.to_bytes(256, "big")),
        (cka.PUBLIC_EXPONENT, exponent.to_bytes(3, "big")),
    ]


def certificate_object(label: bytes, der: bytes) -> Rows:
    """The template of a certificate."""
    return [
        (cka.CLASS, ulong(cko.CERTIFICATE)),
        (cka.CERTIFICATE_TYPE, ulong(ckc.X_509)),
        (cka.LABEL, label),
        (cka.SUBJECT, b"0\0"),
        (cka.VALUE, der),
    ]


def made_attributes(made: SessionObject) -> dict[int, bytes]:
    """What a session object can be found by."""
    return {
        cka.CLASS: ulong(made.kind),
        cka.LABEL: made.label,
        cka.TOKEN: NO,
        cka.PRIVATE: YES if made.is_private else NO,
        **({} if made.kind == cko.DATA else {cka.ID: b""}),
    }


def found(token: Token, template: Rows) -> list[bytes]:
    """Names of the objects that a search gives now. Spec: PKCS#11 v3.1 5.7.7"""
    wanted = dict(template).items()
    card = [
        it.name
        for it in CARD_OBJECTS[token.name]
        if (token.is_logged_in or not it.is_private) and wanted <= it.attributes().items()
    ]
    return card + [made.name for made in token.objects.values() if wanted <= made_attributes(made).items()]
