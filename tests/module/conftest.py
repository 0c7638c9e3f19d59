"""The ring of the built module: every test loads it into child processes of its own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from module.remote import AUTHENTICATION, RTLD_NOW, Module, Outcome, Remote, remote
from support.hosts import Hosts
from support.openssl import openssl_verify
from support.privileges import Trap, public_folder
from support.process import run

RunHost = Callable[..., "CompletedProcess[str]"]
PythonHost = Callable[..., "CompletedProcess[str]"]
#: The PC/SC reader where no service is: pcscd may run on this machine, with a card in a reader.
NO_READERS = {"PYJPKI11_READER": None, "PCSCLITE_CSOCK_NAME": "/nonexistent/pcscd.comm"}
PYTHON_CLIENT = Path(__file__).with_name("python_client.py")


@pytest.fixture
def card_env(softcard_state: Path) -> dict[str, str]:
    """The environment in which the module's reader is a software card."""
    return {"PYJPKI11_READER": f"softcard:{softcard_state}"}


class Starter:
    """Starts C programs under remote control, with the module in them; ends them with the test."""

    def __init__(self, program: Path, module_path: Path, env: Mapping[str, str | None]) -> None:
        self._program = program
        self.module_path = module_path
        self._env = env
        self._running = contextlib.ExitStack()
        self.outcome = Outcome()

    def process(
        self,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | str | None = None,
        closed: Sequence[int] = (),
        prefix: Sequence[Path | str] = (),
    ) -> Remote:
        """The program without the module; `closed`: file descriptors."""
        argv = [*prefix, self._program]
        started = remote(argv, {**self._env, **(env or {})}, cwd, closed)
        process, self.outcome = self._running.enter_context(started)
        return process

    def __call__(self, path: Path | str | None = None, flags: int = RTLD_NOW, **options: object) -> Module:
        """The module, or another library, in a program of its own."""
        return Module(self.process(**options), path or self.module_path, flags)  # type: ignore[arg-type]

    def close(self) -> None:
        """Let all programs end, which must succeed."""
        self._running.close()


@pytest.fixture
def start(c_host: Hosts, module_path: Path, card_env: dict[str, str]) -> Iterator[Starter]:
    """Starts the module in C programs: start(), start(flags=RTLD_LAZY), start(env={...}, cwd=...)."""
    starter = Starter(c_host("remote"), module_path, card_env)
    yield starter
    starter.close()


@pytest.fixture
def loaded(start: Starter) -> Module:
    """The module in a C program, before C_Initialize."""
    return start()


@pytest.fixture
def module(loaded: Module) -> Module:
    """The initialised module in a C program, with a software card in its reader."""
    loaded.initialize()
    return loaded


@pytest.fixture
def signature(module: Module) -> str:
    """What the card signs, in hex, after openssl has agreed."""
    session = module.login(AUTHENTICATION)
    made = module.sign(session, b"data")
    openssl_verify(module.certificate(session), b"data", made, "sha256")
    return made.hex()


@pytest.fixture
def run_host(c_host: Hosts, module_path: Path, card_env: dict[str, str]) -> RunHost:
    """Runs a C program on the module: run_host("threads", "together"); what it prints is in the result."""

    def run_it(
        name: str, *arguments: str, env: Mapping[str, str | None] | None = None, check: bool = True
    ) -> CompletedProcess[str]:
        return run([c_host(name), module_path, *arguments], env={**card_env, **(env or {})}, check=check)

    return run_it


@pytest.fixture
def python_host(module_path: Path, card_env: dict[str, str], tmp_path: Path) -> PythonHost:
    """Runs a Python program on the module: its text comes behind that of python_client.py."""
    program = tmp_path / "host_program.py"

    def run_it(
        text: str,
        python: Sequence[Path | str] = (sys.executable,),
        options: Sequence[str] = (),
        env: Mapping[str, str | None] | None = None,
        library: Path | None = None,
        check: bool = True,
    ) -> CompletedProcess[str]:
        program.write_text(PYTHON_CLIENT.read_text() + text)
        argv = [*python, program, library or module_path, *options]
        return run(argv, env={**card_env, **(env or {})}, check=check)

    return run_it


@pytest.fixture
def trap(issued_card: Path) -> Iterator[Trap]:
    """What an ordinary user has prepared for root, in a folder that all users reach."""
    with public_folder() as folder:
        yield Trap(folder, issued_card)


@pytest.fixture
def hosts(c_host: Hosts, module_path: Path) -> Iterator[Callable[..., Starter]]:
    """What starts the module in C programs without a card of their own: hosts(), hosts(program)."""
    with contextlib.ExitStack() as running:

        def make(program: Path | None = None) -> Starter:
            starter = Starter(program or c_host("remote"), module_path, NO_READERS)
            running.callback(starter.close)
            return starter

        yield make


def use(module: Module) -> None:
    """What every program does first; a card that is there is asked for its certificate, which would be cached."""
    module.initialize()
    count = module.remote.ulong()
    module.must("C_GetSlotList", 1, None, count)
    if module.remote.read_ulong(count):
        module.certificate(module.open_session(AUTHENTICATION))
