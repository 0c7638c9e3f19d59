"""Counts the commands that a card gets in the flows users wait for, beside OpenSC on the same card.

Everything runs over PC/SC: pcscd, its virtual reader, and a software card that writes down every command.
Usage: make bench
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support import openssh, pcscd
from support.pcsc_card import CardMaker, PcscCard
from support.process import run

import jpki_softcard
from pyjpki11.cli.module_path import LIBRARY

PIN = "1234"

#: Flow -> command, with MODULE and FILE to be filled in; budget in commands, cold (docs/architecture.md, decision 9).
FLOWS: tuple[tuple[str, tuple[str, ...], int | None], ...] = (
    ("pkcs11-tool -L", ("pkcs11-tool", "--module", "MODULE", "-L"), 10),
    ("pkcs11-tool -O", ("pkcs11-tool", "--module", "MODULE", "-O"), None),
    (
        "sign, authentication key",
        ("pkcs11-tool", "--module", "MODULE", "--slot-index", "0", "--login", "--pin", PIN, "--sign",
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
SSH_BUDGET = 14

Row = tuple[str, int, int, int | None]


def opensc() -> Path:
    """OpenSC's module, wherever the distribution puts it."""
    for found in sorted(Path("/usr/lib").rglob("opensc-pkcs11.so")):
        return found
    sys.exit("bench: OpenSC's module is not installed (package opensc-pkcs11)")


def count(card: PcscCard, flow: Callable[[], object]) -> int:
    """How many commands the card gets in a flow."""
    before = card.count()
    flow()
    return card.count() - before


def both(card: PcscCard, flow: Callable[[Path], object]) -> tuple[int, int]:
    """Our count of a flow with a module, and OpenSC's."""
    return count(card, lambda: flow(LIBRARY)), count(card, lambda: flow(opensc()))


def tool_flow(card: PcscCard, document: Path, name: str, flow: tuple[str, ...], budget: int | None) -> Row:
    """A row of FLOWS, run with both modules."""

    def run_with(module: Path) -> None:
        values = {"MODULE": str(module), "FILE": str(document)}
        run([values.get(word, word) for word in flow])

    return (name, *both(card, run_with), budget)


def ssh_login(card: PcscCard, folder: Path) -> Row:
    """A login with `ssh -I` to a server of its own."""
    askpass = openssh.Askpass(folder, PIN)
    with openssh.serving(folder, openssh.listed_keys(LIBRARY)[0]) as server:
        counts = both(card, lambda module: server.login("-I", module, env=askpass.environment))
    return ("ssh -I, login", *counts, SSH_BUDGET)


def measure(card: PcscCard, folder: Path) -> list[Row]:
    """Flow, our count, OpenSC's, our budget."""
    document = folder / "document"
    document.write_bytes(b"bench\n" * 100)
    return [*(tool_flow(card, document, *row) for row in FLOWS), ssh_login(card, folder)]


def print_table(rows: list[Row]) -> None:
    """The figures, for people."""
    print(f"{'commands to the card (APDUs)':32}{'pyjpki11':>10}{'OpenSC':>10}{'budget':>10}")
    for name, ours, theirs, budget in rows:
        print(f"{name:32}{ours:>10}{theirs:>10}{'-' if budget is None else budget:>10}")


def main() -> None:
    """Measure with a fresh card in a virtual reader, print."""
    with tempfile.TemporaryDirectory(prefix="pyjpki11-bench-") as name:
        folder = Path(name)
        jpki_softcard.create(str(folder / "card"))
        with pcscd.service(folder / "pcscd.log") as service:
            maker = CardMaker(service, folder / "cards", lambda: folder / "card")
            try:
                print_table(measure(maker(), folder))
            finally:
                maker.close()


if __name__ == "__main__":
    main()
