"""What the tests of client programs share: a site to sign in to, a record of what works."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from support.browser import Browser, NewBrowser, browsing
from support.browser_kinds import Kind, set_up
from support.client_results import ClientResults
from support.display import Display, open_display
from support.tls_site import NewSite, TlsSite, common_name, new_site


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the results go, which `make clients` says, and the pictures for the documentation."""
    parser.addoption("--client-results", type=Path, help="write what works with each client to this JSON file")
    parser.addoption("--pictures", type=Path, help="put pictures of what browsers ask into this folder")


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
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    """A display for all programs with windows, one after another."""
    with open_display(tmp_path_factory.mktemp("display")) as opened:
        yield opened


@pytest.fixture
def new_browser(
    display: Display, tls_site: NewSite, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[NewBrowser]:
    """Starts browsers that know our module: new_browser(FIREFOX, sites that it is to trust)."""
    album = request.config.getoption("--pictures") or tmp_path
    with contextlib.ExitStack() as browsers:

        def start(kind: Kind, sites: Iterable[TlsSite]) -> Browser:
            first = tls_site("1.2-1.3", certificate="none")
            set_up(kind, [site.ca for site in (first, *sites)])
            return browsers.enter_context(browsing(kind, display, first, album))

        yield start


@pytest.fixture(scope="session")
def card_name(issued_card: Path) -> str:
    """The common name in the cards' authentication certificates."""
    return common_name((issued_card / "auth.der").read_bytes())
