"""What the library and the installed package must have in common, or refuse each other."""

from __future__ import annotations

import shutil
import sys
from functools import cache
from pathlib import Path

import pytest
from support.process import run

ROOT = Path(__file__).parents[2]
STAMP = "import build_shim; print(build_shim.shim_stamp())"
#: File -> whether the library must refuse a package in which it is another.
FILES = {
    "c_shim/functions.def": True,
    "c_shim/cryptoki.h": True,
    "c_shim/bootstrap.py": True,
    "src/pyjpki11/errors.py": True,
    "src/pyjpki11/boundary/attach.py": True,
    "src/pyjpki11/card/layout.py": True,
    "src/pyjpki11/cli/main.py": False,
    "src/pyjpki11/certificates/chain.py": False,
    "src/jpki_softcard/transport.py": False,
}


@cache
def own_stamp() -> str:
    """That of this source tree."""
    return stamp(ROOT)


def stamp(tree: Path) -> str:
    """That of a source tree."""
    env = {"PYTHONPATH": str(tree / "c_shim"), "PYTHONDONTWRITEBYTECODE": "1"}
    return run([sys.executable, "-c", STAMP], env=env).stdout.strip()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the module is built from."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("c_shim", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return folder


def test_the_stamp_is_the_same_wherever_the_tree_is(tree: Path) -> None:
    assert stamp(tree) == own_stamp()


@pytest.mark.parametrize(("file", "is_covered"), FILES.items(), ids=FILES)
def test_the_stamp_covers_what_the_library_brings_along(tree: Path, file: str, is_covered: bool) -> None:
    """A copy of the library that goes on with an old core would keep every fault that was mended in it."""
    path = tree / file
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    try:
        assert (stamp(tree) != own_stamp()) == is_covered
    finally:
        path.write_bytes(before)


def test_a_new_file_of_the_core_changes_the_stamp(tree: Path) -> None:
    new = tree / "src" / "pyjpki11" / "card" / "new.py"
    new.write_text("")
    try:
        assert stamp(tree) != own_stamp()
    finally:
        new.unlink()
