"""Counts the commands that a card gets in the flows users wait for, beside OpenSC on the same card.

Everything runs over PC/SC: pcscd, its virtual reader, and a software card that writes down every command.
Usage: make bench
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support import pcscd
from support.pcsc_card import CardMaker, PcscCard
from support.process import run

import jpki_softcard
from pyjpki11.cli.module_path import LIBRARY

OPENSC = Path("/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so")

#: Flow -> arguments of pkcs11-tool, or the whole command where that is another program; MODULE is filled in.
#: The third column is the budget in commands, cold (`docs/architecture.md`, decision 9).
FLOWS: tuple[tuple[str, tuple[str, ...], int | None], ...] = (
    ("pkcs11-tool -L", ("pkcs11-tool", "--module", "MODULE", "-L"), 10),
    ("pkcs11-tool -O", ("pkcs11-tool", "--module", "MODULE", "-O"), None),
    (
        "sign, authentication key",
        ("pkcs11-tool", "--module", "MODULE", "--slot-index", "0", "--login", "--pin", "1234", "--sign",
         "-m", "SHA256-RSA-PKCS", "--id", "01", "-i", "FILE", "-o", "/dev/null"),
        14,
    ),
    (
        "sign, signature key",
        ("pkcs11-tool", "--module", "MODULE", "--slot-index", "1", "--login", "--pin", "ABC123", "--sign",
         "-m", "SHA256-RSA-PKCS", "--id", "02", "-i", "FILE", "-o", "/dev/null"),
        None,
    ),
    ("ssh-keygen -D", ("ssh-keygen", "-D", "MODULE"), None),
)  # fmt: skip


def count(card: PcscCard, module: Path, flow: tuple[str, ...], document: Path) -> int:
    """How many commands the card gets in a flow."""
    values = {"MODULE": str(module), "FILE": str(document)}
    before = card.count()
    command = [values.get(word, word) for word in flow]
    run(command)
    return card.count() - before


def measure(card: PcscCard, document: Path) -> list[tuple[str, int, int, int | None]]:
    """Flow, our count, OpenSC's, our budget."""
    return [
        (name, count(card, LIBRARY, flow, document), count(card, OPENSC, flow, document), budget)
        for name, flow, budget in FLOWS
    ]


def print_table(rows: list[tuple[str, int, int, int | None]]) -> None:
    """The figures, for people."""
    print(f"{'commands to the card (APDUs)':32}{'pyjpki11':>10}{'OpenSC':>10}{'budget':>10}")
    for name, ours, opensc, budget in rows:
        print(f"{name:32}{ours:>10}{opensc:>10}{'-' if budget is None else budget:>10}")


def with_card(use: Callable[[PcscCard, Path], None]) -> None:
    """Run something with a fresh card in a virtual reader."""
    with tempfile.TemporaryDirectory(prefix="pyjpki11-bench-") as name:
        folder = Path(name)
        jpki_softcard.create(str(folder / "card"))
        (folder / "document").write_bytes(b"bench\n" * 100)
        with pcscd.service(folder / "pcscd.log") as service:
            maker = CardMaker(service, folder / "cards", lambda: folder / "card")
            try:
                use(maker(), folder / "document")
            finally:
                maker.close()


def main() -> None:
    """Measure, print."""
    for program in ("pkcs11-tool", "ssh-keygen"):
        if shutil.which(program) is None:
            sys.exit(f"bench: {program} is not installed")
    with_card(lambda card, document: print_table(measure(card, document)))


if __name__ == "__main__":
    main()
