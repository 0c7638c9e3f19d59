"""Writes core.bundle: what a host may import of the package, compiled without docstrings and annotations, in one file.

Usage: bundle.py PACKAGE_FOLDER. The file is read by bootstrap.py: name -> file, whether it is a package, code.
"""

import ast
import importlib.util
import marshal
import sys
from pathlib import Path

BUNDLE = "core.bundle"
CORE = ("boundary", "card", "cryptoki", "iso7816", "provider", "reader")  # folders; with the files beside them


class WithoutAnnotations(ast.NodeTransformer):
    """What nobody reads at run time, and every start would pay for."""

    def visit_ImportFrom(self, node):
        return None if node.module == "__future__" else node

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], self.visit(node.value)), node)


def compiled(source, name):
    """Code of a module."""
    tree = ast.fix_missing_locations(WithoutAnnotations().visit(ast.parse(source, name)))
    return compile(tree, name, "exec", dont_inherit=True, optimize=2)


def modules(package):
    """Name -> file, whether it is a package, marshalled code."""
    for path in sorted(package.rglob("*.py")):
        file = path.relative_to(package)
        if len(file.parts) > 1 and file.parts[0] not in CORE:
            continue  # the tool's
        parts = ["pyjpki11", *file.with_suffix("").parts]
        is_package = parts[-1] == "__init__"
        code = marshal.dumps(compiled(path.read_bytes(), f"pyjpki11/{file}"))
        yield ".".join(parts[: -1 if is_package else None]), (str(file), is_package, code)


def main(package):
    """Write the bundle of the package in a folder."""
    (package / BUNDLE).write_bytes(importlib.util.MAGIC_NUMBER + marshal.dumps(dict(modules(package))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
