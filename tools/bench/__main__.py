"""Compares us with OpenSC on the same card, in the same run: commands, times, memory.

Everything runs over PC/SC: pcscd, its virtual reader, and a software card that takes as long as readers do. The figures
are printed, and put into docs/performance.md and its plot. Usage: make bench
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support import pcscd  # noqa: E402
from support.pcscd import Pcscd  # noqa: E402

import jpki_softcard  # noqa: E402
from tools.bench import counts, hosts, plot, processes, profile, report  # noqa: E402
from tools.bench.card import MODELS, inserted, physical_limit  # noqa: E402
from tools.bench.flows import MODULES, SIGN  # noqa: E402
from tools.bench.processes import COLD, OPENSC, WARM, WHOLE_LIMITS, Race  # noqa: E402
from tools.bench.report import Table  # noqa: E402

DOCUMENT, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
COLOURS = {"physical limit": "#9aa0a6", WARM: "#1a73e8", COLD: "#8ab4f8", OPENSC: "#e8710a"}


def measure(service: Pcscd, folder: Path) -> list[Table]:
    """All tables; the plot is drawn on the way."""
    document = folder / "document"
    document.write_bytes(b"bench\n" * 100)
    state = folder / "card"
    jpki_softcard.create(str(state))
    fastest, *slower = MODELS
    with inserted(service, folder, state, fastest) as card:
        limit = physical_limit(card, fastest)
        tables = [counts.measure(card, folder, document), hosts.measure(card, folder / "hosts")]
        known = {"XDG_CACHE_HOME": str(folder / "known")}
        traffic = {
            WARM: profile.Traffic(card, document, MODULES["pyjpki11"], known),
            OPENSC: profile.Traffic(card, document, MODULES["OpenSC"], {}),
        }
        races = [processes.race(card, fastest, flow, folder, document, limit) for flow in WHOLE_LIMITS]
    for model in slower:
        with inserted(service, folder, state, model) as card:
            own = physical_limit(card, model)._replace(signature=limit.signature)
            races.append(processes.race(card, model, SIGN, folder, document, own))
    signatures = [one for one in races if one.flow is SIGN]
    PLOT.write_text(draw(signatures))
    return [*tables, processes.table(races), profile.table(signatures, traffic), profile.start_table(folder / "start")]


def draw(races: list[Race]) -> str:
    """The plot of the signatures."""
    groups = {
        one.model.name: [
            plot.Bar(name, COLOURS[name], milliseconds)
            for name, milliseconds in (
                ("physical limit", one.limit.unavoidable),
                *((name, one.times[name].wall) for name in (WARM, COLD, OPENSC)),
            )
        ]
        for one in races
    }
    return plot.draw("A signature with pkcs11-tool, from start to end", groups)


def introduction() -> str:
    """What the figures are of."""
    load = os.getloadavg()[0]
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {platform.system()} {platform.machine()}, {os.cpu_count()} "
        f"processors, Python {platform.python_version()}, load average {load:.1f} at the end."
    )


def main() -> None:
    """Measure, print, write."""
    with tempfile.TemporaryDirectory(prefix="pyjpki11-bench-") as name:
        folder = Path(name)
        os.environ["HOME"] = name
        with pcscd.service(folder / "pcscd.log") as service:
            tables = measure(service, folder)
    for table in tables:
        print(table.as_text())
    report.write(DOCUMENT, tables, introduction())


if __name__ == "__main__":
    main()
