"""How many commands the card gets in each flow, cold, warm, and with OpenSC."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support import openssh, pcsc
from support.pcsc_card import PcscCard
from support.process import run

from tools.bench.card import PIN
from tools.bench.flows import FLOWS, MODULES, SSH_BUDGET, Flow
from tools.bench.report import Table

NOTE = (
    "Cold: nothing of the card is known; its authorities are known by sight, as those of every real card are. Warm: a "
    "program has looked at its public certificates before. The card has no power when a program comes, as is the case "
    "when none has used it for a second."
)

Action = Callable[[Path, dict[str, str]], object]


def measure(card: PcscCard, folder: Path, document: Path) -> Table:
    """The table."""
    rows = _rows(card, folder, document)
    return Table(
        "Commands to the card",
        ("flow", "cold", "warm", "OpenSC", "budget, cold and warm"),
        [(name, str(cold), str(warm), str(theirs), _text(budget)) for name, cold, warm, theirs, budget in rows],
        NOTE,
    )


def _rows(card: PcscCard, folder: Path, document: Path) -> list[tuple[str, int, int, int, tuple[int, int] | None]]:
    rows = []
    for flow in FLOWS:

        def act(module: Path, env: dict[str, str], flow: Flow = flow) -> object:
            return run(flow.command(module, document), env=env)

        rows.append((flow.name, *_counts(card, folder, act), flow.budget))
    rows.append(("ssh -I, a login", *_ssh_counts(card, folder), SSH_BUDGET))
    return rows


def _text(budget: tuple[int, int] | None) -> str:
    return "-" if budget is None else f"{budget[0]}, {budget[1]}"


def _ssh_counts(card: PcscCard, folder: Path) -> tuple[int, int, int]:
    askpass = openssh.Askpass(folder, PIN)
    with openssh.serving(folder, openssh.listed_keys(MODULES["OpenSC"])[0]) as server:
        return _counts(card, folder, lambda module, env: server.login("-I", module, env={**askpass.environment, **env}))


def _counts(card: PcscCard, folder: Path, act: Action) -> tuple[int, int, int]:
    """Cold, warm, OpenSC's."""
    cold = _count(card, lambda: act(MODULES["pyjpki11"], {"XDG_CACHE_HOME": str(folder / "nothing")}))
    env = {"XDG_CACHE_HOME": str(folder / "known")}
    look_at_everything(env)
    warm = _count(card, lambda: act(MODULES["pyjpki11"], env))
    _forget(folder / "nothing")
    return cold, warm, _count(card, lambda: act(MODULES["OpenSC"], {}))


def look_at_everything(env: dict[str, str]) -> None:
    """Have the card's public certificates remembered."""
    run(["ssh-keygen", "-D", MODULES["pyjpki11"]], env=env)


def _count(card: PcscCard, action: Callable[[], object]) -> int:
    pcsc.power_off(card.reader)
    before = card.count()
    action()
    return card.count() - before


def _forget(cache: Path) -> None:
    for file in cache.rglob("*"):
        if file.is_file():
            file.unlink()
