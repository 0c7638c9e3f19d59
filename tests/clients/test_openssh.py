"""OpenSSH with our module: listing keys, logging in to a real sshd, the agent.

Every login asks for the authentication PIN once, and never for the signature password.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients import KEYS, OPENSC, SSH_KEY_LABEL, signatures, verifications
from support.openssh import POLL_S, READY_S, Askpass, Server, listed_keys
from support.openssl import public_key
from support.pcsc_card import PcscCard
from support.process import Failed, background, run

PROMPT = f"Enter PIN for '{KEYS['authentication'].token}': "
WRONG_PIN = "9999"
ACCEPTED, REFUSED = ("0018", "9000"), ("0018", "63C2")  # answers to the authentication PIN


@pytest.fixture
def agent(module_path: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of an agent that may load our module."""
    address = tmp_path / "agent"
    with background(["ssh-agent", "-D", "-a", address, "-P", module_path.resolve()], tmp_path / "agent.log"):
        deadline = time.monotonic() + READY_S
        while not address.exists() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        yield {"SSH_AUTH_SOCK": str(address)}


def test_keygen_lists_what_it_lists_with_opensc(card: PcscCard, module_path: Path) -> None:
    ours, theirs = listed_keys(module_path), listed_keys(OPENSC[0])
    assert [line.split()[:2] for line in ours] == [line.split()[:2] for line in theirs]
    assert ours[0].startswith("ssh-rsa ") and ours[0].endswith(f" {SSH_KEY_LABEL}")
    assert verifications(card) == []


def test_keygen_prints_what_openssl_reads(card: PcscCard, listed_key: str, tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(f"{listed_key}\n")
    pem = run(["ssh-keygen", "-e", "-m", "PKCS8", "-f", tmp_path / "key.pub"]).stdout
    certificate = tmp_path / "certificate"
    wanted = ["--token-label", KEYS["authentication"].token, "--type", "cert", "--id", KEYS["authentication"].id]
    run(["pkcs11-tool", "--module", OPENSC[0], *wanted, "--read-object", "--output-file", certificate])
    assert pem.strip() == public_key(certificate.read_bytes()).strip()


def test_login_asks_for_the_pin_once(card: PcscCard, server: Server, askpass: Askpass, module_path: Path) -> None:
    assert server.login("-I", module_path, env=askpass.environment) == "logged in\n"
    assert askpass.prompts() == [PROMPT]
    assert verifications(card) == [ACCEPTED]
    assert signatures(card) == 1


def test_login_through_the_config_file(card: PcscCard, server: Server, askpass: Askpass, module_path: Path) -> None:
    assert server.login(config=f"PKCS11Provider {module_path}\n", env=askpass.environment) == "logged in\n"
    assert askpass.prompts() == [PROMPT]
    assert verifications(card) == [ACCEPTED]


def test_two_logins_ask_once_each(card: PcscCard, server: Server, askpass: Askpass, module_path: Path) -> None:
    for _ in range(2):
        server.login("-I", module_path, env=askpass.environment)
    assert askpass.prompts() == [PROMPT] * 2
    assert verifications(card) == [ACCEPTED] * 2


def test_wrong_pin_costs_one_try(card: PcscCard, server: Server, tmp_path: Path, module_path: Path) -> None:
    wrong = Askpass(tmp_path, WRONG_PIN)
    with pytest.raises(Failed, match="Permission denied"):
        server.login("-I", module_path, env=wrong.environment)
    assert wrong.prompts() == [PROMPT]
    assert verifications(card) == [REFUSED]
    assert signatures(card) == 0


@pytest.mark.parametrize("answer", ["123", "12345", "abcd", ""])
def test_malformed_pin_costs_no_try(
    card: PcscCard, server: Server, tmp_path: Path, module_path: Path, answer: str
) -> None:
    with pytest.raises(Failed, match="Permission denied"):
        server.login("-I", module_path, env=Askpass(tmp_path, answer).environment)
    assert verifications(card) == []


def test_large_output_passes_through(card: PcscCard, server: Server, askpass: Askpass, module_path: Path) -> None:
    output = server.login("-I", module_path, env=askpass.environment, command="seq 100000")
    assert output.splitlines()[-1] == "100000"


def test_agent(
    card: PcscCard, server: Server, askpass: Askpass, agent: dict[str, str], module_path: Path, listed_key: str
) -> None:
    env = askpass.environment | agent
    run(["ssh-add", "-s", module_path], env=env)
    assert run(["ssh-add", "-L"], env=env).stdout.split()[:2] == listed_key.split()[:2]
    assert askpass.prompts() == ["Enter passphrase for PKCS#11: "]
    for _ in range(2):
        assert server.login(config=f"IdentityAgent {shlex.quote(agent['SSH_AUTH_SOCK'])}\n", env=env)
    assert verifications(card) == [ACCEPTED]
    assert signatures(card) == 2
    run(["ssh-add", "-e", module_path], env=env)
    assert run(["ssh-add", "-L"], env=env, check=False).stdout == "The agent has no identities.\n"


def test_agent_takes_the_module_twice(
    card: PcscCard, askpass: Askpass, agent: dict[str, str], module_path: Path, listed_key: str
) -> None:
    env = askpass.environment | agent
    for _ in range(2):
        run(["ssh-add", "-s", module_path], env=env)
        assert run(["ssh-add", "-L"], env=env).stdout.count(listed_key.split()[1]) == 1
        run(["ssh-add", "-e", module_path], env=env)


def test_agent_with_a_wrong_pin_costs_one_try(
    card: PcscCard, tmp_path: Path, agent: dict[str, str], module_path: Path
) -> None:
    wrong = Askpass(tmp_path, WRONG_PIN)
    run(["ssh-add", "-s", module_path], env=wrong.environment | agent, check=False)
    assert verifications(card) == [REFUSED]
