"""What users wait for, as commands, and the budgets of each."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pyjpki11.cli.library import LIBRARY
from tools.bench.card import PIN


class Flow(NamedTuple):
    """A command line with MODULE and FILE to be filled in; `budget`: commands to the card, cold and warm."""

    name: str
    argv: tuple[str, ...]
    budget: tuple[int, int] | None = None

    def command(self, module: Path, document: Path) -> list[str]:
        """The command for a module."""
        values: Mapping[str, str] = {"MODULE": str(module), "FILE": str(document)}
        return [values.get(word, word) for word in self.argv]


def _tool(*words: str) -> tuple[str, ...]:
    return ("pkcs11-tool", "--module", "MODULE", *words)


def _sign(slot: str, pin: str, key: str) -> tuple[str, ...]:
    login = ("--slot-index", slot, "--login", "--pin", pin)
    return _tool(*login, "--sign", "-m", "SHA256-RSA-PKCS", "--id", key, "-i", "FILE", "-o", "/dev/null")


SIGN = Flow("sign, authentication key", _sign("0", PIN, "01"), (14, 8))
LIST = Flow("list the keys (pkcs11-tool -O)", _tool("-O"))
FLOWS = (
    Flow("pkcs11-tool -L", _tool("-L"), (10, 6)),
    LIST,
    SIGN,
    Flow("sign, signature key", _sign("1", "ABC123", "02")),
    Flow("ssh-keygen -D", ("ssh-keygen", "-D", "MODULE")),
)
SSH_BUDGET = (14, 8)


def opensc() -> Path:
    """OpenSC's module, wherever the distribution puts it."""
    for found in sorted(Path("/usr/lib").rglob("opensc-pkcs11.so")):
        return found
    sys.exit("bench: OpenSC's module is not installed (package opensc-pkcs11)")


MODULES = {"pyjpki11": LIBRARY, "OpenSC": opensc()}
