"""The vocabulary against p11-kit's header, python-pkcs11, and a table from the OASIS documents."""

import ast
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import cffi
import pkcs11.constants
import pkcs11.mechanisms
import pytest
from support.process import run

from pyjpki11.cryptoki import ck, cka, ckc, ckf, ckg, ckk, ckm, cko, ckp, ckr, cks, cku
from pyjpki11.cryptoki.names import name_of

ROOT = Path(__file__).parents[2]
TYPES = ROOT / "c_shim" / "cryptoki.h"
FUNCTIONS = ROOT / "c_shim" / "functions.def"
P11_KIT = Path(os.environ.get("P11_KIT_INCLUDE", "/usr/include/p11-kit-1"))
OASIS = tomllib.loads((Path(__file__).parent / "oasis_3x.toml").read_text())

FAMILIES = [cka, ckc, ckf, ckg, ckk, ckm, cko, ckp, ckr, cks, cku]
KINDS = {"HOST", "LOCAL", "FORWARD", "WAIT", "STUB"}
COUNTS = {"2_40": 68, "3_0": 24, "3_2": 12}


# --- witnesses ---------------------------------------------------------------------------------------------


def gcc(source: str, *options: str | Path) -> str:
    if not (P11_KIT / "p11-kit" / "pkcs11.h").exists():
        pytest.fail(f"no p11-kit/pkcs11.h in {P11_KIT}: install libp11-kit-dev", pytrace=False)
    options = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-I", P11_KIT, *options, "-x", "c", "-")
    return run([os.environ.get("CC", "gcc"), *options], text=source).stdout


def run_c(folder: Path, source: str) -> list[list[str]]:
    """Compile, run, and split what is printed into words."""
    program = folder / "witness"
    gcc(source, "-o", program)
    return [line.split() for line in run([program]).stdout.splitlines()]


@cache
def p11_kit_macros() -> frozenset[str]:
    """The names of all constants in p11-kit's header."""
    listing = gcc("#include <p11-kit/pkcs11.h>\n", "-E", "-dM")
    return frozenset(re.findall(r"^#define (CK[A-Z]*_\w+) .", listing, re.MULTILINE))


@cache
def p11_kit_words() -> frozenset[str]:
    """Every CK_ word, so every type, in p11-kit's header."""
    return frozenset(re.findall(r"\bCK_\w+", gcc("#include <p11-kit/pkcs11.h>\n", "-E")))


@pytest.fixture(scope="module")
def p11_kit_values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    names = sorted(n for n in p11_kit_macros() if n in standard_names())
    lines = "".join(f'    printf("{n} %lu\\n", (unsigned long)({n}));\n' for n in names)
    source = f"#include <stdio.h>\n#include <p11-kit/pkcs11.h>\nint main(void) {{\n{lines}    return 0;\n}}\n"
    return {name: int(value) for name, value in run_c(tmp_path_factory.mktemp("values"), source)}


# --- the vocabulary ----------------------------------------------------------------------------------------


def short(family: ModuleType) -> str:
    return family.__name__.rpartition(".")[2]


def constants(family: ModuleType) -> dict[str, int]:
    return {name: value for name, value in vars(family).items() if name.isupper()}


def standard_name(family: ModuleType, name: str) -> str:
    category = family is ckc and name.startswith("CERTIFICATE_CATEGORY_")
    return f"CK_{name}" if category else f"{short(family).upper()}_{name}"


@cache
def standard_names() -> dict[str, int]:
    named = {standard_name(f, n): v for f in FAMILIES for n, v in constants(f).items()}
    return named | {
        "CK_EFFECTIVELY_INFINITE": ck.EFFECTIVELY_INFINITE,
        "CK_UNAVAILABLE_INFORMATION": ck.UNAVAILABLE_INFORMATION,
    }


def test_every_constant_has_the_value_of_a_witness(p11_kit_values: dict[str, int]) -> None:
    witness = p11_kit_values | OASIS["constants"]
    assert standard_names() == {name: witness.get(name) for name in standard_names()}


def test_the_table_says_nothing_that_the_header_denies(p11_kit_values: dict[str, int]) -> None:
    """When a newer p11-kit knows 3.x, header and table are both believed, so they must agree."""
    table: dict[str, int] = OASIS["constants"]
    assert {n: v for n, v in p11_kit_values.items() if n in table} == {
        n: v for n, v in table.items() if n in p11_kit_values
    }


