"""What the library file is, and how it may be loaded."""

from __future__ import annotations

import ast
import os
import re
import shutil
import struct
from pathlib import Path

import pytest
from module.conftest import NO_READERS, Starter
from module.numbers import ROWS
from module.remote import (
    AUTHENTICATION,
    RTLD_DEEPBIND,
    RTLD_GLOBAL,
    RTLD_LAZY,
    RTLD_LOCAL,
    RTLD_NOW,
    SIGNATURE,
    Module,
)
from support.openssl import openssl_verify
from support.process import run

WAYS = {
    "now": RTLD_NOW | RTLD_LOCAL,
    "lazy": RTLD_LAZY,
    "deepbind": RTLD_NOW | RTLD_DEEPBIND,
    "global": RTLD_NOW | RTLD_GLOBAL,
}


def check_signature(module: Module, slot: int) -> None:
    """A token signs, and openssl agrees."""
    session = module.login(slot)
    openssl_verify(module.certificate(session), b"data", module.sign(session, b"data"), "sha256")


def test_exports_the_functions_of_the_table_alone(module_path: Path) -> None:
    symbols = run(["nm", "-D", "--defined-only", module_path]).stdout.splitlines()
    assert sorted(line.split()[-1] for line in symbols) == sorted(row.name for row in ROWS)


def test_openssh_finds_its_bytes(module_path: Path) -> None:
    assert b"C_GetFunctionList\0" in module_path.read_bytes()


def test_needs_the_c_library_alone(module_path: Path) -> None:
    lines = run(["readelf", "-d", module_path]).stdout.splitlines()
    needed = {line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line}
    assert {name.partition(".")[0] for name in needed} <= {"libc", "libpthread", "libdl", "ld-linux-x86-64"}


def test_stays_loaded(module_path: Path) -> None:
    assert "NODELETE" in run(["readelf", "-d", module_path]).stdout


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("slot", [AUTHENTICATION, SIGNATURE])
def test_signs_however_it_is_loaded(start: Starter, way: str, slot: int) -> None:
    module = start(flags=WAYS[way])
    module.initialize()
    check_signature(module, slot)


def test_maps_no_openssl(module: Module) -> None:
    check_signature(module, AUTHENTICATION)
    check_signature(module, SIGNATURE)
    assert {part: module.remote.mapped(part) for part in ("libcrypto", "libssl", "_hashlib", "_ssl")} == {
        "libcrypto": set(),
        "libssl": set(),
        "_hashlib": set(),
        "_ssl": set(),
    }


def test_maps_no_openssl_without_the_software_card(start: Starter) -> None:
    module = start(env=NO_READERS)
    module.initialize()
    module.must("C_GetSlotList", 0, None, module.remote.ulong())
    assert module.remote.mapped("libcrypto") | module.remote.mapped("_hashlib") == set()


def test_relative_path_then_another_directory(start: Starter, module_path: Path) -> None:
    module = start(path=f"./{module_path.name}", cwd=module_path.parent)
    assert module.remote.libc("chdir", b"/\0") == 0
    module.initialize()
    check_signature(module, AUTHENTICATION)


def test_symbolic_link(start: Starter, module_path: Path, tmp_path: Path) -> None:
    link = tmp_path / "jpki.so"
    link.symlink_to(module_path)
    module = start(path=link)
    module.initialize()
    check_signature(module, AUTHENTICATION)


def test_unload_and_reload(start: Starter, module_path: Path) -> None:
    module = start()
    for _ in range(5):
        module.initialize()
        check_signature(module, AUTHENTICATION)
        module.must("C_Finalize", None)
        assert module.remote.libc("dlclose", module.handle) == 0
        module = Module(module.remote, module_path)


def test_unload_without_finalize(module: Module, module_path: Path) -> None:
    session = module.login(AUTHENTICATION)
    assert module.remote.libc("dlclose", module.handle) == 0
    again = Module(module.remote, module_path)
    assert again.call("C_Initialize", None) == "CKR_CRYPTOKI_ALREADY_INITIALIZED"
    again.sign(session, b"data")


# -- copies elsewhere -----------------------------------------------------------------------------------------


