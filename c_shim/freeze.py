"""Writes what Python runs from the library itself: bootstrap.h and frozen.h, modules that are compiled into it.

Usage: python -X no_debug_ranges freeze.py FOLDER. That switch leaves out the columns of each instruction; docstrings
and annotations are left out too. To look for some 70 files takes longer than to run them, and to compile them longer
still; the library is for one version of Python anyhow.
"""

from __future__ import annotations

import ast
import marshal
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "src" / "pyjpki11"
BOOTSTRAP = HERE / "bootstrap.py"
#: What a host may import of the package: these folders, and the files beside them. The rest is the tool's.
CORE = ("boundary", "card", "cryptoki", "iso7816", "provider", "reader")
#: What Python looks for in files at every start, unless it is given: files of the standard library.
STANDARD = ("encodings/__init__.py", "encodings/aliases.py", "encodings/utf_8.py")
NUMBERS_A_LINE = 32


class Module(NamedTuple):
    """A module to be frozen."""

    name: str
    is_package: bool
    path: Path

    @property
    def shown(self) -> str:
        """What tracebacks name as its file: no path, or Python would look for one below the host's own folder."""
        return f"<frozen {self.name}>"


class WithoutAnnotations(ast.NodeTransformer):
    """What is never read at run time, and every start would pay for."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module == "__future__" else node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], self.visit(node.value)), node)


def core_modules() -> list[Module]:
    """Those of the package."""
    files = [path.relative_to(PACKAGE.parent) for path in sorted(PACKAGE.rglob("*.py"))]
    return [_module(PACKAGE.parent, file) for file in files if len(file.parts) == 2 or file.parts[1] in CORE]


def standard_modules() -> list[Module]:
    """Those of the standard library."""
    return [_module(Path(sysconfig.get_path("stdlib")), Path(file)) for file in STANDARD]


def _module(root: Path, file: Path) -> Module:
    is_package = file.stem == "__init__"
    parts = file.parent.parts if is_package else file.with_suffix("").parts
    return Module(".".join(parts), is_package, root / file)


def code_of(path: Path, shown: str) -> bytes:
    """The marshalled code of a file."""
    tree = WithoutAnnotations().visit(ast.parse(path.read_bytes(), shown))
    return marshal.dumps(compile(ast.fix_missing_locations(tree), shown, "exec", dont_inherit=True, optimize=2))


def _c_array(name: str, content: bytes) -> str:
    numbers = [str(byte) for byte in content]
    lines = [f"{','.join(numbers[at : at + NUMBERS_A_LINE])},\n" for at in range(0, len(numbers), NUMBERS_A_LINE)]
    return f"static const unsigned char {name}[] = {{\n{''.join(lines)}}};\n"


def bootstrap_header() -> str:
    """The code that the library runs first; `registration` knows a library of ours by this name."""
    return _c_array("BOOTSTRAP", code_of(BOOTSTRAP, "<pyjpki11 bootstrap>"))


def frozen_header(modules: list[Module]) -> str:
    """The table that Python is given, PyImport_FrozenModules."""
    arrays = [_c_array(f"FROZEN_{number}", code_of(it.path, it.shown)) for number, it in enumerate(modules)]
    rows = [
        f'    {{.name = "{it.name}", .code = FROZEN_{number}, .size = sizeof FROZEN_{number}, '
        f".is_package = {int(it.is_package)}}},\n"
        for number, it in enumerate(modules)
    ]
    return "".join([*arrays, "static const struct _frozen FROZEN[] = {\n", *rows, "    {.name = NULL},\n};\n"])


def main(folder: Path) -> None:
    """Write both headers."""
    (folder / "bootstrap.h").write_text(bootstrap_header())
    (folder / "frozen.h").write_text(frozen_header([*standard_modules(), *core_modules()]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
