"""Whole programs, ours and OpenSC's in turn on the same card, with readers of several speeds."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from support.pcsc_card import PcscCard
from support.process import run

from tools.bench.card import Limit, Model
from tools.bench.counts import look_at_everything
from tools.bench.flows import LIST, MODULES, SIGN, Flow
from tools.bench.report import Table

#: Pairs of runs with each reader: the faster it is, the more the machine's own noise shows.
RUNS = {"no latency": 25, "contact reader": 9, "NFC reader": 7}
COLD, WARM, OPENSC = "cold", "warm", "OpenSC"
#: Flow -> the most that we may take of OpenSC's whole time without latency.
WHOLE_LIMITS = {SIGN: 0.8, LIST: 1.0}
#: The same with a reader's latency, of the time beyond the card's own signature.
BEYOND_LIMITS = {COLD: 0.25, WARM: 0.15}


class Times(NamedTuple):
    """Medians in milliseconds: on the clock, and of the processor in the program itself."""

    wall: float
    processor: float


class Race(NamedTuple):
    """What a flow took with a reader, by contestant; `limit` is what the card alone takes."""

    model: Model
    flow: Flow
    times: Mapping[str, Times]
    limit: Limit


def race(card: PcscCard, model: Model, flow: Flow, folder: Path, document: Path, limit: Limit) -> Race:
    """Cold, warm and OpenSC, one after another, many times."""
    known = {"XDG_CACHE_HOME": str(folder / "known")}
    look_at_everything(known)
    taken: dict[str, list[Times]] = {COLD: [], WARM: [], OPENSC: []}
    for number in range(RUNS[model.name]):
        unknown = {"XDG_CACHE_HOME": str(folder / f"{model.name} {flow.name} {number}".replace("/", " "))}
        taken[COLD].append(_once(flow.command(MODULES["pyjpki11"], document), unknown))
        taken[WARM].append(_once(flow.command(MODULES["pyjpki11"], document), known))
        taken[OPENSC].append(_once(flow.command(MODULES["OpenSC"], document), {}))
    medians = {
        name: Times(*(statistics.median(column) for column in zip(*times, strict=True)))
        for name, times in taken.items()
    }
    return Race(model, flow, medians, limit)


def _once(command: list[str], env: dict[str, str]) -> Times:
    before, processor_before = time.perf_counter(), _children_s()
    run(command, env=env)
    return Times((time.perf_counter() - before) * 1000, (_children_s() - processor_before) * 1000)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(races: list[Race]) -> Table:
    """All of them, with their limits."""
    rows = [row for one in races for row in _rows(one)]
    header = ("reader, flow", "cold", "warm", "OpenSC", "physical limit", "cold / OpenSC", "warm / OpenSC", "limits")
    return Table(
        "Whole programs, milliseconds on the clock",
        header,
        rows,
        "Ratios: without latency of the whole time, with a reader's latency of the time beyond the card's own "
        "signature. The physical limit is what the card and its reader take for SELECT, VERIFY and the signature, "
        "without any program.",
    )


def _rows(one: Race) -> list[tuple[str, ...]]:
    cold, warm, opensc = (one.times[name].wall for name in (COLD, WARM, OPENSC))
    own = one.limit.signature if one.model.command_ms and one.flow is SIGN else 0.0
    limits = (
        f"{WHOLE_LIMITS[one.flow]}" if not one.model.command_ms else f"{BEYOND_LIMITS[COLD]}, {BEYOND_LIMITS[WARM]}"
    )
    physical = f"{one.limit.unavoidable:.0f}" if one.flow is SIGN else "-"
    ratios = (f"{(ours - own) / (opensc - own):.2f}" for ours in (cold, warm))
    shown = (f"{value:.0f}" for value in (cold, warm, opensc))
    return [(f"{one.model.name}, {one.flow.name}", *shown, physical, *ratios, limits)]
