"""From tests marked `client` to the lines of docs/clients.md: what passed works, and nothing else does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.process import run

ROOT = Path(__file__).parents[2]
CONFTEST = """
from pathlib import Path
from support.client_results import ClientResults

def pytest_configure(config):
    config.addinivalue_line("markers", "client: a row")
    config.pluginmanager.register(ClientResults(Path("results.json")))
"""
TESTS = """
import pytest

def row(what, **more):
    return pytest.mark.client("git", what, command="git | cat", example="examples/openssh.md", **more)

@row("good")
@pytest.mark.parametrize("case", [1, 2])
def test_good(case): pass

@row("half good")
@pytest.mark.parametrize("case", [1, 2])
def test_half(case): assert case == 1

@row("half good, the other way round")
@pytest.mark.parametrize("case", [1, 2])
def test_other_half(case): assert case == 2

@pytest.fixture
def broken(): yield; raise RuntimeError

@row("bad afterwards")
def test_afterwards(broken): pass

@row("left out")
def test_left_out(): pytest.skip("no reason")

@row("refused", refusal="for a reason")
def test_refused(): pass

@row("not refused", refusal="for a reason")
def test_not_refused(): assert False
"""
WORKS = {
    "good": "yes",
    "half good": "**fails**",
    "half good, the other way round": "**fails**",
    "bad afterwards": "**fails**",
    "left out": "**not tested**",
    "refused": "no: for a reason",
    "not refused": "**fails**",
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """The cells of the printed table."""
    folder = tmp_path_factory.mktemp("rows")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_rows.py").write_text(TESTS)
    here = {"PYTHONPATH": str(ROOT / "tests"), "PYTEST_ADDOPTS": None}
    options = ["-q", "--rootdir", ".", "-c", "/dev/null", "-p", "no:cacheprovider"]
    assert run([sys.executable, "-m", "pytest", *options], env=here, cwd=folder, check=False).returncode == 1
    printed = run([sys.executable, ROOT / "tools" / "clients.py", folder / "results.json"]).stdout
    rows = [line for line in printed.splitlines() if line.startswith("| [git]")]
    return [[cell.strip() for cell in line.replace("\\|", "PIPE").strip("|").split("|")] for line in rows]


def test_what_works(table: list[list[str]]) -> None:
    """The worst of a row's tests decides."""
    assert {row[2]: row[3] for row in table} == WORKS


def test_order(table: list[list[str]]) -> None:
    """Rows stand in the order of the tests."""
    assert [row[2] for row in table] == list(WORKS)


def test_version(table: list[list[str]]) -> None:
    """It is that of the program on this machine."""
    assert {f"git version {row[1]}" for row in table} == {run(["git", "--version"]).stdout.strip()}


def test_bars_do_not_end_a_cell(table: list[list[str]]) -> None:
    """Commands with a pipe stay one cell."""
    assert {row[4] for row in table} == {"`git PIPE cat`"}
