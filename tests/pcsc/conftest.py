"""Programs that use the card, ended with each test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support.clients import OPENSC, NewClient, NewRaw, Pkcs11Client, RawClient


@pytest.fixture
def programs() -> Iterator[contextlib.ExitStack]:
    """What ends all programs of a test, the last one first."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def new_client(programs: contextlib.ExitStack, module_path: Path) -> NewClient:
    """Starts programs with our module loaded: new_client(), new_client(env={...})."""

    def start(env: Mapping[str, str | None] | None = None) -> Pkcs11Client:
        return programs.enter_context(Pkcs11Client(module_path, env))

    return start


@pytest.fixture
def client(card: object, new_client: NewClient) -> Pkcs11Client:
    """A program with our module loaded, and a fresh card in the first reader."""
    return new_client()


@pytest.fixture
def new_opensc(programs: contextlib.ExitStack) -> NewClient:
    """Starts programs with OpenSC's module loaded."""
    assert OPENSC, "opensc-pkcs11.so is not installed (package opensc-pkcs11)"
    return lambda: programs.enter_context(Pkcs11Client(OPENSC[0]))


@pytest.fixture
def new_raw(programs: contextlib.ExitStack) -> NewRaw:
    """Starts programs that send bare commands to the card in a reader."""
    return lambda reader, alone=False: programs.enter_context(RawClient(reader, alone))
