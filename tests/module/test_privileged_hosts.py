"""Programs that may do more than those who start them, and root with the home of a user: nothing of that user's counts.

tests/unit/test_trusted_files.py has each kind of file that is refused; here it is shown in real hosts.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from module.conftest import NO_READERS, PythonHost, Starter, use
from module.remote import Module
from support.hosts import Hosts
from support.pcsc_card import IN_PCSCDS_PROCESS
from support.privileges import AS_OTHER, CONFIG, CRONTAB, MAKERS, OTHER, Trap, give, needs_root, privileged

# the kernel keeps PCSCLITE_CSOCK_NAME from privileged programs, so they may meet the card of another test
pytestmark = [needs_root, IN_PCSCDS_PROCESS]
AT_SECURE = 23  # of getauxval; elf.h


# -- set-uid programs, file capabilities ------------------------------------------------------------------------

#: What the user sets, and writes into the settings file.
ATTACKS: dict[str, tuple[dict[str, str], str]] = {
    "log": ({"PYJPKI11_LOG": "ROOTS/log", "PYJPKI11_CONFIG": f"HOME/{CONFIG}"}, CRONTAB),
    "log in the settings": ({"PYJPKI11_CONFIG": f"HOME/{CONFIG}"}, f'log = "ROOTS/log"\n{CRONTAB}'),
    "log in the home": ({"HOME": "HOME"}, f'log = "ROOTS/log"\n{CRONTAB}'),
    "log in the folder of settings": ({"XDG_CONFIG_HOME": "HOME/.config"}, f'log = "ROOTS/log"\n{CRONTAB}'),
    "reader": ({"PYJPKI11_READER": "softcard:HOME/card?apdu-log=ROOTS/log"}, ""),
    "reader in the settings": ({"HOME": "HOME"}, 'reader = "softcard:HOME/card?apdu-log=ROOTS/log"\n'),
    "cache": ({"PYJPKI11_READER": "softcard:HOME/card", "XDG_CACHE_HOME": "ROOTS/cache"}, ""),
    "cache in the home": ({"PYJPKI11_READER": "softcard:HOME/card", "HOME": "HOME"}, ""),
    "secret": ({"PYJPKI11_CONFIG": "ROOTS/secret.toml", "PYJPKI11_LOG": "stderr"}, ""),
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(("variables", "settings"), ATTACKS.values(), ids=ATTACKS)
def test_a_privileged_host_heeds_nothing_of_its_user(
    hosts: Callable[..., Starter],
    c_host: Hosts,
    trap: Trap,
    kind: str,
    variables: Mapping[str, str],
    settings: str,
) -> None:
    trap.configure(settings)
    start = hosts(privileged(c_host("remote"), trap.folder, kind))
    module = start(prefix=AS_OTHER, env=trap.environment(variables))
    assert module.remote.libc("getauxval", AT_SECURE) == 1, "the kernel does not take it for privileged"
    use(module)
    start.close()
    assert start.outcome.stderr == ""
    trap.check()


@pytest.fixture
def door(trap: Trap) -> Iterator[socket.socket]:
    """A socket of the user's, who would play the PC/SC service and its cards there."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(trap.home / "pcscd.comm"))
        door.listen()
        door.setblocking(False)
        (trap.home / "pcscd.comm").chmod(0o777)
        give(trap.home)
        yield door


def check_nobody_came(door: socket.socket) -> None:
    """The user's own service was not asked."""
    with pytest.raises(BlockingIOError):
        door.accept()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_privileged_host_asks_no_service_of_its_user(
    hosts: Callable[..., Starter], c_host: Hosts, trap: Trap, door: socket.socket, kind: str
) -> None:
    """Debian 12's pcsc-lite would."""
    start = hosts(privileged(c_host("remote"), trap.folder, kind))
    use(start(prefix=AS_OTHER, env={"PCSCLITE_CSOCK_NAME": f"{trap.home}/pcscd.comm"}))
    check_nobody_came(door)


