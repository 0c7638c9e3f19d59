"""Programs that may do more than those who start them, and root with the home of a user: nothing of that user's counts.

tests/unit/test_trusted_files.py has each kind of file that is refused; here it is shown in real hosts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from module.conftest import NO_READERS, PythonHost, Starter
from module.remote import AUTHENTICATION, Module
from support.hosts import Hosts
from support.pcsc_card import IN_PCSCDS_PROCESS
from support.privileges import AS_OTHER, MAKERS, OTHER, give, needs_root, privileged, public_folder

# the kernel keeps PCSCLITE_CSOCK_NAME from privileged programs, so they may meet the card of another test
pytestmark = [needs_root, IN_PCSCDS_PROCESS]
CONFIG = ".config/pyjpki11/config.toml"
CRONTAB = '"* * * * * root /tmp/evil" = 1\n'  # a line that the complaint about it would carry to a log
AT_SECURE = 23  # of getauxval; elf.h
PACKAGES = ("pyjpki11", "smartcard", "_cffi_backend*", "jpki_softcard")
KEPT = 'database_key = "hunter2"\n'


class Trap:
    """What an ordinary user has prepared, and a folder where only root may write."""

    def __init__(self, folder: Path, card: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.roots = folder / "roots"
        self.roots.mkdir(mode=0o755)
        (self.roots / "secret.toml").write_text(KEPT)
        (self.roots / "secret.toml").chmod(0o600)
        shutil.copytree(card, self.home / "card")
        (self.home / CONFIG).parent.mkdir(parents=True)
        self.configure(CRONTAB)

    def configure(self, text: str) -> None:
        """The user's settings."""
        (self.home / CONFIG).write_text(text.replace("ROOTS", str(self.roots)).replace("HOME", str(self.home)))
        give(self.home)

    def environment(self, variables: Mapping[str, str]) -> dict[str, str | None]:
        """The variables of the user's choice."""
        named = {key: value.replace("ROOTS", str(self.roots)) for key, value in variables.items()}
        return {key: value.replace("HOME", str(self.home)) for key, value in named.items()}

    def check(self) -> None:
        """Root's folder is as it was, and nothing in the user's home is root's."""
        assert {path.name: path.read_text() for path in self.roots.iterdir()} == {"secret.toml": KEPT}
        assert {path.lstat().st_uid for path in self.home.rglob("*")} == {OTHER}


@pytest.fixture
def trap(issued_card: Path) -> Iterator[Trap]:
    """A trap in a folder that all users reach."""
    with public_folder() as folder:
        yield Trap(folder, issued_card)


def use(module: Module) -> None:
    """What every program does first; a card that is there is asked for its certificate, which would be cached."""
    module.initialize()
    count = module.remote.ulong()
    module.must("C_GetSlotList", 1, None, count)
    if module.remote.read_ulong(count):
        module.certificate(module.open_session(AUTHENTICATION))


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


@pytest.fixture
def hosts(c_host: Hosts, module_path: Path) -> Iterator[Callable[..., Starter]]:
    """What starts the module in C programs without a card of their own: hosts(), hosts(program)."""
    with contextlib.ExitStack() as running:

        def make(program: Path | None = None) -> Starter:
            starter = Starter(program or c_host("remote"), module_path, NO_READERS)
            running.callback(starter.close)
            return starter

        yield make


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
def test_links_of_ones_own_are_followed(
    hosts: Callable[..., Starter], trap: Trap, tmp_path: Path, place: str
) -> None:
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


# -- the sidecar of a copy, and the code that it leads to ---------------------------------------------------------


class Copy:
    """A copy of the library as `register --system` makes them: root's, with root's own copy of the package."""

    def __init__(self, folder: Path, module_path: Path) -> None:
        self.packages = folder / "packages"
        self.packages.mkdir(mode=0o755)
        for name in PACKAGES:
            for path in module_path.parents[1].glob(name):
                (shutil.copytree if path.is_dir() else shutil.copy)(path, self.packages / path.name)
        (folder / "library").mkdir(mode=0o755)
        self.library = Path(shutil.copy(module_path, folder / "library"))
        self.sidecar = self.library.with_name(f"{self.library.name}.path")
        self.sidecar.write_text(f"{self.packages}\n")


@pytest.fixture
def copy(trap: Trap, module_path: Path) -> Copy:
    """A copy of the library, and of all that it needs."""
    return Copy(trap.folder, module_path)


