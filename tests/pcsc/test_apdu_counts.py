"""How many commands the card gets in the flows that users wait for: every one costs them 10 to 40 ms.

The bounds are what was measured when they were last touched, so that growth fails; they may only be lowered.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from support.clients import KEYS, Pkcs11Client
from support.openssh import Askpass, Server
from support.pcsc_card import PcscCard
from support.process import run

DATA = b"what is to be signed"
POLLS = 100


class Bound(NamedTuple):
    """How many commands the card may get.

    Cold: nothing of the card is known yet; warm: the same once more. For information: `budget`, the goal for both,
    None where none is set, and `opensc`, what OpenSC 0.23 sends.
    """

    cold: int
    warm: int
    budget: tuple[int, int] | None
    opensc: int

    def admits(self, cold: int, warm: int) -> bool:
        """Whether neither has grown."""
        return cold <= self.cold and warm <= self.warm


def tool(*options: str) -> tuple[str, ...]:
    """OpenSC's client."""
    return ("pkcs11-tool", "--module", "MODULE", *options)


def sign(slot: int, key: str) -> tuple[str, ...]:
    """A signature with a key."""
    login = ("--slot-index", str(slot), "--login", "--pin", KEYS[key].pin)
    files = ("--input-file", "FILE", "--output-file", "/dev/null")
    return tool(*login, "--sign", "--id", KEYS[key].id, "--mechanism", "SHA256-RSA-PKCS", *files)


# Command line, MODULE and FILE to be filled in
FLOWS = {
    "list slots": (tool("--list-slots"), Bound(5, 5, (10, 6), opensc=66)),
    "list objects": (tool("--list-objects"), Bound(16, 16, None, opensc=62)),
    "list objects, signature": (tool("--slot-index", "1", "--list-objects"), Bound(8, 8, None, opensc=64)),
    "sign, authentication": (sign(0, "authentication"), Bound(14, 14, (14, 8), opensc=70)),
    "sign, signature": (sign(1, "signature"), Bound(21, 21, None, opensc=74)),
    "ssh-keygen -D": (("ssh-keygen", "-D", "MODULE"), Bound(18, 18, None, opensc=80)),
}
SSH_LOGIN = Bound(24, 24, (14, 8), opensc=84)
# In a program that goes on
SECOND_SIGNATURE = 1
SECOND_SIGNATURE_WITH_CONSENT = 4  # budget: 2
LOGIN, LOGOUT = 3, 2


Count = Callable[[Callable[[], object]], int]


@pytest.fixture
def count(card: PcscCard) -> Count:
    """Counts the commands that something causes."""

    def commands(action: Callable[[], object]) -> int:
        before = card.count()
        action()
        return card.count() - before

    return commands


@pytest.mark.parametrize(("flow", "bound"), FLOWS.values(), ids=FLOWS)
def test_flow(count: Count, module_path: Path, tmp_path: Path, flow: tuple[str, ...], bound: Bound) -> None:
    document = tmp_path / "document"
    document.write_bytes(DATA)
    values = {"MODULE": str(module_path), "FILE": str(document)}
    command = [values.get(word, word) for word in flow]
    cold, warm = (count(lambda: run(command)) for _ in range(2))
    assert bound.admits(cold, warm), (cold, warm, bound)


def test_ssh_login(count: Count, server: Server, askpass: Askpass, module_path: Path) -> None:
    cold, warm = (count(lambda: server.login("-I", module_path, env=askpass.environment)) for _ in range(2))
    assert SSH_LOGIN.admits(cold, warm), (cold, warm, SSH_LOGIN)


def test_second_signature(count: Count, client: Pkcs11Client) -> None:
    session = client.logged_in("authentication")
    key = client.private_key(session)
    client.sign(session, DATA, key=key)
    assert count(lambda: client.sign(session, DATA, key=key)) == SECOND_SIGNATURE


def test_second_signature_with_consent(count: Count, client: Pkcs11Client) -> None:
    session = client.logged_in("signature")
    key = client.private_key(session)
    client.sign(session, DATA, key=key)
    how = ("CKM_SHA256_RSA_PKCS", DATA.hex(), KEYS["signature"].pin.encode().hex())
    assert count(lambda: client.ask("sign_with_consent", session, key, *how)) <= SECOND_SIGNATURE_WITH_CONSENT


def test_polling_costs_nothing(count: Count, client: Pkcs11Client) -> None:
    session = client.open("authentication")

    def poll() -> None:
        for _ in range(POLLS):
            client.slots(token_present=True)
            client.ask("slot_info", 0)
            client.ask("state", session)

    assert count(poll) == 0


def test_looking_at_objects_again_costs_nothing(count: Count, client: Pkcs11Client) -> None:
    session = client.logged_in("authentication")
    names = ["CKA_LABEL", "CKA_ID", "CKA_VALUE", "CKA_MODULUS"]
    client.objects(session, names)
    assert count(lambda: client.objects(session, names)) == 0


def test_login_and_logout(count: Count, client: Pkcs11Client) -> None:
    session = client.open("authentication")
    assert count(lambda: client.login(session, KEYS["authentication"].pin)) <= LOGIN
    assert count(lambda: client.ask("logout", session)) <= LOGOUT
