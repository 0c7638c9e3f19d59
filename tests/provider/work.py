"""A whole day's work at a desk, and a clock by which it is disturbed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.x509 import load_der_x509_certificate
from provider.desk import Desk

from pyjpki11.cryptoki import cka
from pyjpki11.errors import CardAbsent, JpkiError

LABELS = {
    "auth": [
        "Digital Signature Certificate CA",
        "User Authentication Certificate",
        "User Authentication Certificate CA",
        "User Authentication Key",
        "User Authentication Public Key",
    ],
    "sign": [
        "Digital Signature Certificate",
        "Digital Signature Certificate CA",
        "Digital Signature Key",
        "Digital Signature Public Key",
    ],
}


def work(desk: Desk) -> None:
    """Everything a program does with both tokens; what it is told must be true."""
    if desk.module.slot_ids(token_present=True) != [0, 1]:
        raise CardAbsent("a program gives up here")
    for name in ("auth", "sign"):
        desk.open(name)
        token = desk.module.token(desk.session(name).slot_id)
        told = (token.facts.manufacturer(), token.facts.model(), token.facts.serial_number())
        assert told == ("pyjpki11 software card", "SOFTCARD", serial_number(desk))
        assert desk.flags(name) == []
        desk.login(name)
        assert desk.labels(name) == LABELS[name]
        for handle in desk.find(name):
            assert desk.value(name, handle, cka.SUBJECT)
        desk.sign(name)
        desk.logout(name)
        desk.login(name)
        desk.sign(name)
        desk.close(name)


def serial_number(desk: Desk) -> str:
    """As the token shows it."""
    return f"{load_der_x509_certificate(desk.certificate('auth')).serial_number:08X}"


def clean_up(desk: Desk) -> None:
    """What a host does after an error. These calls too may answer errors, but nothing else comes out."""
    for name in ("auth", "sign"):
        desk.do("close-all", name)


def assert_works(desk: Desk) -> None:
    """Everything works, and in the end nobody is logged in on the card."""
    assert desk.do("call", work, desk) == "OK"
    desk.finalize()
    assert not desk.card_signs("auth") and not desk.card_signs("sign")
    assert desk.tries("auth") == 3 and desk.tries("sign") == 5
    assert desk.reader.connections == 0, "a connection was left open"


class Clock:
    """Counts calls; at one of them something happens."""

    def __init__(self, number: int, happens: Callable[[], Any]) -> None:
        self.number, self.happens, self.count = number, happens, 0

    def __call__(self, *_arguments: object) -> Any:
        """Count, and let it happen when it is time."""
        self.count += 1
        if self.count - 1 != self.number:
            return None
        outcome = self.happens()
        if isinstance(outcome, JpkiError):
            raise outcome
        return outcome

    @property
    def has_struck(self) -> bool:
        """Whether it happened."""
        return self.count > self.number