PYTHON_PKCS11: list[tuple[ModuleType, Any, str]] = [
    (cka, pkcs11.constants.Attribute, ""),
    (ckc, pkcs11.constants.CertificateType, ""),
    (ckf, pkcs11.constants.MechanismFlag, ""),
    (ckf, pkcs11.constants.SlotFlag, ""),
    (ckf, pkcs11.constants.TokenFlag, ""),
    (ckg, pkcs11.mechanisms.MGF, "MGF1_"),
    (ckk, pkcs11.mechanisms.KeyType, ""),
    (ckm, pkcs11.mechanisms.Mechanism, ""),
    (cko, pkcs11.constants.ObjectClass, ""),
    (cku, pkcs11.constants.UserType, ""),
]


@pytest.mark.parametrize(("family", "enum", "prefix"), PYTHON_PKCS11)
def test_python_pkcs11_has_the_same_values(family: ModuleType, enum: Any, prefix: str) -> None:
    theirs = {prefix + name: int(member) for name, member in enum.__members__.items()}
    shared = constants(family).keys() & theirs.keys()
    assert shared
    assert {n: constants(family)[n] for n in shared} == {n: theirs[n] for n in shared}


def groups(family: ModuleType) -> list[dict[str, int]]:
    """Within one of these, two names for a number are a mistake."""
    everything = constants(family)
    if family is ckc:
        categories = {n: v for n, v in everything.items() if n.startswith("CERTIFICATE_CATEGORY_")}
        return [categories, {n: v for n, v in everything.items() if n not in categories}]
    if family is ckf:
        return list(flags_by_structure().values())
    return [everything]


def flags_by_structure() -> dict[str, dict[str, int]]:
    """Of ckf.py, whose headings begin with the structure that has the flags."""
    found: dict[str, dict[str, int]] = {}
    structure = ""
    for line in Path(str(ckf.__file__)).read_text().splitlines():
        if heading := re.match(r"# (\w+)", line):
            structure = heading[1]
        elif assignment := re.match(r"(\w+) = ", line):
            found.setdefault(structure, {})[assignment[1]] = getattr(ckf, assignment[1])
    return found


@pytest.mark.parametrize("family", FAMILIES, ids=short)
def test_no_number_has_two_names(family: ModuleType) -> None:
    for group in groups(family):
        assert [number for number, times in Counter(group.values()).items() if times > 1] == []


def test_a_flag_is_one_bit_of_a_known_structure() -> None:
    assert set().union(*(group.keys() for group in flags_by_structure().values())) == constants(ckf).keys()
    assert [name for name, value in constants(ckf).items() if value.bit_count() != 1] == []


@pytest.mark.parametrize("family", [*FAMILIES, ck], ids=short)
def test_a_family_is_only_numbers(family: ModuleType) -> None:
    """No import, no enum, no call: the modules are read at the first C_Initialize of a host."""
    docstring, *body = ast.parse(Path(str(family.__file__)).read_text()).body
    assert isinstance(docstring, ast.Expr)
    assert all(isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant) for s in body)
    assert len(body) == len(constants(family))


def test_name_of() -> None:
    """Of every number that the module may answer, or tell of itself; of others the number."""
    assert name_of(ckr, ckr.PIN_INCORRECT) == "CKR_PIN_INCORRECT"
    assert name_of(ckr, 0x80000001) == "0x80000001"
    assert name_of(ckm, 0x40) == "CKM_SHA256_RSA_PKCS"
    assert name_of(ckk, 0) == "CKK_RSA"
    assert [name_of(ckr, value) for value in constants(ckr).values()] == [f"CKR_{n}" for n in constants(ckr)]


# --- cryptoki.h --------------------------------------------------------------------------------------------


@cache
def cdef() -> cffi.FFI:
    ffi = cffi.FFI()
    ffi.cdef(TYPES.read_text())
    return ffi


def structures() -> dict[str, list[str]]:
    """Structure -> its members, of those that cryptoki.h defines."""
    names = re.findall(r"^typedef struct (\w+) \{", TYPES.read_text(), re.MULTILINE)
    return {name: [member for member, _ in cdef().typeof(name).fields or ()] for name in names}


def test_cryptoki_h_has_no_preprocessor_line() -> None:
    assert [line for line in TYPES.read_text().splitlines() if line.lstrip().startswith("#")] == []


def test_every_structure_names_its_section() -> None:
    lines = TYPES.read_text().splitlines()
    starts = [i for i, line in enumerate(lines) if re.match(r"typedef struct \w+ \{", line)]
    bare = [lines[i] for i in starts if not re.search(r"Spec: PKCS#11 v3\.\d \d.* \*/$", lines[i - 1])]
    assert starts
    assert bare == []


