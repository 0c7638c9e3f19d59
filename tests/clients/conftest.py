"""What the tests of client programs share: a site to sign in to, a record of what works."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.client_results import ClientResults
from support.tls_site import NewSite, TlsSite, common_name, new_site


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the results go; `make clients` says it."""
    parser.addoption("--client-results", type=Path, help="write what works with each client to this JSON file")


def pytest_configure(config: pytest.Config) -> None:
    """Collect results if they are wanted."""
    target = config.getoption("--client-results", None)
    if target is not None:
        config.pluginmanager.register(ClientResults(target))


@pytest.fixture(autouse=True)
def installed_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the examples call `pyjpki11` is the installed one."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def tls_site(issued_card: Path, tmp_path: Path) -> Iterator[NewSite]:
    """Opens sites that let in the software cards: tls_site("1.2"), tls_site("1.3", certificate="optional")."""
    authority = (issued_card / "auth_ca.der").read_bytes()
    with contextlib.ExitStack() as sites:
        made: list[TlsSite] = []

        def start(version: str, certificate: str = "required") -> TlsSite:
            site = new_site(tmp_path / f"site{len(made)}", authority, version, certificate)
            made.append(sites.enter_context(site.open()))
            return site

        yield start


@pytest.fixture(scope="session")
def card_name(issued_card: Path) -> str:
    """The common name in the cards' authentication certificates."""
    return common_name((issued_card / "auth.der").read_bytes())
