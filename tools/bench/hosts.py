"""What the module costs a program in C: its start, its calls, its memory."""

from __future__ import annotations

import statistics
from pathlib import Path

from support.hosts import Hosts
from support.pcsc_card import PcscCard
from support.process import run

from tools.bench.flows import MODULES
from tools.bench.report import Table

STARTS = 25
SIGN_OVERHEAD = "C_Sign beyond the card's time"
#: What is timed -> the most that it may take, in microseconds.
CALL_LIMITS = {"C_GetSessionInfo": 20, "C_GetAttributeValue": 20, "C_FindObjects": 20, SIGN_OVERHEAD: 450}
START_LIMIT_MS, MEMORY_LIMIT = 25, 2.2


def measure(card: PcscCard, folder: Path) -> Table:
    """The table."""
    folder.mkdir()
    program = Hosts(folder)("cost")
    rows = [_start(program), _memory(program), *_calls(program, card)]
    return Table(
        "In a program written in C",
        ("what", "pyjpki11", "OpenSC", "limit"),
        rows,
        "The start's limit is for a machine on which OpenSC's whole signature takes 50 ms. A call's time is the median "
        "of many in a row, in the best of three rounds. Only one C_GetSessionInfo in 5 ms asks the PC/SC service "
        "whether the card is still there; that one takes ten times as long. C_Sign and the same command without a "
        "module are called in turn; what is told is the median of the differences.",
    )


def _start(program: Path) -> tuple[str, ...]:
    """Both in turn, since a machine has faster and slower moments."""
    rounds = [
        [float(run([program, module, "start"]).stdout.split()[1]) for module in MODULES.values()] for _ in range(STARTS)
    ]
    medians = [statistics.median(times) for times in zip(*rounds, strict=True)]
    label = "load, C_Initialize, C_GetSlotList, C_Finalize: processor, ms"
    return (label, *(f"{value:.1f}" for value in medians), str(START_LIMIT_MS))


def _memory(program: Path) -> tuple[str, ...]:
    ours, theirs = (int(run([program, module, "memory"]).stdout.split()[1]) for module in MODULES.values())
    label = "resident set after a signature, MB"
    return (label, f"{ours / 1024:.1f}", f"{theirs / 1024:.1f}", f"{MEMORY_LIMIT} times ({ours / theirs:.2f})")


def _calls(program: Path, card: PcscCard) -> list[tuple[str, ...]]:
    ours, theirs = (_microseconds(program, module, card) for module in MODULES.values())
    return [
        (f"{name}, µs", f"{ours[name]:.1f}", f"{theirs[name]:.1f}", str(limit)) for name, limit in CALL_LIMITS.items()
    ]


def _microseconds(program: Path, module: Path, card: PcscCard) -> dict[str, float]:
    """The best round's median of everything that is timed."""
    best: dict[str, float] = {}
    for line in run([program, module, "calls", card.reader]).stdout.splitlines():
        name, _, milliseconds = line.rpartition(" ")
        best[name] = min(best.get(name, float("inf")), float(milliseconds) * 1000)
    return best
