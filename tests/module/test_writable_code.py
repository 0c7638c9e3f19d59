"""No process of root's, nor one with root's rights, runs code that others can write to, wherever a sidecar leads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from module.conftest import Starter, use
from support.hosts import Hosts
from support.pcsc_card import IN_PCSCDS_PROCESS
from support.privileges import AS_OTHER, MAKERS, Trap, give, needs_root, privileged

# the kernel keeps PCSCLITE_CSOCK_NAME from privileged programs, so they may meet the card of another test
pytestmark = [needs_root, IN_PCSCDS_PROCESS]
PACKAGES = ("pyjpki11", "smartcard", "_cffi_backend*", "jpki_softcard")


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
