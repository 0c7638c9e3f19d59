"""OpenSSH with our module: listing keys, logging in to a real sshd, the agent.

Every login asks for the authentication PIN once, and never for the signature password.
"""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.clients import KEYS, OPENSC, SSH_KEY_LABEL, signatures, verifications
from support.examples import script
from support.openssh import POLL_S, READY_S, Askpass, Server, listed_keys, serving
from support.openssl import public_key
from support.pcsc_card import PcscCard
from support.process import Failed, background, run
from support.terminal import Dialogue, run_at_terminal

PROMPT = f"Enter PIN for '{KEYS['authentication'].token}': "
WRONG_PIN = "9999"
PROMPTS = {r"Enter PIN for '[^']*': ": KEYS["authentication"].pin, r"for PKCS#11: ": KEYS["authentication"].pin}
HOST = "server.example.jp"
LOG_IN = f"ssh {HOST}"
ALLOWED = "/usr/local/lib"  # by an agent that was started without options
ACCEPTED, REFUSED = ("0018", "9000"), ("0018", "63C2")  # answers to the authentication PIN


class Reader:
    """Types what the example says, in a folder of their own."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self._config = Path(os.environ["HOME"], ".ssh", "config")
        self._config.parent.mkdir()
        self._config.write_text(server.client_config.read_text().replace("IdentityAgent none\n", ""))

    def types(self, *headings: str, replace: Mapping[str, str] | None = None, more: str = "") -> Dialogue:
        """Type the commands below some headings, and `more`, and the PIN whenever something asks for it.

        An agent that they start ends with them.
        """
        argv = script("openssh.md", "Set up", *headings, replace=replace)
        config = f'ssh() {{ command ssh -F {self._config} "$@"; }}'  # OpenSSH does not look at HOME
        agent = "trap '[ -z \"${SSH_AGENT_PID-}\" ] || ssh-agent -k' EXIT"
        commands = f"{config}\n{agent}\n{argv[-1]}{more}"
        return run_at_terminal([*argv[:-1], commands], PROMPTS, env={"SSH_AUTH_SOCK": None}, cwd=self.folder)


def row(what: str, command: str, program: str = "OpenSSH") -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client(program, what, command=command, example="examples/openssh.md")


@pytest.fixture
def reader(server: Server, tmp_path: Path) -> Reader:
    """Whoever follows the example, with an account on the server."""
    return Reader(server, tmp_path / "reader")


@pytest.fixture
def agent(module_path: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of an agent that may load our module."""
    address = tmp_path / "agent"
    with background(["ssh-agent", "-D", "-a", address, "-P", module_path.resolve()], tmp_path / "agent.log"):
        deadline = time.monotonic() + READY_S
        while not address.exists() and time.monotonic() < deadline:
            time.sleep(POLL_S)
        yield {"SSH_AUTH_SOCK": str(address)}


@pytest.fixture
def copies() -> Iterator[str]:
    """A folder for copies of the module where every agent takes them."""
    if not os.access(ALLOWED, os.W_OK) and "CI" not in os.environ:
        pytest.skip(f"only root may write to {ALLOWED}")
    folder = tempfile.mkdtemp(prefix="pyjpki11-test-", dir=ALLOWED)
    yield folder
    shutil.rmtree(folder)


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


# -- the example ----------------------------------------------------------------------------------------------------


@row("list the keys", 'ssh-keygen -D "$MODULE"')
def test_example_of_the_key(card: PcscCard, reader: Reader, listed_key: str) -> None:
    """It is the one that logs in."""
    reader.types("Let a server know the key")
    assert (reader.folder / "card.pub").read_text() == f"{listed_key}\n"
    assert verifications(card) == []


@row("log in", f'ssh -I "$MODULE" {HOST}')
def test_example_of_a_login(card: PcscCard, reader: Reader) -> None:
    """One prompt."""
    shown = reader.types("Log in", replace={HOST: f"{HOST} echo logged in"})
    assert "\nlogged in\n" in shown.output
    assert shown.prompts == [PROMPT]
    assert verifications(card) == [ACCEPTED]