#: What a process that root has started makes of its ids: call, arguments.
CHANGES = {
    "real uid": ("setresuid", OTHER, 0, 0),
    "saved uid": ("setresuid", 0, 0, OTHER),
    "real gid": ("setresgid", OTHER, 0, 0),
    "effective gid": ("setresgid", 0, OTHER, 0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("name", ["log", "reader", "secret"])
def test_a_host_whose_ids_differ_heeds_nothing_of_its_user(
    hosts: Callable[..., Starter], trap: Trap, change: tuple[str, int, int, int], name: str
) -> None:
    """The kernel says nothing of these."""
    start = hosts()
    process = start.process(env=trap.environment(ATTACKS[name][0]))
    assert process.libc("getauxval", AT_SECURE) == 0
    assert process.libc(*change) == 0
    use(Module(process, start.module_path))
    start.close()
    assert start.outcome.stderr == ""
    trap.check()


def test_a_host_whose_ids_differ_asks_no_service_of_its_user(
    hosts: Callable[..., Starter], trap: Trap, door: socket.socket
) -> None:
    start = hosts()
    process = start.process(env={"PCSCLITE_CSOCK_NAME": f"{trap.home}/pcscd.comm"})
    assert process.libc(*CHANGES["real uid"]) == 0
    use(Module(process, start.module_path))
    check_nobody_came(door)


def test_a_python_host_whose_ids_differ_heeds_nothing_of_its_user(python_host: PythonHost, trap: Trap) -> None:
    text = f"""
import os
os.setresuid({OTHER}, 0, 0)
client = Client(library)
client.must("C_Initialize", None)
count = ctypes.c_ulong()
client.must("C_GetSlotList", 1, None, ctypes.byref(count))
"""
    for name in ("log", "log in the home", "reader", "secret"):
        variables, settings = ATTACKS[name]
        trap.configure(settings)
        done = python_host(text, env={**NO_READERS, **trap.environment(variables)})
        assert done.stderr == ""
        trap.check()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_privileged_host_is_told_on_stderr_why_it_cannot_start(
    hosts: Callable[..., Starter], c_host: Hosts, trap: Trap, module_path: Path, kind: str
) -> None:
    copy = Path(shutil.copy(module_path, trap.folder))
    start = hosts(privileged(c_host("remote"), trap.folder, kind))
    module = start(copy, prefix=AS_OTHER, env={"PYJPKI11_LOG": f"{trap.roots}/log"})
    assert module.call("C_Initialize", None) == "CKR_GENERAL_ERROR"
    start.close()
    assert start.outcome.stderr.startswith("pyjpki11 ERROR: the Python core does not load")
    trap.check()


# -- root with the home of a user -------------------------------------------------------------------------------


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link_to(target: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.unlink(missing_ok=True)
        path.symlink_to(target.replace("ROOTS", str(path.parents[3] / "roots")))

    return make


#: Variables, settings, what stands in the place of the settings file.
TRAPS_FOR_ROOT: dict[str, tuple[dict[str, str], str, Callable[[Path], None] | None]] = {
    "settings": ({"HOME": "HOME"}, f'log = "ROOTS/log"\n{CRONTAB}', None),
    "named settings": ({"PYJPKI11_CONFIG": f"HOME/{CONFIG}"}, f'log = "ROOTS/log"\n{CRONTAB}', None),
    "reader": ({"HOME": "HOME"}, 'reader = "softcard:HOME/card?apdu-log=ROOTS/log"\n', None),
    "a FIFO": ({"HOME": "HOME"}, "", _fifo),
    "a link to root's file": ({"HOME": "HOME", "PYJPKI11_LOG": "stderr"}, "", _link_to("ROOTS/secret.toml")),
    "a log in the home": ({"PYJPKI11_LOG": "HOME/log", "PYJPKI11_LOG_LEVEL": "debug"}, "", None),
    "a log behind a link": (
        {"PYJPKI11_LOG": f"HOME/{CONFIG}", "PYJPKI11_LOG_LEVEL": "debug"},
        "",
        _link_to("ROOTS/secret.toml"),
    ),
    "a log that is a FIFO": ({"PYJPKI11_LOG": f"HOME/{CONFIG}", "PYJPKI11_LOG_LEVEL": "debug"}, "", _fifo),
    "a cache": ({"HOME": "HOME", "PYJPKI11_READER": "softcard:CARD"}, "", None),
    "a folder of caches": ({"XDG_CACHE_HOME": "HOME", "PYJPKI11_READER": "softcard:CARD"}, "", None),
}


@pytest.mark.parametrize(("variables", "settings", "change"), TRAPS_FOR_ROOT.values(), ids=TRAPS_FOR_ROOT)
def test_root_with_the_home_of_a_user(
    hosts: Callable[..., Starter],
    trap: Trap,
    softcard_state: Path,
    variables: Mapping[str, str],
    settings: str,
    change: Callable[[Path], None] | None,
) -> None:
    """As under sudo -E, or where sudo keeps HOME."""
    trap.configure(settings)
    if change:
        change(trap.home / CONFIG)
        give(trap.home)
    variables = {name: value.replace("CARD", str(softcard_state)) for name, value in variables.items()}
    start = hosts()
    use(start(env=trap.environment(variables)))
    start.close()
    assert "database_key" not in start.outcome.stderr
    trap.check()


def test_root_is_told_what_it_does_not_heed(hosts: Callable[..., Starter], trap: Trap) -> None:
    start = hosts()
    use(start(env={"HOME": str(trap.home), "PYJPKI11_LOG": "stderr"}))
    start.close()
    assert f"config.toml is ignored: {trap.home} belongs to user {OTHER}" in start.outcome.stderr


@pytest.mark.parametrize("place", ["home", ".config", CONFIG])
def test_links_of_ones_own_are_followed(hosts: Callable[..., Starter], trap: Trap, tmp_path: Path, place: str) -> None:
    """As those make them who keep their settings in one place; here of an ordinary user."""
    trap.configure(f'log = "{trap.home}/log"\n{CRONTAB}')
    linked = trap.home if place == "home" else trap.home / place
    linked.rename(trap.folder / "elsewhere")
    linked.symlink_to(trap.folder / "elsewhere")
    give(linked)
    start = hosts()
    use(start(prefix=AS_OTHER, env={"HOME": str(trap.home)}))
    start.close()
    assert "is ignored: there is no such setting" in (trap.home / "log").read_text()
