"""Which slots a program gets, by its name."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from module.conftest import Starter
from module.remote import AUTHENTICATION, SIGNATURE, Module
from support.hosts import Hosts

SETTINGS = """
[program.chromium]
slots = ["signature", "authentication"]
[program.signer]
slots = ["signature"]
[program.loud]
slots = "all"
"""
SLOT_INFO_LEN = 112  # bytes
BOTH = [AUTHENTICATION, SIGNATURE]
# name of the program -> its slots without settings, and with these
PROGRAMS = {
    "firefox": ([AUTHENTICATION], [AUTHENTICATION]),
    "firefox-esr": ([AUTHENTICATION], [AUTHENTICATION]),
    "thunderbird": ([AUTHENTICATION], [AUTHENTICATION]),
    "chrome": ([AUTHENTICATION], [AUTHENTICATION]),
    "chromium": ([AUTHENTICATION], BOTH),
    "chromium-browser": ([AUTHENTICATION], BOTH),
    "signer": (BOTH, [SIGNATURE]),
    "loud": (BOTH, BOTH),
    "chromedriver": (BOTH, BOTH),
}


@pytest.fixture
def start_as(
    c_host: Hosts, module_path: Path, card_env: dict[str, str], tmp_path: Path
) -> Iterator[Callable[[str, str], Module]]:
    """Starts the module in a program of any name, with settings."""
    with contextlib.ExitStack() as programs:

        def start(name: str, settings: str) -> Module:
            (tmp_path / "config.toml").write_text(settings)
            program = Path(shutil.copy(c_host("remote"), tmp_path / name))
            env = {**card_env, "PYJPKI11_CONFIG": str(tmp_path / "config.toml")}
            module = programs.enter_context(contextlib.closing(Starter(program, module_path, env)))()
            module.initialize()
            return module

        yield start


def slots(module: Module) -> list[int]:
    """C_GetSlotList, both calls; and slots that are not in the list are none."""
    count = module.remote.ulong()
    module.must("C_GetSlotList", 1, None, count)
    found = module.remote.allocate(8 * module.remote.read_ulong(count))
    module.must("C_GetSlotList", 1, found, count)
    listed = list(module.remote.read_ulongs(found, module.remote.read_ulong(count)))
    answers = [module.call("C_GetSlotInfo", slot, module.remote.allocate(SLOT_INFO_LEN)) for slot in BOTH]
    assert answers == ["CKR_OK" if slot in listed else "CKR_SLOT_ID_INVALID" for slot in BOTH]
    return listed


@pytest.mark.parametrize("settings", ["", SETTINGS], ids=["no settings", "settings"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_slots(name: str, settings: str, start_as: Callable[[str, str], Module]) -> None:
    without, with_settings = PROGRAMS[name]
    assert slots(start_as(name, settings)) == (with_settings if settings else without)
