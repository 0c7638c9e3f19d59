"""Builds what is compiled: the exported library, plus the cffi module through which it reaches Python."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import sysconfig
from pathlib import Path

import freeze
import function_table
from cffi import FFI
from setuptools import Extension

HERE = Path(__file__).resolve().parent
LIBRARY = "pyjpki11.libpyjpki11"
SOURCES = (
    "shim.c",
    "host.c",
    "find_python.c",
    "start_python.c",
    "own_code.c",
    "hand_over.c",
    "forks.c",
    "refuse.c",
    "trust.c",
)
WARNINGS = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-fvisibility=hidden")
#: Warnings are for our own code.
PYTHON_HEADERS = ("-isystem", sysconfig.get_path("include"))
#: What attach.c offers.
CALLED_BY_PYTHON = """
static void fill_core(void *address);
static const char *const HANDLERS;
static const char *const SHIM_STAMP;
"""


def shim_stamp() -> str:
    """What the library and the package must have in common: the layout of the core table, and the core itself.

    The library brings the core along, frozen. A copy of it elsewhere would go on with an old core after the package has
    been replaced, however many faults were mended; so it is refused instead, in words.
    """
    core = [it.path for it in freeze.core_modules()]
    digest = hashlib.sha256()
    for path in (HERE / "functions.def", HERE / "cryptoki.h", freeze.BOOTSTRAP, *core):
        digest.update(f"{path.relative_to(HERE.parent)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def callback_declarations() -> str:
    """The functions served by Python, as cffi declares them."""
    served = [row for row in function_table.rows() if row.kind in function_table.SERVED]
    return "".join(f'extern "Python+C" void py_{row.name}(CK_RV *rv, {row.parameters});\n' for row in served)


def boundary_module() -> FFI:
    """The cffi module pyjpki11.boundary._cffi."""
    ffi = FFI()
    ffi.cdef((HERE / "cryptoki.h").read_text())
    ffi.cdef(callback_declarations())
    ffi.cdef(CALLED_BY_PYTHON)
    ffi.set_source(
        "pyjpki11.boundary._cffi",
        f'#include "attach.c"\nstatic const char *const SHIM_STAMP = "{shim_stamp()}";\n',
        include_dirs=[str(HERE)],
        depends=[str(path) for path in HERE.iterdir()],
        extra_compile_args=[*WARNINGS, *PYTHON_HEADERS],
    )
    return ffi


def shared_libpython() -> Path:
    """The base interpreter's libpython, which hosts without a Python of their own are given.

    :raises SystemExit: this Python was built without one.
    """
    folders = [sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LIBPL")]
    names = [sysconfig.get_config_var("INSTSONAME"), sysconfig.get_config_var("LDLIBRARY")]
    for library in (Path(folder, name) for folder in folders for name in names if folder and name):
        if ".so" in library.name and library.exists():
            return library
    sys.exit(
        f"pyjpki11 needs the shared library of Python {sysconfig.get_python_version()}, which {sys.executable} "
        "does not have: on Debian install libpython3-dev; with pyenv set PYTHON_CONFIGURE_OPTS=--enable-shared"
    )


def write_headers(folder: Path) -> None:
    """bootstrap.h and frozen.h; see freeze.py, which needs a switch that only a process's start has."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-I", "-X", "no_debug_ranges", str(HERE / "freeze.py"), str(folder)]
    subprocess.run(command, check=True)  # noqa: S603 - ours


def quoted(text: object) -> str:
    return f'"{text}"'


def python_directories() -> list[str]:
    """Where the base interpreter keeps its standard library."""
    return [sysconfig.get_path("stdlib"), sysconfig.get_config_var("DESTSHARED")]


def library_extension(build_folder: Path) -> Extension:
    """libpyjpki11.so: the exported functions, which need neither cffi nor libpython to be loaded."""
    write_headers(build_folder)
    return Extension(
        LIBRARY,
        sources=[f"c_shim/{name}" for name in SOURCES],
        depends=[str(path) for path in HERE.iterdir()],
        include_dirs=[str(HERE), str(build_folder)],
        define_macros=[
            ("PYTHON_LIBRARY", quoted(shared_libpython())),
            ("PYTHON_VERSION", quoted(sysconfig.get_python_version())),
            ("PYTHON_EXECUTABLE", quoted(Path(sys.base_prefix) / "bin" / f"python{sysconfig.get_python_version()}")),
            ("PYTHON_PREFIX", quoted(sys.base_prefix)),
            ("PYTHON_DIRECTORIES", ", ".join(map(quoted, python_directories()))),
            ("SHIM_STAMP", quoted(shim_stamp())),
        ],
        extra_compile_args=[*WARNINGS, *PYTHON_HEADERS],
        extra_link_args=["-Wl,-z,nodelete", "-Wl,--no-undefined", f"-Wl,--version-script={HERE / 'exports.map'}"],
    )
