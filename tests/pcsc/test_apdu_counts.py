"""How many commands the card gets in the flows that users wait for: every one costs them 10 to 40 ms.

The bounds are what was measured when they were last touched, so that growth fails; they may only be lowered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from support import pcsc
from support.clients import KEYS, Pkcs11Client
from support.openssh import Askpass, serving
from support.pcsc_card import CardMaker, PcscCard
from support.process import run

DATA = b"what is to be signed"
POLLS = 100


Flow = tuple[str, ...]


class Bound(NamedTuple):
    """How many commands the card may get.

    Cold: nothing of the card is known yet. Warm: its public certificates are remembered. For information: `budget`,
    the goal for both, None where none is set, and `opensc`, what OpenSC 0.23 sends.
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
LOOK_AT_EVERYTHING: Flow = ("ssh-keygen", "-D", "MODULE")
FLOWS: dict[str, tuple[Flow, Bound]] = {
    "list slots": (tool("--list-slots"), Bound(5, 3, (10, 6), opensc=66)),
    "list objects": (tool("--list-objects"), Bound(16, 1, None, opensc=62)),
    "list objects, signature": (tool("--slot-index", "1", "--list-objects"), Bound(8, 1, None, opensc=64)),
    "sign, authentication": (sign(0, "authentication"), Bound(12, 7, (14, 8), opensc=70)),
    "sign, signature": (sign(1, "signature"), Bound(19, 17, None, opensc=74)),
    "ssh-keygen -D": (LOOK_AT_EVERYTHING, Bound(18, 3, None, opensc=80)),
}
SSH_LOGIN = Bound(14, 8, (14, 8), opensc=84)
# In a program that goes on
SECOND_SIGNATURE = 1
# Budget: 2, VERIFY and the signature. The third is the SELECT before the VERIFY: between the signature before and this
# one the card was free for other programs, and nothing that costs less proves which application's PIN is meant.
SECOND_SIGNATURE_WITH_CONSENT = 3
LOGIN, LOGOUT = 2, 2
SELECT_BY_NAME = "00A4040C"


Count = Callable[[Callable[[], object]], int]


@pytest.fixture
def count(card: PcscCard) -> Iterator[Count]:
    """Counts the commands that something causes, while the card keeps its power."""

    def commands(action: Callable[[], object]) -> int:
        before = card.count()
        action()
        return card.count() - before

    with pcsc.keep_powered(card.reader):
        yield commands


@pytest.fixture
def filled_in(module_path: Path, tmp_path: Path) -> Callable[[tuple[str, ...]], list[str]]:
    """Fills in what a flow's command line leaves open."""
    document = tmp_path / "document"
    document.write_bytes(DATA)
    values = {"MODULE": str(module_path), "FILE": str(document)}
    return lambda flow: [values.get(word, word) for word in flow]


@pytest.mark.parametrize(("flow", "bound"), FLOWS.values(), ids=FLOWS)
def test_flow(count: Count, filled_in: Callable[[tuple[str, ...]], list[str]], flow: Flow, bound: Bound) -> None:
    """Before and after a program has looked at everything."""
    cold = count(lambda: run(filled_in(flow)))
    run(filled_in(LOOK_AT_EVERYTHING))
    warm = count(lambda: run(filled_in(flow)))
    assert bound.admits(cold, warm), (cold, warm, bound)


@pytest.mark.parametrize("name", ["list objects", "sign, authentication", "ssh-keygen -D"])
def test_flow_twice(count: Count, filled_in: Callable[[tuple[str, ...]], list[str]], name: str) -> None:
    """A flow that reads the authentication certificate warms itself up."""
    flow, bound = FLOWS[name]
    cold, warm = (count(lambda: run(filled_in(flow))) for _ in range(2))
    assert bound.admits(cold, warm), (cold, warm, bound)


def test_a_card_that_lost_its_power(
    count: Count, pcsc_card: CardMaker, card: PcscCard, filled_in: Callable[[tuple[str, ...]], list[str]]
) -> None:
    """The application is no longer selected, which two more commands find out and mend."""
    flow, bound = FLOWS["sign, authentication"]
    run(filled_in(flow))
    card.remove()
    again = pcsc_card(state=card.state)
    run(filled_in(flow))
    assert again.count() <= bound.warm + 2


def test_without_the_cache(count: Count, module_path: Path, tmp_path: Path) -> None:
    """Switched off, every run is a cold one, and nothing is written."""
    settings = tmp_path / "settings.toml"
    settings.write_text("certificate_cache = false\n")
    flow, bound = FLOWS["list objects"]
    command = [str(module_path) if word == "MODULE" else word for word in flow]
    env = {"PYJPKI11_CONFIG": str(settings), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert {count(lambda: run(command, env=env)) for _ in range(3)} == {bound.cold}
    assert not (tmp_path / "cache").exists()


def ssh_key(state: Path) -> str:
    """The line of authorized_keys for a card, from its memory."""
    key = load_der_x509_certificate((state / "auth.der").read_bytes()).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def is_logged_out(apdus: list[tuple[str, str]]) -> bool:
    """Whether the last commands select another application and JPKI again. Design: decision 6"""
    return [command[:8] for command, _sw in apdus[-2:]] == [SELECT_BY_NAME] * 2


def test_ssh_login(count: Count, card: PcscCard, askpass: Askpass, module_path: Path, tmp_path: Path) -> None:
    with serving(tmp_path, ssh_key(card.state)) as server:

        def login() -> None:
            server.login("-I", module_path, env=askpass.environment)
            card.wait_until(is_logged_out)  # by the helper process, which outlives ssh

        cold, warm = (count(login) for _ in range(2))
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
