"""A real sshd, and a program that answers OpenSSH's prompts and keeps a record of them."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from support.process import Failed, background, run

READY_S, POLL_S = 15.0, 0.05
PRIVILEGE_SEPARATION = Path("/run/sshd")  # a directory that sshd demands of root
SERVER_OPTIONS = {
    "ListenAddress": "127.0.0.1",
    "UsePAM": "no",
    "StrictModes": "no",
    "PermitRootLogin": "yes",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "PidFile": "none",
}
CLIENT_OPTIONS = {
    "HostName": "127.0.0.1",
    "IdentityFile": "none",
    "IdentityAgent": "none",
    "PreferredAuthentications": "publickey",
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
    "GlobalKnownHostsFile": "/dev/null",
    "LogLevel": "VERBOSE",
}


class Askpass:
    """A program that answers every prompt with the same text, and writes the prompts down."""

    def __init__(self, folder: Path, answer: str) -> None:
        self._record = folder / "prompts"
        self._program = folder / "askpass"
        lines = ["#!/bin/sh", f"echo \"$1\" >> '{self._record}'", f"echo '{answer}'"]
        self._program.write_text("\n".join(lines) + "\n")
        self._program.chmod(0o700)

    @property
    def environment(self) -> dict[str, str]:
        """What makes OpenSSH ask it."""
        return {"SSH_ASKPASS": str(self._program), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":none"}

    def prompts(self) -> list[str]:
        """The prompts so far."""
        return self._record.read_text().splitlines() if self._record.exists() else []


class Server:
    """An sshd that lets in whoever has the card."""

    def __init__(self, folder: Path, port: int) -> None:
        self.log = folder / "sshd.log"
        self.client_config = folder / "ssh_config"
        options = CLIENT_OPTIONS | {"Port": str(port), "User": pwd.getpwuid(os.getuid()).pw_name}
        self.client_config.write_text(_lines(options))

    def login(
        self, *options: str | Path, env: dict[str, str], config: str = "", command: str = "echo logged in"
    ) -> str:
        """The output of a command on the server; Failed, with the server's log, when it lets nobody in."""
        file = self.client_config
        if config:
            file = file.with_name("ssh_config2")
            file.write_text(config + self.client_config.read_text())  # the first value counts
        try:
            return run(["ssh", "-F", file, *options, "card.test", command], env=env).stdout
        except Failed as error:
            raise Failed(f"{error}\n--- sshd\n{self.log.read_text()}") from None


@contextlib.contextmanager
def serving(folder: Path, key: str) -> Iterator[Server]:
    """A server that lets in whoever has a key, given as a line of authorized_keys."""
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    port = _free_port()
    server = Server(folder, port)
    with background(_server_command(folder, key, port), server.log) as process:
        _until_it_listens(port, process, server.log)
        yield server


def listed_keys(module: Path) -> list[str]:
    """What ssh-keygen -D prints."""
    return run(["ssh-keygen", "-D", module]).stdout.splitlines()


def _lines(options: dict[str, str]) -> str:
    return "".join(f"{name} {value}\n" for name, value in options.items())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        return int(chosen.getsockname()[1])


def _server_command(folder: Path, key: str, port: int) -> list[str]:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "host_key"])
    (folder / "authorized_keys").write_text(f"{key}\n")
    own = {"Port": str(port), "HostKey": f"{folder}/host_key", "AuthorizedKeysFile": f"{folder}/authorized_keys"}
    config = folder / "sshd_config"
    config.write_text(_lines(SERVER_OPTIONS | own))
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program is not None, "sshd is not installed (package openssh-server)"
    return [program, "-D", "-e", "-f", str(config)]


def _until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(POLL_S)
