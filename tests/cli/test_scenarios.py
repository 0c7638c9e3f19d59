"""What the tool prints in both languages, with the card inside the program as well as in a reader of pcscd.

UPDATE_EXPECTED=1 writes the expected texts anew; look at what has changed before you commit it.

A scenario, in scenarios/COMMAND.toml; what must be printed is in expected/LANGUAGE/NAME.txt:

command: the arguments; READER stands for the reader of the card.
status:  the exit status.
input:   standard input, nothing without it.   faults: of the card.   tries: left of its PINs.
where:   "softcard" inside the program, "pcsc" in pcscd's virtual reader, both without it; "nowhere": no pcscd runs.
files:   what is in the folder, by name.   before: commands that succeed first, each with its input.
card:    false: none is in the reader.   full: true: standard output is a full disk.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from support.pcsc_card import IN_PCSCDS_PROCESS, CardMaker
from support.process import run
from support.tool import ENGLISH, JAPANESE, PROGRAM

from jpki_softcard.store import PIN_FILE, Store
from pyjpki11.cli.terminal import columns

HERE = Path(__file__).parent
SCENARIOS: list[dict[str, Any]] = [
    scenario
    for path in sorted((HERE / "scenarios").glob("*.toml"))
    for scenario in tomllib.loads(path.read_text())["scenario"]
]
LANGUAGES = {"en": ENGLISH, "ja": JAPANESE}
#: Where the card is -> the reader's name.
READERS = {"softcard": "Software card 00", "pcsc": "Virtual PCD 00 00"}
NO_SERVICE = {"PCSCLITE_CSOCK_NAME": "/nonexistent/pcscd.comm"}
#: Programs written into a disk that is full.
TO_FULL_DISK = ["sh", "-c", 'exec "$@" > /dev/full', "sh"]
VALIDITY = ["--valid-from", "2026-01-01", "--valid-to", "2098-12-31"]

#: What differs from card to card and from day to day -> what stands for it.
MASKS = (
    (re.compile(r"SOFT[0-9A-F]{10}(?=0{5}003A)"), "SOFT0123456789"),
    (re.compile(r"(?<=ssh-rsa )\S{372}"), "AAAA..."),
    (re.compile(r'(?<="key": ")\S{372}'), "AAAA..."),
    (re.compile(r'(?<="days_left": )\d+'), "9999"),
    (re.compile(r"(?<=CN=)\d{17}(?=0{5}001A)"), "20260101000000000"),
    (re.compile(r"(?<=  )[0-9a-f]{8}$", re.MULTILINE), "01234567"),  # serial numbers
    (re.compile(r"(?<=  )[0-9a-f]{64}$", re.MULTILINE), "0123456789abcdef" * 4),  # fingerprints
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d JST"), "YYYY-MM-DD hh:mm:ss JST"),
    (re.compile(r"\d{4}年\d\d月\d\d日 \d\d:\d\d:\d\d JST"), "YYYY年MM月DD日 hh:mm:ss JST"),
    # what a card answers to the reading of its certificate
    (re.compile(r"(READ BINARY: EF 000A.*\n  > .*\n)(?:  < (?:[0-9A-F]{2} )+[0-9A-F]{2}\n)+"), r"\1  < ...\n"),
)


@pytest.fixture(scope="module")
def issued_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card as issued, whose certificates are valid for as long as these tests will be run."""
    directory = tmp_path_factory.mktemp("issued") / "card"
    run([PROGRAM, "softcard", "new", "--state", directory, *VALIDITY])
    return directory


@pytest.fixture
def state(scenario: dict[str, Any], new_state: Callable[[], Path]) -> Path:
    """The memory of the scenario's card, with tries used up."""
    folder = new_state()
    with Store(str(folder)).pins() as pins:
        for name, left in scenario.get("tries", {}).items():
            pins[name] = pins[name]._replace(tries=left)
    return folder


@pytest.fixture
def card_env(request: pytest.FixtureRequest, scenario: dict[str, Any], where: str, state: Path) -> dict[str, str]:
    """The scenario's card in its reader; the environment in which the tool finds it."""
    faults = scenario.get("faults", [])
    if where == "nowhere":
        return NO_SERVICE
    if where == "softcard":
        return {"PYJPKI11_READER": f"softcard:{state}?" + "&".join(f"fault={fault}" for fault in faults)}
    put_in: CardMaker = request.getfixturevalue("pcsc_card")
    if scenario.get("card", True):
        put_in(faults, state=state)
    return {}


def cases() -> Iterator[Any]:
    """Every scenario in every place."""
    for scenario in SCENARIOS:
        for where in scenario.get("where", READERS):
            marks = (IN_PCSCDS_PROCESS,) if where == "pcsc" else ()
            yield pytest.param(scenario, where, id=f"{scenario['name']}-{where}", marks=marks)


@pytest.mark.parametrize(("scenario", "where"), list(cases()))
def test_output(scenario: dict[str, Any], where: str, card_env: dict[str, str], state: Path, tmp_path: Path) -> None:
    """Standard output, standard error and exit status, in both languages, in a terminal of 80 columns."""
    as_prepared = (state / PIN_FILE).read_bytes()
    for language, variables in LANGUAGES.items():
        (state / PIN_FILE).write_bytes(as_prepared)
        folder = tmp_path / language
        folder.mkdir()
        done = play(scenario, where, {**variables, **card_env}, folder)
        assert done.returncode == scenario["status"], done.stderr
        compare(HERE / "expected" / language / f"{scenario['name']}.txt", transcript(scenario, where, done))


def play(scenario: dict[str, Any], where: str, env: dict[str, str], folder: Path) -> CompletedProcess[str]:
    """The tool's answer."""
    arguments = [READERS[where] if one == "READER" else one for one in scenario["command"]]
    prefix = TO_FULL_DISK if scenario.get("full") else []
    for name, content in scenario.get("files", {}).items():
        (folder / name).write_text(content)
    for before in scenario.get("before", ()):
        run([PROGRAM, *before["command"]], text=before.get("input", ""), env=env, cwd=folder)
    return run([*prefix, PROGRAM, *arguments], text=scenario.get("input", ""), env=env, cwd=folder, check=False)


def transcript(scenario: dict[str, Any], where: str, done: CompletedProcess[str]) -> str:
    """What a person sees who types the command, without what is different for everybody."""
    if "--json" not in scenario["command"] and not scenario["name"].startswith("ssh-key"):
        too_wide = [line for line in (done.stdout + done.stderr).splitlines() if columns.width(line) > columns.COLUMNS]
        assert not too_wide
    parts = [f"$ pyjpki11 {shlex.join(scenario['command'])}\n", done.stdout]
    parts += ["--- standard error\n", done.stderr] if done.stderr else []
    text = "".join(parts).replace(READERS.get(where, "READER"), "READER")
    for pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    return text


def compare(path: Path, shown: str) -> None:
    """The text is the expected one, or becomes it."""
    if "UPDATE_EXPECTED" in os.environ:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown)
    assert path.exists(), f"{path} is missing; UPDATE_EXPECTED=1 makes it"
    assert shown == path.read_text()


def test_nothing_is_expected_of_nobody() -> None:
    """Every expected text belongs to a scenario, every scenario has its own name."""
    names = [scenario["name"] for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
    for language in LANGUAGES:
        assert {path.stem for path in (HERE / "expected" / language).iterdir()} == set(names)
