"""The ring of time and malice: fuzzers and soaks, each in a process of its own that has a time limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.hosts import FLAGS, LIBRARIES
from support.hosts import SOURCES as SHARED
from support.process import run
from torture.sanitized import PROJECT, build_library, compiler
from torture.sizes import Size

HOSTS = Path(__file__).with_name("hosts")
RunHost = Callable[..., "CompletedProcess[str]"]


class Hosts:
    """Compiles each tests/torture/hosts/NAME.c when it is first asked for, with more options where they are given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str, *options: str) -> Path:
        """The program made from NAME.c."""
        program = self._folder / "-".join((name, *(option.strip("-").replace(",", "-") for option in options)))
        if not program.exists():
            includes = [f"-I{SHARED}", f"-I{PROJECT / 'c_shim'}"]
            run([*compiler(), *FLAGS, *options, *includes, "-o", program, HOSTS / f"{name}.c", *LIBRARIES])
        return program


@pytest.fixture(scope="session")
def torture_host(tmp_path_factory: pytest.TempPathFactory) -> Hosts:
    """Compiles the C programs of this ring: torture_host("soak")."""
    return Hosts(tmp_path_factory.mktemp("torture_hosts"))


@pytest.fixture(scope="session")
def sanitized_library(tmp_path_factory: pytest.TempPathFactory, module_path: Path) -> Path:
    """The library with sanitizers in it, which belongs to the installed package."""
    return build_library(tmp_path_factory.mktemp("sanitized"), module_path.parents[1])


@pytest.fixture
def run_on_card(softcard_state: Path, tmp_path: Path) -> RunHost:
    """Runs a program whose module has a software card in its reader, and a log of warnings and worse in `log`."""

    def run_it(size: Size, *argv: str | Path, env: Mapping[str, str] | None = None) -> CompletedProcess[str]:
        own = {
            "PYJPKI11_READER": f"softcard:{softcard_state}",
            "PYJPKI11_LOG": str(tmp_path / "log"),
            "PYJPKI11_LOG_LEVEL": "warning",
        }
        return run(argv, timeout=size.timeout_s, env={**own, **(env or {})})

    return run_it