@pytest.fixture
def copy(module_path: Path, tmp_path: Path) -> Path:
    """A copy of the library where there is no package."""
    folder = tmp_path / "elsewhere" / "pkcs11"
    folder.mkdir(parents=True)
    return Path(shutil.copy(module_path, folder))


def write_sidecar(library: Path, *directories: Path | str) -> None:
    """Tell a copy of the library where the package is."""
    library.with_name(library.name + ".path").write_text("".join(f"{one}\n" for one in directories))


def check_refusal(start: Starter, library: Path, *parts: str) -> None:
    """C_Initialize fails for good, with one line on stderr that has all the parts."""
    module = start(path=library)
    answers = [module.call("C_Initialize", None) for _ in range(2)]
    answers.append(module.call("C_GetInfo", module.remote.allocate(256)))
    start.close()
    assert answers == ["CKR_GENERAL_ERROR"] * 2 + ["CKR_CRYPTOKI_NOT_INITIALIZED"]
    (line,) = start.outcome.stderr.splitlines()
    assert [part for part in ("pyjpki11 ERROR: ", *parts) if part not in line] == []


def test_copy_with_a_sidecar(start: Starter, copy: Path, module_path: Path, tmp_path: Path) -> None:
    write_sidecar(copy, "# a relative line", tmp_path / "missing", module_path.parents[1])
    module = start(path=copy)
    module.initialize()
    check_signature(module, AUTHENTICATION)


def test_copy_without_a_sidecar(start: Starter, copy: Path) -> None:
    check_refusal(start, copy, "the Python core does not load", "pyjpki11", str(copy.parents[1]))


def test_copy_whose_sidecar_names_no_package(start: Starter, copy: Path, tmp_path: Path) -> None:
    write_sidecar(copy, tmp_path)
    check_refusal(start, copy, "the Python core does not load", str(tmp_path))


def test_copy_with_an_endless_sidecar(start: Starter, copy: Path) -> None:
    write_sidecar(copy, *(f"/{'x' * 5000}" for _ in range(100)))
    check_refusal(start, copy, "the Python core does not load")


def test_library_of_another_build(start: Starter, copy: Path, module_path: Path) -> None:
    write_sidecar(copy, module_path.parents[1])
    stamp = run(["strings", "-n", "16", module_path]).stdout.split()
    stamps = [word for word in stamp if len(word) == 16 and set(word) <= set("0123456789abcdef")]
    (own,) = set(stamps)
    copy.write_bytes(module_path.read_bytes().replace(own.encode(), b"0" * 16))
    check_refusal(start, copy, "build 0000000000000000", f"build {own}", "reinstall pyjpki11")


def test_two_copies_in_one_process(module: Module, copy: Path, module_path: Path) -> None:
    """They share the one core, so the second finds it initialised, and serves the same sessions."""
    write_sidecar(copy, module_path.parents[1])
    session = module.login(AUTHENTICATION)
    second = Module(module.remote, copy)
    assert second.call("C_GetInfo", module.remote.allocate(256)) == "CKR_CRYPTOKI_NOT_INITIALIZED"
    assert second.call("C_Initialize", None) == "CKR_CRYPTOKI_ALREADY_INITIALIZED"
    assert second.sign(session, b"data") == module.sign(session, b"data")
    second.must("C_Finalize", None)
    assert module.call("C_GetInfo", module.remote.allocate(256)) == "CKR_CRYPTOKI_NOT_INITIALIZED"
    module.initialize()
    check_signature(module, AUTHENTICATION)


# -- the core, which the library brings along for a Python of its own -----------------------------------------------


def core_files(module_path: Path) -> set[str]:
    """The modules that hosts import, no others, by their names."""
    package = module_path.parent
    files = [path.relative_to(package).with_suffix("") for path in package.rglob("*.py")]
    folders = {"boundary", "card", "cryptoki", "iso7816", "provider", "reader"}
    core = [file for file in files if len(file.parts) == 1 or file.parts[0] in folders]
    return {".".join(("pyjpki11", *file.parts)).removesuffix(".__init__") for file in core}


