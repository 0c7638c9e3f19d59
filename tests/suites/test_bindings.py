"""Programs in Python on the module, through python-pkcs11 and PyKCS11, each check in a process of its own."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from support.clients import KEYS
from support.process import run

TESTS = Path(__file__).parents[1]


def checks(program: str) -> list[str]:
    """The functions of a program called check_; it is read only, since importing it would load its binding."""
    tree = ast.parse((Path(__file__).parent / "programs" / f"{program}.py").read_text())
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [name.removeprefix("check_") for name in names if name.startswith("check_")]


def run_check(program: str, module_path: Path, card_env: dict[str, str], key: str, check: str) -> None:
    argv = [sys.executable, "-m", f"suites.programs.{program}", str(module_path), key, check]
    run(argv, env={**card_env, "PYTHONPATH": str(TESTS)})


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("check", checks("python_pkcs11"))
def test_python_pkcs11(module_path: Path, card_env: dict[str, str], key: str, check: str) -> None:
    run_check("python_pkcs11", module_path, card_env, key, check)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("check", checks("pykcs11"))
def test_pykcs11(module_path: Path, card_env: dict[str, str], key: str, check: str) -> None:
    run_check("pykcs11", module_path, card_env, key, check)
