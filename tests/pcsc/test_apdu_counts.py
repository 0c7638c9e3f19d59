"""How many commands the card gets in the flows that users wait for: every one costs them 10 to 40 ms.

The bounds are what was measured when they were last touched, so that growth fails; they may only be lowered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from support import pcsc
from support.clients import KEYS, SELECT_JPKI, SELECT_OTHER, NewRaw, Pkcs11Client
from support.openssh import Askpass, serving
from support.pcsc_card import PcscCard
from support.process import run

DATA = b"what is to be signed"
POLLS = 100


Flow = tuple[str, ...]


class Count(NamedTuple):
    """Commands that the card gets."""

    cold: int  # nothing of the card is known yet
    warm: int  # its public certificates are remembered

    def exceeds(self, bound: tuple[int, int]) -> bool:
        """Whether one of them does."""
        return self.cold > bound[0] or self.warm > bound[1]


class Bound(NamedTuple):
    """What the card may get in a flow.

    `alone`: no other program was connected to the card, which has lost its power. `shared`: another one is. For
    information: `budget`, the goal for both, None where none is set, and `opensc`, what OpenSC 0.23 sends.
    """

    alone: Count
    shared: Count
    budget: tuple[int, int] | None
    opensc: int


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
LIST_EVERYTHING: Flow = tool("--list-objects")
LIST_EVERYTHING_UNCACHED = 16
FLOWS: dict[str, tuple[Flow, Bound]] = {
    "list slots": (tool("--list-slots"), Bound(Count(5, 4), Count(5, 3), (6, 4), opensc=66)),
    "list objects": (LIST_EVERYTHING, Bound(Count(7, 2), Count(7, 1), None, opensc=62)),
    "list objects, signature": (
        tool("--slot-index", "1", "--list-objects"), Bound(Count(4, 2), Count(4, 1), None, opensc=64),
    ),
    "sign, authentication": (sign(0, "authentication"), Bound(Count(11, 7), Count(12, 7), (12, 7), opensc=70)),
    "sign, signature": (sign(1, "signature"), Bound(Count(17, 16), Count(18, 16), None, opensc=74)),
    "ssh-keygen -D": (LOOK_AT_EVERYTHING, Bound(Count(9, 4), Count(9, 3), None, opensc=80)),
}  # fmt: skip
SSH_LOGIN = Bound(Count(13, 8), Count(14, 8), (14, 8), opensc=84)
# In a program that goes on; SELECT and VERIFY before the signature, where it needs the user's consent
SECOND_SIGNATURE, SECOND_SIGNATURE_WITH_CONSENT = 1, 3
LOGIN = 2
LOGOUT = {"alone": 1, "shared": 2}

Commands = Callable[[Callable[[], object]], int]


@pytest.fixture
def count(card: PcscCard) -> Commands:
    """Counts the commands that something causes."""

    def commands(action: Callable[[], object]) -> int:
        before = card.count()
        action()
        return card.count() - before

    return commands


@pytest.fixture(params=["alone", "shared"])
def circumstances(request: pytest.FixtureRequest, card: PcscCard) -> Iterator[str]:
    """Whether another program is connected to the card: the name of a field of Bound."""
    with pcsc.connected(card.reader) if request.param == "shared" else contextlib.nullcontext():
        yield request.param


@pytest.fixture
def count_run(count: Commands, card: PcscCard, circumstances: str) -> Commands:
    """Counts the commands that a program causes from its start to its end."""

    def commands(program: Callable[[], object]) -> int:
        if circumstances == "alone":
            pcsc.power_off(card.reader)
        return count(program)

    return commands


@pytest.fixture
def filled_in(module_path: Path, tmp_path: Path) -> Callable[[tuple[str, ...]], list[str]]:
    """Fills in what a flow's command line leaves open."""
    document = tmp_path / "document"
    document.write_bytes(DATA)
    values = {"MODULE": str(module_path), "FILE": str(document)}
    return lambda flow: [values.get(word, word) for word in flow]


@pytest.mark.parametrize(("flow", "bound"), FLOWS.values(), ids=FLOWS)
def test_flow(
    count_run: Commands, filled_in: Callable[[Flow], list[str]], flow: Flow, bound: Bound, circumstances: str
) -> None:
    """Before and after a program has looked at everything."""
    cold = count_run(lambda: run(filled_in(flow)))
    run(filled_in(LOOK_AT_EVERYTHING))
    found = Count(cold, count_run(lambda: run(filled_in(flow))))
    assert not found.exceeds(getattr(bound, circumstances)), bound


