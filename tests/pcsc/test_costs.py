"""What a signature costs a plain C program, counted: the modules that are loaded, the libraries, the memory.

Times are `make bench`'s business; what is counted here is the same on every machine.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support.clients import OPENSC
from support.hosts import Hosts
from support.process import run

#: What may be loaded beside Python's own first modules after C_Initialize. Each costs every host that loads us, so a
#: new one wants a reason; most of what a module needs can be imported where it is needed.
STANDARD = {"gc", "itertools"}
OURS = {
    "": {"environment", "errors", "host_program", "installation", "log", "settings"},
    "boundary": {"_cffi", "_cffi.lib", "attach", "ckr_table", "entry", "general", "marshal"},
    "cryptoki": {"ck", "ckf", "ckr", "names"},
    "provider": {"job_thread", "module", "reader_slots", "reader_watch"},
    "reader": {"drivers", "pcsc", "pcsc_results"},
}
FOREIGN = {"_cffi_backend", "swig_runtime_data5"}
#: What may come with the first signature of a new card: it is hashed, and the authorities are read from PEM. Where
#: hashes are depends on the Python's version.
STANDARD_FOR_SIGNING = {"_sha256", "_sha2", "_stat", "binascii"}
OURS_FOR_SIGNING = {
    "": {"cache_files", "trusted_files"},
    "boundary": {"mechanism_parameters", "objects", "operation_calls", "sessions", "signing"},
    "card": {"application", "certificate", "jpki", "layout", "pin", "token_info"},
    "cryptoki": {"attributes", "cka", "ckc", "ckg", "ckk", "ckm", "cko", "ckp", "cks", "cku", "mechanisms"},
    "iso7816": {"apdu", "channel", "status", "tlv"},
    "provider": {
        "card_cache", "card_certificates", "card_facts", "consent", "digest", "inserted_card", "issuer", "login",
        "message_operation", "object_store", "objects", "pss", "rsa", "session", "signing", "steps", "token",
        "token_facts", "token_objects",
    },
}  # fmt: skip
#: They bring what a host may be in the middle of using (design decision 3), or take longer than a card.
NEVER = {
    "_collections_abc", "_hashlib", "_ssl", "asn1crypto", "cryptography", "ctypes", "dataclasses", "enum", "hashlib",
    "importlib.metadata", "inspect", "logging", "os", "re", "smartcard", "ssl", "traceback", "typing",
}  # fmt: skip
LIBRARIES = re.compile(
    r"ld-linux.*|lib(c|dl|m|pthread|util|rt|pcsclite|pcsclite_real|python3\.\d+|pyjpki11|z|expat|gcc_s)\.so.*"
    r"|(_cffi|_cffi_backend|_scard|_sha2|_sha256|_sha1|_sha512|binascii)\..*so"
)
MEMORY_LIMIT = 2.2  # times OpenSC's


def named(ours: dict[str, set[str]]) -> set[str]:
    """Every module by its full name, and the packages."""
    packages = {"pyjpki11", *(f"pyjpki11.{package}" for package in ours if package)}
    return packages | {
        ".".join(filter(None, ("pyjpki11", package, name))) for package, names in ours.items() for name in names
    }


@pytest.fixture
def loaded(card: object, c_host: Hosts, module_path: Path) -> dict[str, list[str]]:
    """First word of a line -> its other words; the libraries are under `libraries`."""
    lines = run([c_host("cost"), module_path, "imports"]).stdout.splitlines()
    said = {word: rest.split() for word, _, rest in (line.partition(" ") for line in lines[:2])}
    return said | {"libraries": sorted({Path(line.split()[-1]).name for line in lines[2:]})}


def test_modules(loaded: dict[str, list[str]]) -> None:
    first = run([sys.executable, "-I", "-S", "-c", "import sys; print(*sys.modules)"]).stdout.split()
    initialized, signed = (set(loaded[when]) - set(first) for when in ("initialized", "signed"))
    for there, allowed in (
        (initialized, STANDARD | FOREIGN | named(OURS)),
        (signed - initialized, STANDARD_FOR_SIGNING | named(OURS_FOR_SIGNING)),
    ):
        assert there <= allowed, sorted(there - allowed)
    assert not signed & NEVER
    assert "pyjpki11.provider.signing" in signed, "this test looks at another core"


def test_libraries(loaded: dict[str, list[str]]) -> None:
    """Above all no libcrypto, of the system or of anybody."""
    assert any(name.startswith("libpython3") for name in loaded["libraries"]), "this test looks at another process"
    assert [name for name in loaded["libraries"] if not LIBRARIES.fullmatch(name)] == []
    assert not [name for name in loaded["libraries"] if "crypto" in name or "ssl" in name]


def test_memory(card: object, c_host: Hosts, module_path: Path) -> None:
    """Pages are counted, which depend on the machine a little; the limit is far."""
    ours, theirs = (
        int(run([c_host("cost"), module, "memory"]).stdout.split()[1]) for module in (module_path, OPENSC[0])
    )
    assert ours <= MEMORY_LIMIT * theirs, (ours, theirs)