def _others_packages(copy: Copy) -> None:
    give(copy.packages)


def _linked_packages(copy: Copy) -> None:
    """The link is another user's, who can have it lead elsewhere at any time."""
    theirs = copy.packages.with_name("theirs")
    theirs.mkdir()
    (theirs / "packages").symlink_to(copy.packages)
    give(theirs)
    copy.sidecar.write_text(f"{theirs}/packages\n")


def _linked_package(copy: Copy) -> None:
    theirs = copy.packages.with_name("theirs")
    shutil.move(copy.packages / "pyjpki11", theirs)
    (copy.packages / "pyjpki11").symlink_to(theirs)
    give(theirs)


def _sidecar_link(copy: Copy) -> None:
    theirs = copy.sidecar.with_name("theirs.path")
    copy.sidecar.rename(theirs)
    copy.sidecar.symlink_to(theirs)
    give(copy.sidecar)


def _sidecar_fifo(copy: Copy) -> None:
    copy.sidecar.unlink()
    os.mkfifo(copy.sidecar)


def _missing_in_a_shared_folder(copy: Copy) -> None:
    """Anybody may put it there when it has been looked for."""
    shared = copy.packages.with_name("shared")
    shared.mkdir()
    shared.chmod(0o1777)
    copy.sidecar.write_text(f"{shared}/missing\n{copy.packages}\n")


#: What another user can write to.
WRITABLE: dict[str, Callable[[Copy], object]] = {
    "sidecar of another": lambda copy: give(copy.sidecar),
    "sidecar for all": lambda copy: copy.sidecar.chmod(0o666),
    "sidecar of a group": lambda copy: copy.sidecar.chmod(0o664),
    "sidecar that is a link of another": _sidecar_link,
    "sidecar that is a FIFO": _sidecar_fifo,
    "packages of another": _others_packages,
    "packages for all": lambda copy: copy.packages.chmod(0o777),
    "packages of a group": lambda copy: copy.packages.chmod(0o775),
    "packages behind a link of another": _linked_packages,
    "packages not there yet": _missing_in_a_shared_folder,
    "package of another": lambda copy: give(copy.packages / "pyjpki11"),
    "package behind a link": _linked_package,
    "one file of another": lambda copy: give(copy.packages / "pyjpki11" / "errors.py"),
    "one folder for all": lambda copy: (copy.packages / "pyjpki11" / "card").chmod(0o777),
    "pyscard of another": lambda copy: give(copy.packages / "smartcard"),
}


@pytest.mark.parametrize("change", WRITABLE.values(), ids=WRITABLE)
def test_root_runs_no_code_that_others_can_write(
    hosts: Callable[..., Starter], copy: Copy, change: Callable[[Copy], object]
) -> None:
    change(copy)
    start = hosts()
    module = start(copy.library)
    assert module.call("C_Initialize", None) == "CKR_GENERAL_ERROR"
    start.close()
    (line,) = start.outcome.stderr.splitlines()
    assert line.startswith("pyjpki11 ERROR: ") and "is not used: another user can" in line


@pytest.mark.parametrize("kind", MAKERS)
def test_a_privileged_host_runs_no_code_that_others_can_write(
    hosts: Callable[..., Starter], c_host: Hosts, trap: Trap, copy: Copy, kind: str
) -> None:
    start = hosts(privileged(c_host("remote"), trap.folder, kind))
    use(start(copy.library, prefix=AS_OTHER))
    give(copy.packages, user=1)
    assert start(copy.library, prefix=AS_OTHER).call("C_Initialize", None) == "CKR_GENERAL_ERROR"
    start.close()


@pytest.mark.parametrize("prefix", [[], AS_OTHER], ids=["root", "a user"])
def test_a_copy_that_only_root_can_write_serves_all(
    hosts: Callable[..., Starter], copy: Copy, prefix: Sequence[str]
) -> None:
    start = hosts()
    use(start(copy.library, prefix=prefix))
    start.close()
    assert start.outcome.stderr == ""


def test_a_user_may_have_a_copy_of_their_own(hosts: Callable[..., Starter], copy: Copy) -> None:
    for path in (copy.library.parent, copy.packages):
        give(path)
    start = hosts()
    use(start(copy.library, prefix=AS_OTHER))
    start.close()
    assert start.outcome.stderr == ""