@pytest.mark.parametrize("name", ["list objects", "sign, authentication", "ssh-keygen -D"])
def test_flow_twice(count_run: Commands, filled_in: Callable[[Flow], list[str]], name: str, circumstances: str) -> None:
    """A flow that reads the authentication certificate warms itself up."""
    flow, bound = FLOWS[name]
    found = Count(*(count_run(lambda: run(filled_in(flow))) for _ in range(2)))
    assert not found.exceeds(getattr(bound, circumstances)), bound


@pytest.mark.parametrize("bound", [*(bound for _flow, bound in FLOWS.values()), SSH_LOGIN], ids=[*FLOWS, "ssh -I"])
def test_bounds_are_within_the_budget(bound: Bound) -> None:
    for count in (bound.alone, bound.shared):
        assert bound.budget is None or not count.exceeds(bound.budget)
        assert 4 * count.cold < bound.opensc


def test_another_program_has_selected_something_else(
    count: Commands, card: PcscCard, new_raw: NewRaw, filled_in: Callable[[Flow], list[str]]
) -> None:
    """Which two more commands find out and mend."""
    flow, bound = FLOWS["sign, authentication"]
    run(filled_in(flow))
    raw = new_raw(card.reader)
    assert raw.status(SELECT_OTHER) == "9000"
    assert count(lambda: run(filled_in(flow))) <= bound.shared.warm + 2


def test_without_the_cache(count_run: Commands, module_path: Path, tmp_path: Path) -> None:
    """Switched off, every run reads everything, and nothing is written."""
    settings = tmp_path / "settings.toml"
    settings.write_text("certificate_cache = false\n")
    command = [str(module_path) if word == "MODULE" else word for word in LIST_EVERYTHING]
    env = {"PYJPKI11_CONFIG": str(settings), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert {count_run(lambda: run(command, env=env)) for _ in range(3)} == {LIST_EVERYTHING_UNCACHED}
    assert not (tmp_path / "cache").exists()


def ssh_key(state: Path) -> str:
    """The line of authorized_keys for a card, from its memory."""
    key = load_der_x509_certificate((state / "auth.der").read_bytes()).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def ends_with(*commands: str) -> Callable[[list[tuple[str, str]]], bool]:
    """Whether these were the last."""
    return lambda apdus: tuple(command for command, _answer in apdus[-len(commands) :]) == commands


# Design: decision 6
IS_LOGGED_OUT = {"alone": ends_with(SELECT_OTHER), "shared": ends_with(SELECT_OTHER, SELECT_JPKI)}


def test_ssh_login(
    count_run: Commands, card: PcscCard, askpass: Askpass, module_path: Path, tmp_path: Path, circumstances: str
) -> None:
    with serving(tmp_path, ssh_key(card.state)) as server:

        def login() -> None:
            server.login("-I", module_path, env=askpass.environment)
            card.wait_until(IS_LOGGED_OUT[circumstances])  # by the helper process, which outlives ssh

        found = Count(*(count_run(login) for _ in range(2)))
    assert not found.exceeds(getattr(SSH_LOGIN, circumstances)), SSH_LOGIN


def test_second_signature(count: Commands, client: Pkcs11Client) -> None:
    session = client.logged_in("authentication")
    key = client.private_key(session)
    client.sign(session, DATA, key=key)
    assert count(lambda: client.sign(session, DATA, key=key)) == SECOND_SIGNATURE


def test_second_signature_with_consent(count: Commands, client: Pkcs11Client) -> None:
    session = client.logged_in("signature")
    key = client.private_key(session)
    client.sign(session, DATA, key=key)
    assert count(lambda: client.sign_with_consent(session, DATA, key)) == SECOND_SIGNATURE_WITH_CONSENT


def test_polling_costs_nothing(count: Commands, client: Pkcs11Client) -> None:
    session = client.open("authentication")

    def poll() -> None:
        for _ in range(POLLS):
            client.slots(token_present=True)
            client.ask("slot_info", 0)
            client.ask("state", session)

    assert count(poll) == 0


def test_looking_at_objects_again_costs_nothing(count: Commands, client: Pkcs11Client) -> None:
    session = client.logged_in("authentication")
    names = ["CKA_LABEL", "CKA_ID", "CKA_VALUE", "CKA_MODULUS"]
    client.objects(session, names)
    assert count(lambda: client.objects(session, names)) == 0


def test_login_and_logout(
    count: Commands, card: PcscCard, client: Pkcs11Client, new_raw: NewRaw, circumstances: str
) -> None:
    """Our application is selected again for other programs; one that comes meanwhile is noticed, too."""
    session = client.open("authentication")
    assert count(lambda: client.login(session, KEYS["authentication"].pin)) <= LOGIN
    assert count(lambda: client.ask("logout", session)) == LOGOUT[circumstances]
    client.login(session, KEYS["authentication"].pin)
    _raw = new_raw(card.reader)
    assert count(lambda: client.ask("logout", session)) == LOGOUT["shared"]
