"""What every ring of tests shares: homes that are empty, cards that are fresh, readers left empty."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from runpy import run_path

import pytest
from support import pcscd as pcscd_support
from support.clients import KEYS, SSH_KEY_LABEL
from support.figures import figures as figures
from support.figures import outcomes as outcomes
from support.figures import pytest_terminal_summary as pytest_terminal_summary
from support.hosts import Hosts
from support.openssh import Askpass, Server, listed_keys, serving
from support.pcsc_card import IN_PCSCDS_PROCESS, CardMaker, PcscCard
from support.pcscd import Pcscd

import jpki_softcard

USER_FOLDERS = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Group the tests that use pcscd."""
    for item in items:
        if "pcscd" in getattr(item, "fixturenames", ()):
            item.add_marker(IN_PCSCDS_PROCESS)
    yield
    grouped = (item for item in items if item.get_closest_marker("xdist_group"))
    if hasattr(config, "workerinput") and not all(item.nodeid.endswith("@pcscd") for item in grouped):
        pytest.fail("tests are not grouped: say --dist loadgroup, and see pyproject.toml about pytest")


def pytest_configure() -> None:
    """A checkout may lie below a folder that others may write to; see support/any_checkout."""
    shared = [str(folder) for folder in Path(sys.prefix).parents if folder.stat().st_mode & stat.S_IWOTH]
    if os.geteuid() == 0 and shared:
        folder = str(Path(__file__).parent / "support" / "any_checkout")
        os.environ["PYTHONPATH"] = ":".join(filter(None, (folder, os.environ.get("PYTHONPATH"))))
        os.environ["TESTS_TRUST"] = ":".join(shared)
        run_path(f"{folder}/sitecustomize.py")


@pytest.fixture(autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings, caches, or cards of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    for name in (*USER_FOLDERS, *(name for name in os.environ if name.startswith("PYJPKI11_"))):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def module_path() -> Path:
    """The installed libpyjpki11.so."""
    package = importlib.util.find_spec("pyjpki11")
    assert package is not None and package.origin is not None
    library = Path(package.origin).with_name("libpyjpki11.so")
    if not library.exists():
        pytest.fail(f"{library} is missing: these tests need the installed project (make build)")
    return library


@pytest.fixture(scope="session")
def issued_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card as issued, from which every test gets its own: making keys takes seconds."""
    directory = tmp_path_factory.mktemp("issued") / "card"
    jpki_softcard.create(str(directory))
    return directory


@pytest.fixture
def new_state(issued_card: Path, tmp_path: Path) -> Callable[[], Path]:
    """Makes state directories of fresh cards, all with the same keys."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(shutil.copytree(issued_card, tmp_path / f"state{len(made)}")))
        return made[-1]

    return make


@pytest.fixture
def softcard_state(new_state: Callable[[], Path]) -> Path:
    """The state directory of a fresh card."""
    return new_state()


@pytest.fixture(scope="session")
def pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pcscd]:
    """pcscd with its virtual readers, ours where none runs."""
    with pytest.MonkeyPatch.context() as changes:
        changes.setenv("HOME", "/nonexistent")
        try:
            with pcscd_support.service(tmp_path_factory.mktemp("pcscd") / "output") as service:
                yield service
        except pcscd_support.Unavailable as reason:
            pytest.fail(str(reason))


@pytest.fixture
def pcsc_card(
    request: pytest.FixtureRequest, pcscd: Pcscd, tmp_path: Path, new_state: Callable[[], Path]
) -> Iterator[CardMaker]:
    """Puts cards into the virtual readers: pcsc_card(), pcsc_card(fault=["no-pss"])."""
    assert request.node.get_closest_marker(IN_PCSCDS_PROCESS.name), "tests that ask for it by its name are marked"
    maker = CardMaker(pcscd, tmp_path / "cards", new_state)
    yield maker
    maker.close()


@pytest.fixture
def card(pcsc_card: CardMaker) -> PcscCard:
    """A fresh card without faults in the first virtual reader."""
    return pcsc_card()


@pytest.fixture(scope="session")
def c_host(tmp_path_factory: pytest.TempPathFactory) -> Hosts:
    """Compiles tests/module/hosts/NAME.c: c_host("NAME")."""
    return Hosts(tmp_path_factory.mktemp("hosts"))


@pytest.fixture
def listed_key(card: PcscCard, module_path: Path) -> str:
    """The line of ssh-keygen -D for the key that may log in; the others belong to certificates of the CAs."""
    (line,) = [line for line in listed_keys(module_path) if SSH_KEY_LABEL in line]
    return line


@pytest.fixture
def server(listed_key: str, tmp_path: Path) -> Iterator[Server]:
    """A server that knows the card's key from ssh-keygen."""
    with serving(tmp_path, listed_key) as running:
        yield running


@pytest.fixture
def askpass(tmp_path: Path) -> Askpass:
    """Knows the PIN."""
    return Askpass(tmp_path, KEYS["authentication"].pin)
