"""PKCS#11's numbers, from p11-kit's header so that our own are not judged by themselves."""

from __future__ import annotations

import re
from pathlib import Path

HEADER = Path("/usr/include/p11-kit-1/p11-kit/pkcs11.h")
FUNCTIONS = Path(__file__).parents[2] / "c_shim" / "functions.def"
_NUMBER = re.compile(r"^#define\s+(CK\w+)\s+\(?\(?(?:CK_ULONG\))?(0x[0-9a-fA-F]+|1UL\s*<<\s*\d+|\d+)", re.M)
_ROW = re.compile(r"^(HOST|LOCAL|FORWARD|WAIT|STUB)\((\w+), (\w+), ([\w-]+), ([\w-]+),\s*\(([^()]*)\)", re.M)


def _value(text: str) -> int:
    base, shifted, bits = text.replace("UL", "").partition("<<")
    return int(base, 0) << int(bits) if shifted else int(base, 0)


#: Name -> number, for every CK._ constant.
NUMBERS = {name: _value(text) for name, text in _NUMBER.findall(HEADER.read_text())}
#: CKR_ number -> name.
RESULTS = {number: name for name, number in NUMBERS.items() if name.startswith("CKR_")}
UNAVAILABLE = (1 << 64) - 1  # CK_UNAVAILABLE_INFORMATION, which is also the highest CK_ULONG


def number(name: str) -> int:
    """The number with that name."""
    return NUMBERS[name]


class Row:
    """A row of functions.def."""

    def __init__(self, kind: str, version: str, name: str, module: str, answer: str, parameters: str) -> None:
        self.kind = kind
        self.version = version
        self.name = name
        self.module = module
        self.answer = answer
        #: Type and name of each parameter.
        self.parameters = [tuple(parameter.split()[-2:]) for parameter in parameters.split(",")]


ROWS = [Row(*columns) for columns in _ROW.findall(FUNCTIONS.read_text())]
ROW_OF = {row.name: row for row in ROWS}


def listed_functions() -> list[str]:
    """The functions of a list of version 2.40, in order, as p11-kit has them."""
    text = HEADER.read_text().partition("struct ck_function_list\n{")[2].partition("};")[0]
    return re.findall(r"CK_C_\w+ (C_\w+);", text)
