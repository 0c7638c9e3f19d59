"""Where the milliseconds of a signature go."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from support.hosts import Hosts
from support.pcsc_card import PcscCard
from support.process import run

from tools.bench.flows import MODULES, SIGN
from tools.bench.processes import OPENSC, WARM, Race
from tools.bench.report import Table

STARTS = 25


class Traffic:
    """How many commands and bytes the card gets and gives in a flow."""

    def __init__(self, card: PcscCard, document: Path, module: Path, env: dict[str, str]) -> None:
        before = card.count()
        run(SIGN.command(module, document), env=env)
        exchanges = card.apdus()[before:]
        self.commands = len(exchanges)
        self.bytes = sum(len(command) + len(answer) for command, answer in exchanges) // 2


def start_table(folder: Path) -> Table:
    """The start in a program in C, step by step, in processor time. All are taken in turn; medians are told."""
    folder.mkdir()
    program = Hosts(folder)("cost")
    rounds = [(_python_ms(), *_steps_ms(program)) for _ in range(STARTS)]
    python, started, signing = (statistics.median(column) for column in zip(*rounds, strict=True))
    rows: list[tuple[str, ...]] = [
        ("Python starts, isolated", f"{python:.1f}"),
        ("the same in the module, with C_Initialize and C_GetSlotList", f"{started:.1f}"),
        ("modules for a signature", f"{signing:.1f}"),
    ]
    return Table("The start, milliseconds of processor", ("step", "ms"), rows)


def _python_ms() -> float:
    code = "import time; print(time.process_time() * 1000)"
    return float(run([sys.executable, "-I", "-S", "-c", code]).stdout)


def _steps_ms(program: Path) -> tuple[float, float]:
    started, signing = run([program, MODULES["pyjpki11"], "steps"]).stdout.splitlines()
    return float(started.split()[1]), float(signing.split()[1])


def table(races: list[Race], traffic: dict[str, Traffic]) -> Table:
    """A warm signature beside OpenSC's, with each reader."""
    rows = []
    for one in races:
        for contestant, whose in ((WARM, "warm"), (OPENSC, "OpenSC")):
            times, moved = one.times[contestant], traffic[contestant]
            reader = one.model.milliseconds(moved.commands, moved.bytes)
            rest = times.wall - times.processor - reader - one.limit.signature
            parts = (times.processor, reader, one.limit.signature, max(rest, 0.0), times.wall)
            rows.append((f"{one.model.name}, {whose}", f"{moved.commands}", *(f"{part:.0f}" for part in parts)))
    header = ("reader", "commands", "processor", "reader and line", "the card's signature", "waiting, PC/SC", "sum")
    return Table(
        "Where a signature's time goes, milliseconds",
        header,
        rows,
        "Processor: all of the program `pkcs11-tool`, with Python in it. Waiting: for pcscd, for the virtual reader "
        "and for the software card, which is written in Python; a real card computes while its reader waits.",
    )