def python(module: Module, code: str) -> str:
    """What code in the module's Python puts into `answer`."""
    remote = module.remote
    names = "PyGILState_Ensure", "PyGILState_Release", "PyRun_SimpleString"
    ensure, release, run_code = (remote.symbol(remote.open(""), name) for name in names)
    place = remote.allocate(ROOM)
    program = f"{code}\nimport ctypes\nctypes.memmove({place}, str(answer).encode() + b'\\0', len(str(answer)) + 1)\n"
    state = remote.call(ensure)
    answer = remote.call(run_code, program.encode() + b"\0") & 0xFFFFFFFF
    remote.call(release, state)
    assert answer == 0
    return remote.read_text(place, ROOM)


ROOM = 65536
FROZEN = "import _imp\nanswer = ' '.join(name for name in _imp._frozen_module_names() if name.startswith('pyjpki11'))"


def test_the_library_has_the_core_alone(module: Module, module_path: Path) -> None:
    assert set(python(module, FROZEN).split()) == core_files(module_path)


LOADED = """
import sys
ours = [(name, it) for name, it in sys.modules.items() if name.partition(".")[0] == "pyjpki11" and "_cffi" not in name]
answer = {"origins": sorted({it.__spec__.origin for _, it in ours}), "count": len(ours)}
"""


def test_the_core_comes_from_the_library(module: Module) -> None:
    """Not from files, nor from two places."""
    check_signature(module, AUTHENTICATION)
    answer = ast.literal_eval(python(module, LOADED))
    assert answer["origins"] == ["frozen"] and answer["count"] > 40


def test_a_copy_uses_the_data_of_the_package_in_its_sidecar(
    start: Starter, copy: Path, module_path: Path, tmp_path: Path
) -> None:
    package = tmp_path / "packages" / "pyjpki11"
    shutil.copytree(module_path.parent, package)
    write_sidecar(copy, tmp_path / "missing", package.parent, module_path.parents[1])
    module = start(copy)
    module.initialize()
    check_signature(module, AUTHENTICATION)
    assert module.remote.mapped("_cffi.") == {str(next(package.glob("boundary/_cffi.*.so")))}
    assert python(module, "from pyjpki11 import installation\nanswer = installation.folder()") == str(package)


def test_a_host_with_frozen_modules_of_its_own_keeps_them(start: Starter, module: Module, module_path: Path) -> None:
    """The core then comes from the package's files."""
    (libpython,) = module.remote.mapped("libpython")
    process = start.process()
    place = process.symbol(process.open(libpython, RTLD_NOW | RTLD_GLOBAL), "PyImport_FrozenModules")
    hosts_own = process.allocate(256)  # an empty table
    process.write(place, struct.pack("<Q", hosts_own))
    other = Module(process, module_path)
    other.initialize()
    check_signature(other, AUTHENTICATION)
    assert process.read_ulong(place) == hosts_own
    origins = ast.literal_eval(python(other, LOADED))["origins"]
    assert origins and all(Path(origin).is_relative_to(module_path.parent) for origin in origins)


def test_a_traceback_names_the_line(start: Starter, module_path: Path, tmp_path: Path) -> None:
    """A fault that nobody foresaw is found again in the source, although the core has no files. A FIFO of that name in
    the host's folder is not opened, which would wait for ever."""
    (tmp_path / "pyjpki11" / "boundary").mkdir(parents=True)
    os.mkfifo(tmp_path / "pyjpki11" / "boundary" / "general.py")
    module = start(env={**NO_READERS, "PYJPKI11_LOG": "stderr"}, cwd=tmp_path)
    module.initialize()
    python(module, "from pyjpki11.boundary import general\ngeneral.put_version = answer = None")
    assert module.call("C_GetInfo", module.remote.allocate(256)) == "CKR_GENERAL_ERROR"
    start.close()
    lines = (module_path.parent / "boundary" / "general.py").read_text().splitlines()
    found = re.search(r'File "<frozen pyjpki11\.boundary\.general>", line (\d+), in C_GetInfo', start.outcome.stderr)
    assert found is not None and "put_version(" in lines[int(found[1]) - 1]
