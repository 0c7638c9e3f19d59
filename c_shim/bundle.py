"""Writes core.bundle: what a host may import of the package, compiled without docstrings, in one file.

Usage: bundle.py PACKAGE_FOLDER. The file is read by bootstrap.py: name -> file, whether it is a package, code.
"""

import importlib.util
import marshal
import sys
from pathlib import Path

BUNDLE = "core.bundle"
CORE = ("boundary", "card", "cryptoki", "iso7816", "provider", "reader")  # folders; with the files beside them


def modules(package):
    """Name -> file, whether it is a package, marshalled code."""
    for path in sorted(package.rglob("*.py")):
        file = path.relative_to(package)
        if len(file.parts) > 1 and file.parts[0] not in CORE:
            continue  # the tool's
        parts = ["pyjpki11", *file.with_suffix("").parts]
        is_package = parts[-1] == "__init__"
        code = compile(path.read_bytes(), f"pyjpki11/{file}", "exec", dont_inherit=True, optimize=2)
        yield ".".join(parts[: -1 if is_package else None]), (str(file), is_package, marshal.dumps(code))


def main(package):
    """Write the bundle of the package in a folder."""
    (package / BUNDLE).write_bytes(importlib.util.MAGIC_NUMBER + marshal.dumps(dict(modules(package))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
