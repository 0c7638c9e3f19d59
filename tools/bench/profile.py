"""Where the milliseconds of a signature go."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from support.pcsc_card import PcscCard
from support.process import run

from tools.bench.flows import MODULES, SIGN
from tools.bench.processes import OPENSC, WARM, Race
from tools.bench.report import Table

STARTS = 25
#: What the program costs that loads the module, then what each step adds to it. The core is taken as hosts take it.
STEPS = {
    "Python starts, isolated": "pass",
    "cffi's backend": "import _cffi_backend",
    "modules for every program": "from pyjpki11.boundary import attach, general\nfrom pyjpki11.reader import pcsc",
    "modules for a signature": "from pyjpki11.boundary import objects, sessions, signing\n"
    "from pyjpki11.provider import session, signing, tokens",
}
BOOTSTRAP = Path(__file__).resolve().parents[2] / "c_shim" / "bootstrap.py"


class Traffic:
    """How many commands and bytes the card gets and gives in a flow."""

    def __init__(self, card: PcscCard, document: Path, module: Path, env: dict[str, str]) -> None:
        before = card.count()
        run(SIGN.command(module, document), env=env)
        exchanges = card.apdus()[before:]
        self.commands = len(exchanges)
        self.bytes = sum(len(command) + len(answer) for command, answer in exchanges) // 2


def start_table() -> Table:
    """The start, step by step, in processor time. All are taken in turn, and the medians of what each adds are told."""
    programs = ["\n".join(list(STEPS.values())[: count + 1]) for count in range(len(STEPS))]
    rounds = [[_processor_ms(program) for program in programs] for _ in range(STARTS)]
    rows: list[tuple[str, ...]] = [
        (name, f"{statistics.median(totals[step] - ([0.0, *totals][step]) for totals in rounds):.1f}")
        for step, name in enumerate(STEPS)
    ]
    return Table("The start, milliseconds of processor", ("step", "ms"), rows)


def _processor_ms(code: str) -> float:
    packages = str(MODULES["pyjpki11"].parents[1])
    text = (
        f"import sys\nnames = {{}}\nexec(open({str(BOOTSTRAP)!r}).read(), names)\n"
        f"sys.path.append({packages!r})\nsys.meta_path[:0] = names['find_bundle']([{packages!r}])\n{code}\n"
        "import time\nprint(time.process_time() * 1000)"
    )
    return float(run([sys.executable, "-I", "-S", "-c", text]).stdout)


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
