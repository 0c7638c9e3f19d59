"""p11-kit with our module: its module files, the proxy, the module in another process, the card on another machine."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients import KEYS, signatures, verifications
from support.examples import script
from support.openssh import Server, serving
from support.openssl import openssl_verify
from support.pcsc_card import PcscCard
from support.process import run
from support.terminal import Dialogue, run_at_terminal

PROMPTS = {"Please enter User PIN: ": KEYS["authentication"].pin}
LETTER = b"Invented letter\n"
ACCEPTED = ("0018", "9000")
# p11-kit reads nobody's home for root. In a user namespace root's files belong to somebody else.
SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"] if os.geteuid() == 0 else []
REGISTER, LIST = "Register the module", "See that it is there"
PROXY, REMOTE = "Use any program through the proxy", "Keep the module out of other programs"
DESK, ELSEWHERE = "Lend the card to another machine", "Use the card on the other machine"
SIGN = "--login --sign --mechanism SHA256-RSA-PKCS --id 01 --input-file letter.txt --output-file letter.sig"
SIGN_BY_PROXY = f"pkcs11-tool --module \"$PROXY\" --token-label '{KEYS['authentication'].token}' {SIGN}"


def row(what: str, command: str) -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("p11-kit", what, command=command, example="examples/p11-kit.md")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader types, with a letter."""
    folder = tmp_path / "reader"
    folder.mkdir()
    (folder / "letter.txt").write_bytes(LETTER)
    return folder


@pytest.fixture
def runtime_folder() -> Iterator[Path]:
    """A user's folder for sockets, whose names may not be long."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def other_machine(tmp_path: Path, folder: Path) -> Iterator[Server]:
    """A machine where the reader has an account, and the key `login` for it."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "login"])
    with serving(tmp_path, (folder / "login.pub").read_text().strip()) as server:
        yield server


def typed(folder: Path, *headings: str) -> Dialogue:
    """Type what the example says below some headings, and the PIN."""
    return run_at_terminal([*SOMEBODY, *script("p11-kit.md", *headings)], PROMPTS, cwd=folder)


def require_signed(folder: Path, issued_card: Path) -> None:
    """The letter's signature is good."""
    key = (issued_card / "auth.der").read_bytes()
    openssl_verify(key, LETTER, (folder / "letter.sig").read_bytes(), "sha256")


@row("register the module in a module file", "pyjpki11 register p11-kit")
@row("list modules and tokens", "p11-kit list-modules")
@row("see the card in GnuTLS", "p11tool --list-tokens")
def test_list(card: PcscCard, folder: Path, module_path: Path) -> None:
    """Both tokens, once: those of OpenSC are hidden."""
    shown = typed(folder, REGISTER, LIST).output
    assert f"pyjpki11: {module_path}\n" in shown
    for key in KEYS.values():
        assert shown.count(f"    token: {key.token}\n") == 1
    assert shown.count("token=JPKI%20%28User%20Authentication%20PIN%29") == 1
    assert verifications(card) == []


@row("sign through p11-kit-proxy.so", SIGN_BY_PROXY)
def test_proxy(card: PcscCard, folder: Path, issued_card: Path) -> None:
    """A program that knows the proxy only."""
    assert len(typed(folder, REGISTER, PROXY).prompts) == 1
    require_signed(folder, issued_card)
    assert verifications(card) == [ACCEPTED]


@row("run the module in another process", 'echo "remote: |p11-kit remote $(pyjpki11 module-path)"')
def test_remote(card: PcscCard, folder: Path, issued_card: Path) -> None:
    """As before, and our library is not in the program."""
    trace = "LD_DEBUG=files LD_DEBUG_OUTPUT=loaded"
    steps = script("p11-kit.md", REGISTER, REMOTE, PROXY, replace={"pkcs11-tool": f"{trace} pkcs11-tool"})
    run_at_terminal([*SOMEBODY, *steps], PROMPTS, cwd=folder)
    require_signed(folder, issued_card)
    assert verifications(card) == [ACCEPTED]
    loaders = [file for file in folder.glob("loaded.*") if "/libpyjpki11.so" in file.read_text()]
    clients = [file for file in folder.glob("loaded.*") if "/p11-kit-proxy.so" in file.read_text()]
    assert len(loaders) == len(clients) == 1 and loaders != clients


@row("sign on another machine over ssh", f'pkcs11-tool --module "$CLIENT" {SIGN}')
def test_another_machine(
    card: PcscCard, folder: Path, runtime_folder: Path, other_machine: Server, issued_card: Path
) -> None:
    """The other machine's program has the socket only."""
    socket = str(runtime_folder / "card")
    there = script("p11-kit.md", ELSEWHERE, replace={"/home/hanako/card": socket})
    login = f"ssh -tt -F {other_machine.client_config} -i login -o ExitOnForwardFailure=yes"
    command = shlex.quote(f"cd {folder}; {shlex.join(there)}")
    own = {"ssh": f"trap 'p11-kit server -k' EXIT\n{login}", "/home/hanako/card": socket}
    here = script("p11-kit.md", DESK, replace={**own, "server.example.jp": f"card.test {command}"})
    environment = {"XDG_RUNTIME_DIR": str(runtime_folder)}
    assert len(run_at_terminal(here, PROMPTS, env=environment, cwd=folder).prompts) == 1
    require_signed(folder, issued_card)
    assert verifications(card) == [ACCEPTED]
    assert signatures(card) == 1