@pytest.mark.parametrize(
    "heading",
    [
        pytest.param("Log in without an option", marks=row("register the module", "pyjpki11 register openssh")),
        pytest.param(
            "Log in to one server without an option", marks=row("log in with `PKCS11Provider` in ssh_config", LOG_IN)
        ),
    ],
)
def test_example_of_the_settings(card: PcscCard, reader: Reader, heading: str) -> None:
    """One prompt."""
    shown = reader.types(heading, replace={LOG_IN: f"{LOG_IN} echo logged in"})
    assert "\nlogged in\n" in shown.output
    assert shown.prompts == [PROMPT]
    assert verifications(card) == [ACCEPTED]


@row("add the card to an agent, log in through it", 'ssh-add -s "$MODULE"')
@row("take the card from the agent", 'ssh-add -e "$MODULE"')
def test_example_of_an_agent(card: PcscCard, reader: Reader) -> None:
    """The PIN is asked for once, by ssh-add; the agent has nothing in the end."""
    steps = ["Give the card to an agent", "Log in through the agent", "Take the card from the agent"]
    shown = reader.types(*steps, replace={LOG_IN: f"{LOG_IN} echo logged in"}, more="ssh-add -L || true\n")
    assert "\nlogged in\n" in shown.output
    assert "\nThe agent has no identities.\n" in shown.output
    assert shown.prompts == ["for PKCS#11: "]
    assert verifications(card) == [ACCEPTED]


@row("add the card to an agent with the usual allow-list", "ssh-add -s /usr/local/lib/pyjpki11/libpyjpki11.so")
def test_example_of_any_agent(card: PcscCard, reader: Reader, copies: str, module_path: Path) -> None:
    """It refuses the module where pip has put it, and takes the copy."""
    refused = 'eval "$(ssh-agent)"\nif ssh-add -s "$MODULE"; then exit 9; fi\n'
    own = {"/opt/pyjpki11/bin/": "", "sudo install": f"{refused}install", "sudo tee": "tee"}
    own["/usr/local/lib/pyjpki11"] = copies
    shown = reader.types("Give the card to any agent", replace=own, more=f"{LOG_IN} echo logged in\n")
    assert "refused operation" in shown.output
    assert shown.output.count("\nlogged in\n") == 1
    assert verifications(card) == [ACCEPTED]


@row("sign commits with the card in an agent", "git commit --allow-empty -S -m 'Signed with the card'", "git")
@row("check a signed commit", "git verify-commit HEAD", "git")
def test_example_of_commits(card: PcscCard, reader: Reader) -> None:
    """git itself says whose signature it is."""
    run(["git", "init", "--quiet", reader.folder])
    for name, value in {"user.name": "Hanako", "user.email": "hanako@example.jp"}.items():
        run(["git", "config", name, value], cwd=reader.folder)
    steps = ["Let a server know the key", "Give the card to an agent", "Sign commits", "Check a signed commit"]
    shown = reader.types(*steps)
    assert 'Good "git" signature for hanako@example.jp with RSA key' in shown.output
    assert verifications(card) == [ACCEPTED]
    assert signatures(card) == 1


@row("sign SSH certificates", 'ssh-keygen -s card.pub -D "$MODULE" -I alice -n alice -V +1d alice.pub')
def test_example_of_certificates(card: PcscCard, reader: Reader, tmp_path: Path) -> None:
    """A server that trusts the card lets in a key that the card has certified."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", reader.folder / "alice"])
    user = {"-n alice": f"-n {getpass.getuser()}"}
    shown = reader.types("Let a server know the key", "Sign certificates for other keys", replace=user)
    assert shown.prompts == [PROMPT]
    authority = (reader.folder / "card.pub").read_text()
    other = tmp_path / "other"
    other.mkdir()
    with serving(other, f"cert-authority {authority.strip()}") as trusting:
        assert trusting.login("-i", reader.folder / "alice", env={}) == "logged in\n"
    assert signatures(card) == 1
