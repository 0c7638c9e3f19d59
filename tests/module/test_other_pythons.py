"""Hosts that have a Python of another version in them: a clear refusal, never a crash."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from module.conftest import PythonHost, Starter
from module.pythons import OTHERS, OWN_VERSION, Python, name_of
from module.remote import AUTHENTICATION, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW, Module
from support.hosts import SOURCES
from support.process import run

FAKE_VERSION = "3.99.0"
REFUSED = """
client = Client(library)
assert client.call("C_Initialize", None) == GENERAL_ERROR
assert client.call("C_GetInfo", None) == NOT_INITIALIZED
assert client.call("C_Initialize", None) == GENERAL_ERROR
assert sorted([3, 1, 2]) == [1, 2, 3]
"""


@pytest.fixture(scope="session")
def fake_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shared library that is a Python, going by its name and by what it says."""
    library = tmp_path_factory.mktemp("fake") / "libpython3.99.so.1.0"
    compiler = os.environ.get("CC", "cc").split()
    run([*compiler, "-shared", "-fPIC", "-o", library, SOURCES / "fake_python.c"])
    return library


def check_complaint(stderr: str, version: str) -> None:
    """One line that names both versions and says what to do."""
    (line,) = stderr.splitlines()
    parts = (f"this process runs Python {version}", f"built for Python {OWN_VERSION}:", "install pyjpki11 with that")
    assert [part for part in parts if part not in line] == []


def check_refusal(start: Starter, module: Module, version: str) -> None:
    """C_Initialize fails for good."""
    assert [module.call("C_Initialize", None) for _ in range(2)] == ["CKR_GENERAL_ERROR"] * 2
    assert module.call("C_GetInfo", module.remote.allocate(256)) == "CKR_CRYPTOKI_NOT_INITIALIZED"
    start.close()
    check_complaint(start.outcome.stderr, version)


def test_python_in_the_host_program(start: Starter, fake_python: Path) -> None:
    check_refusal(start, start(env={"LD_PRELOAD": str(fake_python)}), FAKE_VERSION)


@pytest.mark.parametrize("flags", [RTLD_LOCAL, RTLD_GLOBAL])
def test_python_opened_by_the_host(start: Starter, fake_python: Path, module_path: Path, flags: int) -> None:
    process = start.process()
    process.open(fake_python, RTLD_NOW | flags)
    check_refusal(start, Module(process, module_path), FAKE_VERSION)


def empty_library(path: Path) -> Path:
    """A shared library with nothing in it."""
    run([*os.environ.get("CC", "cc").split(), "-shared", "-fPIC", "-x", "c", "-o", path, "/dev/null"])
    return path


def test_library_that_sounds_like_python(start: Starter, module_path: Path, tmp_path: Path) -> None:
    process = start.process()
    process.open(empty_library(tmp_path / "libpythonic.so"))
    module = Module(process, module_path)
    module.initialize()
    module.login(AUTHENTICATION)


def test_python_that_has_no_version(start: Starter, module_path: Path, tmp_path: Path) -> None:
    """A library that is only called so."""
    library = empty_library(tmp_path / "libpython3.so")
    process = start.process()
    process.open(library)
    module = Module(process, module_path)
    assert module.call("C_Initialize", None) == "CKR_GENERAL_ERROR"
    start.close()
    assert f"{library} is not a Python library" in start.outcome.stderr


@pytest.mark.parametrize("python", [None, *OTHERS], ids=name_of)
def test_library_of_another_python(start: Starter, module_path: Path, fake_python: Path, python: Python | None) -> None:
    library = python.library if python is not None and python.library.suffix != ".a" else fake_python
    process = start.process()
    process.open(library)
    module = Module(process, module_path)
    version = process.read_text(process.call(process.symbol(process.open(library), "Py_GetVersion")))
    check_refusal(start, module, version.partition(" ")[0])


@pytest.mark.parametrize("loader", ["CDLL", "PyDLL"])
def test_other_pythons_of_this_machine(python_host: PythonHost, loader: str) -> None:
    """One test for all of them, since there may be none."""
    for python in OTHERS:
        answer = python_host(REFUSED, python=[python.program], options=[loader], env={"PYTHONPATH": None})
        check_complaint(answer.stderr, python.version)
        assert answer.stdout == ""
