"""Builds what is compiled: the exported library, plus the cffi module through which it reaches Python."""

from __future__ import annotations

import hashlib
import marshal
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

from cffi import FFI
from setuptools import Extension

#: What Python looks for in files at every start, unless it is given: module -> file of the standard library.
FROZEN = {
    "encodings": "encodings/__init__.py",
    "encodings.aliases": "encodings/aliases.py",
    "encodings.utf_8": "encodings/utf_8.py",
}
HERE = Path(__file__).resolve().parent
LIBRARY = "pyjpki11.libpyjpki11"
WARNINGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-fvisibility=hidden"]
ROW = re.compile(r"^(HOST|LOCAL|FORWARD|WAIT|STUB)\((\w+),\s*(\w+),\s*\(([^()]*)\),\s*\(([^()]*)\)\)", re.MULTILINE)


#: What the C files of the cffi module offer.
CALLED_BY_PYTHON = """
static void fill_core(void *address);
static void modular_power(unsigned char *number, unsigned long exponent, const unsigned char *modulus, size_t length);
struct lingering *keep_transaction(long card, unsigned milliseconds);
bool take_transaction(struct lingering *it);
static const char *const SHIM_STAMP;
"""


def shim_stamp() -> str:
    """What the library and the package must share: the layout of the core table, and how the one starts the other."""
    names = ("functions.def", "cryptoki.h", "bootstrap.py")
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in names)).hexdigest()[:16]


def callback_declarations() -> str:
    """The functions served by Python, as cffi declares them."""
    rows = ROW.findall((HERE / "functions.def").read_text())
    served = [(name, params) for kind, _version, name, params, _args in rows if kind in ("HOST", "FORWARD", "WAIT")]
    return "".join(f'extern "Python+C" void py_{name}(CK_RV *rv, {params});\n' for name, params in served)


def boundary_module() -> FFI:
    """The cffi module pyjpki11.boundary._cffi."""
    ffi = FFI()
    ffi.cdef((HERE / "cryptoki.h").read_text())
    ffi.cdef(callback_declarations())
    ffi.cdef(CALLED_BY_PYTHON)
    sources = [(HERE / name).read_text() for name in ("attach.c", "arithmetic.c", "lingering.c")]
    ffi.set_source(
        "pyjpki11.boundary._cffi",
        "\n".join([*sources, f'static const char *const SHIM_STAMP = "{shim_stamp()}";\n']),
        include_dirs=[str(HERE)],
        extra_compile_args=["-fvisibility=hidden"],
        libraries=["gmp"],
    )
    return ffi


def shared_libpython() -> Path:
    """The base interpreter's libpython, which hosts without a Python of their own are given.

    :raises SystemExit: this Python was built without one.
    """
    folders = [sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LIBPL")]
    names = [sysconfig.get_config_var("INSTSONAME"), sysconfig.get_config_var("LDLIBRARY")]
    for folder in filter(None, folders):
        for name in filter(None, names):
            if ".so" in name and (Path(folder) / name).exists():
                return Path(folder) / name
    sys.exit(
        f"pyjpki11 needs the shared library of Python {sysconfig.get_python_version()}, which {sys.executable} "
        "does not have: on Debian install libpython3-dev; with pyenv set PYTHON_CONFIGURE_OPTS=--enable-shared"
    )


def marshalled(source: Path, name: str) -> bytes:
    """The code of a file. It is compiled here, because compiling it takes longer than running it; the library is for
    one version of Python anyhow."""
    return marshal.dumps(compile(source.read_bytes(), f"<{name}>", "exec", dont_inherit=True, optimize=2))


def c_array(name: str, content: bytes) -> str:
    return f"static const unsigned char {name}[] = {{{', '.join(map(str, content))}}};"


def write_bootstrap(folder: Path) -> None:
    """bootstrap.h: the code that the library runs first in Python."""
    code = marshalled(HERE / "bootstrap.py", "pyjpki11 bootstrap")
    (folder / "bootstrap.h").write_text(f"{c_array('BOOTSTRAP', code)}\n")


def write_frozen(folder: Path) -> None:
    """frozen.h: modules of the standard library, for Python to take from memory."""
    arrays, rows = [], []
    for number, (name, file) in enumerate(FROZEN.items()):
        array = f"FROZEN_{number}"
        arrays.append(c_array(array, marshalled(Path(sysconfig.get_path("stdlib")) / file, f"frozen {name}")))
        is_package = int(file.endswith("__init__.py"))
        rows.append(f'{{.name = "{name}", .code = {array}, .size = sizeof {array}, .is_package = {is_package}}},')
    table = ["static const struct _frozen FROZEN[] = {", *rows, "{.name = NULL},", "};", ""]
    (folder / "frozen.h").write_text("\n".join([*arrays, *table]))


def write_bundle(package: Path) -> None:
    """core.bundle; see bundle.py. Without the columns of each instruction, which only a switch at the start omits."""
    command = [sys.executable, "-I", "-X", "no_debug_ranges", str(HERE / "bundle.py"), str(package)]
    subprocess.run(command, check=True)  # noqa: S603 - ours


def quoted(text: object) -> str:
    return f'"{text}"'


def python_directories() -> list[str]:
    """Where the base interpreter keeps its standard library."""
    return [sysconfig.get_path("stdlib"), sysconfig.get_config_var("DESTSHARED")]


def library_extension(build_folder: Path) -> Extension:
    """libpyjpki11.so: the exported functions, which need neither cffi nor libpython to be loaded."""
    build_folder.mkdir(parents=True, exist_ok=True)
    write_bootstrap(build_folder)
    write_frozen(build_folder)
    return Extension(
        LIBRARY,
        sources=["c_shim/shim.c", "c_shim/python_host.c", "c_shim/trust.c"],
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
        extra_compile_args=[*WARNINGS, "-isystem", sysconfig.get_path("include")],
        extra_link_args=["-Wl,-z,nodelete", "-Wl,--no-undefined", f"-Wl,--version-script={HERE / 'exports.map'}"],
    )