def test_cryptoki_h_is_c_without_warnings() -> None:
    gcc(TYPES.read_text(), "-Wpedantic", "-Wconversion", "-fsyntax-only")


def layout_program(names: dict[str, list[str]], include: str) -> str:
    lines = [f'    printf("{s} sizeof %zu\\n", sizeof({s}));\n' for s in names]
    lines += [f'    printf("{s} {m} %zu\\n", offsetof({s}, {m}));\n' for s in names for m in names[s]]
    head = f"#include <stddef.h>\n#include <stdio.h>\n{include}\n"
    return f"{head}int main(void) {{\n{''.join(lines)}    return 0;\n}}\n"


def layout(folder: Path, names: dict[str, list[str]], include: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for structure, member, number in run_c(folder, layout_program(names, include)):
        found[structure][member] = int(number)
    return found


def test_structures_are_laid_out_as_in_p11_kit(tmp_path: Path) -> None:
    mine = layout(tmp_path, structures(), f'#include "{TYPES}"')
    later: dict[str, dict[str, int]] = OASIS["structures"]
    old = {name: members for name, members in structures().items() if name not in later}
    assert len(old) >= 12
    assert mine == layout(tmp_path, old, "#include <p11-kit/pkcs11.h>") | later


def test_cffi_lays_structures_out_as_the_compiler_does(tmp_path: Path) -> None:
    by_cffi = {
        name: {member: field.offset for member, field in cdef().typeof(name).fields or ()}
        | {"sizeof": cdef().sizeof(name)}
        for name in structures()
    }
    assert by_cffi == layout(tmp_path, structures(), f'#include "{TYPES}"')


def different_types(folder: Path, declarations: str, pairs: dict[str, str]) -> list[str]:
    """Which of the named pairs of types the compiler takes for different, with p11-kit's header included."""
    same = "__builtin_types_compatible_p"
    lines = "".join(f'    printf("{name} %d\\n", {same}({pair}));\n' for name, pair in pairs.items())
    head = f"#include <stdio.h>\n#include <p11-kit/pkcs11.h>\n{declarations}\n"
    answers = run_c(folder, f"{head}int main(void) {{\n{lines}    return 0;\n}}\n")
    assert [name for name, _ in answers] == list(pairs)
    return [name for name, answer in answers if answer != "1"]


def holds_a_structure(ctype: Any) -> bool:
    while ctype.kind == "pointer":
        ctype = ctype.item
    return bool(ctype.kind == "struct")


def typedefs(names: Iterable[str]) -> str:
    return "".join(f"typedef {OASIS['types'][name]} {name};\n" for name in sorted(names))


def test_simple_types_are_those_of_p11_kit(tmp_path: Path) -> None:
    """Both headers in one program, ours renamed, so that the compiler compares signedness and callbacks."""
    known = p11_kit_words()
    simple = [name for name in cdef().list_types()[0] if not holds_a_structure(cdef().typeof(name))]
    theirs = {name: name if name in known else OASIS["types"][name] for name in simple}
    assert len(simple) >= 35
    ours = re.sub(r"\bCK_", "OUR_CK_", TYPES.read_text())
    pairs = {name: f"OUR_{name}, {theirs[name]}" for name in simple}
    assert different_types(tmp_path, ours, pairs) == []


# --- functions.def -----------------------------------------------------------------------------------------


ROW = re.compile(
    r"^([A-Z]+)\((\w+), (C_\w+), (\w+|-), (\w+|-),\s+\(([^()]*)\),\s*\(([^()]*)\)\)$",
    re.MULTILINE,
)
PYTHON, C_SIDE = {"HOST", "FORWARD", "WAIT"}, {"LOCAL", "STUB"}


@cache
def rows() -> list[tuple[str, str, str, str, str, list[list[str]], list[str]]]:
    """Kind, version, name, module, answer, parameters (each type, name), argument names."""
    found = []
    for *columns, parameters, arguments in ROW.findall(FUNCTIONS.read_text()):
        kind, version, name, module, answer = columns
        typed = [parameter.split() for parameter in parameters.split(",")]
        found.append((kind, version, name, module, answer, typed, [one.strip() for one in arguments.split(",")]))
    return found


def names_of(version: str) -> list[str]:
    return [name for _, v, name, *_ in rows() if v == version]


def test_functions_def_is_rows_and_comments_only() -> None:
    """And at its end the kinds' #undef, so that it can be included again with other meanings."""
    text = re.sub(r"/\*.*?\*/", "", FUNCTIONS.read_text(), flags=re.DOTALL)
    left = set(filter(None, ROW.sub("", text).splitlines()))
    assert left <= {f"#undef {kind}" for kind in KINDS}
    assert max(map(len, FUNCTIONS.read_text().splitlines())) <= 118


def test_kinds_and_versions() -> None:
    assert {kind for kind, *_ in rows()} <= KINDS
    assert [name for kind, _, name, *_ in rows() if kind == "HOST"] == ["C_Initialize"]
    assert [version for _, version, *_ in rows()] == [v for v, count in COUNTS.items() for _ in range(count)]
    assert len({name for _, _, name, *_ in rows()}) == sum(COUNTS.values())


def test_who_answers_is_said_of_every_function() -> None:
    """A module where Python does, which has a handler of that name; the C side has none, and a stub one answer."""
    for kind, _, name, module, answer, _, _ in rows():
        if kind in PYTHON:
            source = (ROOT / "src" / "pyjpki11" / "boundary" / f"{module}.py").read_text()
            assert re.search(rf"^def {name}\(", source, re.MULTILINE), name
        else:
            assert kind in C_SIDE and module == "-", name
        assert kind != "STUB" or answer != "-", name
        assert answer == "-" or answer.removeprefix("CKR_") in constants(ckr), name


def test_parameter_names_are_the_argument_names() -> None:
    for _, _, name, _, _, typed, arguments in rows():
        assert [parameter for _, parameter in typed] == arguments, name


def in_p11_kit(version: str) -> str | None:
    """The function list's name, if p11-kit's header has it (3.0 from 0.25 on)."""
    wanted = "CK_FUNCTION_LIST" if version == "2_40" else f"CK_FUNCTION_LIST_{version}"
    return wanted if wanted in p11_kit_words() else None


@pytest.mark.parametrize("version", COUNTS)
def test_order_is_that_of_p11_kits_function_list(version: str, tmp_path: Path) -> None:
    """A list is its version, padded to eight bytes, then one pointer for each function."""
    if (function_list := in_p11_kit(version)) is None:
        assert names_of(version) == list(OASIS["functions"][version])
        return
    names = [name for _, v, name, *_ in rows() if v <= version]
    found = layout(tmp_path, {function_list: names}, "#include <p11-kit/pkcs11.h>")[function_list]
    assert found == {"sizeof": 8 + 8 * len(names)} | {name: 8 + 8 * i for i, name in enumerate(names)}


@pytest.mark.parametrize("version", COUNTS)
def test_prototypes_are_those_of_p11_kit(version: str, tmp_path: Path) -> None:
    mine = {name: typed for _, v, name, _, _, typed, _ in rows() if v == version}
    if in_p11_kit(version) is None:
        return  # the next test knows them
    for name in OASIS["p11_kit_is_wrong"]["functions"]:
        mine.pop(name, None)
    pairs = {name: f"CK_RV (*)({', '.join(t for t, _ in typed)}), CK_{name}" for name, typed in mine.items()}
    missing = OASIS["types"].keys() - p11_kit_words()
    assert different_types(tmp_path, typedefs(missing), pairs) == []


@pytest.mark.parametrize("version", OASIS["functions"])
def test_prototypes_of_3_x_are_those_of_the_standard(version: str) -> None:
    mine = {name: typed for _, v, name, _, _, typed, _ in rows() if v == version}
    words = {name: " ".join(t.removeprefix("CK_") for t, _ in typed) for name, typed in mine.items()}
    assert words == OASIS["functions"][version]


def test_cryptoki_h_has_the_types_of_every_row() -> None:
    """As shim.c does it: the header, then the rows expanded to prototypes."""
    columns = "version, name, module, answer, typed, names"
    macros = "".join(f"#define {kind}({columns}) CK_RV name typed;\n" for kind in KINDS)
    gcc(f'#include "{TYPES}"\n{macros}#include "{FUNCTIONS}"\n', "-Wpedantic", "-fsyntax-only")


def test_cffi_takes_every_row() -> None:
    ffi = cffi.FFI()
    ffi.cdef(TYPES.read_text())
    for _, _, name, _, _, typed, _ in rows():
        ffi.cdef(f"CK_RV {name}({', '.join(' '.join(p) for p in typed)});")
