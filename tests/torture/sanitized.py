"""The library built anew with the compiler's sanitizers, and beside it where its Python core is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.process import run

PROJECT = Path(__file__).parents[2]
sys.path.append(str(PROJECT / "c_shim"))

import build_shim  # noqa: E402 - the build's own, not in a package

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g"]
#: What Python has not given back when the process ends is no leak of ours. A fault is reported and ends the process.
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:exitcode=99:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
}


def compiler() -> list[str]:
    """The C compiler that the project is built with."""
    return os.environ.get("CC", "cc").split()


def build_library(folder: Path, package: Path) -> Path:
    """libpyjpki11.so with sanitizers in it, for the installed package in that folder."""
    recipe = build_shim.library_extension(folder / "generated")
    library = folder / "libpyjpki11.so"
    macros = [f"-D{name}={value}" for name, value in recipe.define_macros]
    includes = [f"-I{include}" for include in recipe.include_dirs]
    flags = ["-shared", "-fPIC", "-O1", *SANITIZERS, *recipe.extra_compile_args, *macros, *includes]
    run([*compiler(), *flags, "-o", library, *map(str, recipe.sources), *recipe.extra_link_args], cwd=PROJECT)
    Path(f"{library}.path").write_text(f"{package}\n")
    return library
