"""Hosts whose surroundings are hostile to Python, and what the module leaves alone."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from module.conftest import Starter
from module.remote import AUTHENTICATION, Module
from support.openssl import openssl_verify

POISON = "raise SystemExit('poisoned')\n"
POISONED = """os abc codecs io site sitecustomize usercustomize encodings/__init__ pyjpki11/__init__ cffi/__init__
    jpki_softcard/__init__ _cffi_backend smartcard/__init__ importlib/__init__ json/__init__ tomllib/__init__""".split()
LC_ALL = 6
MAX_PATH_LEN = 4096


@pytest.fixture
def poison(tmp_path: Path) -> Path:
    """A directory with modules that nobody may import."""
    folder = tmp_path / "poison"
    for name in POISONED:
        file = folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(POISON)
    return folder


@pytest.fixture
def fake_python(tmp_path: Path) -> Path:
    """A directory of programs that are called like Python and fail."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("python", "python3", "python3.11", "python3.12", "python3.13"):
        program = folder / name
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    return folder


def check_signs(module: Module) -> None:
    """Everything works, and openssl agrees."""
    module.initialize()
    session = module.login(AUTHENTICATION)
    openssl_verify(module.certificate(session), b"data", module.sign(session, b"data"), "sha256")


HOSTILE: dict[str, dict[str, str | None]] = {
    "no PATH": {"PATH": None},
    "empty PATH": {"PATH": ""},
    "fake Python": {"PATH": "{fake}"},
    "PYTHONPATH": {"PYTHONPATH": "{poison}"},
    "PYTHONHOME": {"PYTHONHOME": "/nonexistent"},
    "PYTHONHOME with a library": {"PYTHONHOME": "{poison}"},
    "PYTHONSTARTUP": {"PYTHONSTARTUP": "{poison}/os.py", "PYTHONINSPECT": "1"},
    "VIRTUAL_ENV": {"VIRTUAL_ENV": "{poison}", "__PYVENV_LAUNCHER__": "{fake}/python"},
    "user site": {"PYTHONUSERBASE": "{poison}", "HOME": "{poison}"},
    "talkative Python": {"PYTHONVERBOSE": "1", "PYTHONDEBUG": "3", "PYTHONPROFILEIMPORTTIME": "1"},
    "Python's checks": {"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1", "PYTHONFAULTHANDLER": "1"},
    "Python's memory": {"PYTHONMALLOC": "debug", "PYTHONDUMPREFS": "1", "PYTHONTRACEMALLOC": "9"},
    "odd platform": {"PYTHONPLATLIBDIR": "nowhere", "PYTHONIOENCODING": "nonsense", "PYTHONHASHSEED": "nonsense"},
    "optimised": {"PYTHONOPTIMIZE": "2", "PYTHONNOUSERSITE": "", "PYTHONSAFEPATH": "", "PYTHONUTF8": "nonsense"},
    "LANG=C": {"LANG": "C", "LC_ALL": None},
    "no such locale": {"LC_ALL": "xx", "LANG": "xx_XX.nonsense"},
    "Japanese": {"LANG": "ja_JP.eucJP", "LC_ALL": "ja_JP.SJIS"},
    "no HOME": {"HOME": None, "USER": None, "LOGNAME": None},
    "HOME missing": {"HOME": "/nonexistent"},
    "read-only HOME": {"HOME": "/proc"},  # where not even root makes a folder
    "XDG of nobody": {"XDG_CONFIG_HOME": "/nonexistent", "XDG_STATE_HOME": "", "XDG_CACHE_HOME": "relative"},
    "no TMPDIR": {"TMPDIR": "/nonexistent"},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_environment(start: Starter, name: str, poison: Path, fake_python: Path) -> None:
    env = {key: value and value.format(poison=poison, fake=fake_python) for key, value in HOSTILE[name].items()}
    check_signs(start(env=env))
    start.close()
    assert start.outcome.stderr == ""


def test_empty_environment(start: Starter, card_env: dict[str, str]) -> None:
    nothing = {name: None for name in ("PATH", "HOME", "LANG", "LC_ALL", "PWD", "SHELL", "USER", "LD_LIBRARY_PATH")}
    check_signs(start(env={**nothing, **card_env}))


@pytest.mark.parametrize("folder", ["poison", "pyjpki11", "poison/encodings"])
def test_working_directory_with_modules(start: Starter, poison: Path, folder: str) -> None:
    check_signs(start(cwd=poison if folder == "poison" else poison / folder.removeprefix("poison/")))


def test_working_directory_is_gone(start: Starter, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    module = start(cwd=folder)
    folder.rmdir()
    check_signs(module)


def test_working_directory_stays(loaded: Module) -> None:
    before = Path(f"/proc/{loaded.remote.process.pid}/cwd").readlink()
    check_signs(loaded)
    assert Path(f"/proc/{loaded.remote.process.pid}/cwd").readlink() == before


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_standard_streams(start: Starter, closed: tuple[int, ...]) -> None:
    check_signs(start(closed=closed))


@pytest.mark.parametrize("closed", [(), (2,), (0, 1, 2)])
def test_log_into_closed_streams(start: Starter, closed: tuple[int, ...]) -> None:
    env = {"PYJPKI11_LOG": "stderr", "PYJPKI11_LOG_LEVEL": "debug"}
    module = start(closed=closed, env=env)
    check_signs(module)
    module.call("C_Login", 999, 1, b"1234", 4)


def test_refusal_with_closed_streams(start: Starter, module_path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.so"
    copy.write_bytes(module_path.read_bytes())
    assert start(path=copy, closed=(0, 1, 2)).call("C_Initialize", None) == "CKR_GENERAL_ERROR"


def test_log_of_a_refusal_goes_where_it_should(start: Starter, module_path: Path, tmp_path: Path) -> None:
    copy, log = tmp_path / "copy.so", tmp_path / "log"
    copy.write_bytes(module_path.read_bytes())
    module = start(path=copy, env={"PYJPKI11_LOG": str(log)})
    assert module.call("C_Initialize", None) == "CKR_GENERAL_ERROR"
    start.close()
    assert start.outcome.stderr == ""
    assert log.read_text().startswith("pyjpki11 ERROR: the Python core does not load")


def _log_as_it_should_be(log: Path) -> None:
    """A file of one's own is there already."""
    log.touch(0o640)


def _log_of_others(log: Path) -> None:
    log.touch()
    log.chmod(0o666)


def _log_behind_a_link(log: Path) -> None:
    log.symlink_to(log.with_name("precious"))


def _log_in_a_folder_for_all(log: Path) -> None:
    log.parent.chmod(0o777)


#: What stands where the log should be -> the mode of the file that has the line, if it has.
LOGS = {
    "nothing": (lambda log: None, 0o600),
    "a file": (_log_as_it_should_be, 0o640),
    "a file for all": (_log_of_others, None),
    "a FIFO": (os.mkfifo, None),
    "a link to nothing": (_log_behind_a_link, None),
    "a folder for all": (_log_in_a_folder_for_all, None),
}


@pytest.mark.parametrize("umask", [0, 0o777])
@pytest.mark.parametrize(("prepare", "mode"), LOGS.values(), ids=LOGS)
def test_log_of_a_refusal_is_a_file_of_ones_own(
    start: Starter, module_path: Path, tmp_path: Path, prepare: Callable[[Path], None], mode: int | None, umask: int
) -> None:
    """Else the line goes to stderr: a FIFO keeps no host waiting, and others can neither read nor write the log."""
    copy, log = tmp_path / "copy.so", tmp_path / "logs" / "log"
    copy.write_bytes(module_path.read_bytes())
    log.parent.mkdir()
    prepare(log)
    module = start(path=copy, env={"PYJPKI11_LOG": str(log)})
    module.remote.libc("umask", umask)
    assert module.call("C_Initialize", None) == "CKR_GENERAL_ERROR"
    start.close()
    written = log.read_text() if mode is not None else start.outcome.stderr
    assert written.startswith("pyjpki11 ERROR: the Python core does not load") and written.count("\n") == 1
    assert mode is None or log.stat().st_mode & 0o7777 == mode
    assert not (log.parent / "precious").exists()


def test_a_refusal_does_not_steer_a_terminal(start: Starter, module_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "\x1b[2Jforged"
    folder.mkdir()
    copy = Path(shutil.copy(module_path, folder))
    copy.with_name(f"{copy.name}.path").write_text(f"{tmp_path}\n")
    copy.with_name(f"{copy.name}.path").chmod(0o666)
    assert start(path=copy).call("C_Initialize", None) == "CKR_GENERAL_ERROR"
    start.close()
    (line,) = start.outcome.stderr.splitlines()
    assert "forged" in line and line.isprintable()


# -- what belongs to the host ---------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_locale_stays(loaded: Module, locale: str) -> None:
    remote = loaded.remote
    assert remote.libc("setlocale", LC_ALL, locale.encode() + b"\0")
    check_signs(loaded)
    assert remote.read_text(remote.libc("setlocale", LC_ALL, None)) == locale


OF_THE_C_LIBRARY = 1 << 32 - 1 | 1 << 33 - 1  # bits of the masks in /proc/pid/status


def test_signal_dispositions_stay(loaded: Module) -> None:
    """None is caught or ignored for the host, above all neither SIGINT nor SIGPIPE.

    The C library keeps two signals for threads, which the first thread brings with it. Spec: signal(7), nptl(7)
    """
    loaded.remote.libc("signal", signal.SIGUSR1, 1)
    fields = ("SigIgn", "SigCgt", "SigBlk")
    before = {field: loaded.remote.status(field) for field in fields}
    check_signs(loaded)
    after = {field: loaded.remote.status(field) for field in fields}
    assert {field: int(mask, 16) & ~OF_THE_C_LIBRARY for field, mask in after.items()} == {
        field: int(mask, 16) & ~OF_THE_C_LIBRARY for field, mask in before.items()
    }


def test_environment_and_mask_stay(loaded: Module) -> None:
    remote = loaded.remote
    names = ("PATH", "PYTHONPATH", "LC_CTYPE", "PYTHONHOME", "LD_PRELOAD")
    mask = remote.libc("umask", 0o027)
    before = {name: remote.libc("getenv", name.encode() + b"\0") for name in names}
    check_signs(loaded)
    assert {name: remote.libc("getenv", name.encode() + b"\0") for name in names} == before
    assert remote.libc("umask", mask) == 0o027


def test_threads_and_descriptors_are_given_back(loaded: Module) -> None:
    """Between C_Finalize and C_Initialize there is no thread of ours and no open file."""
    process = Path(f"/proc/{loaded.remote.process.pid}")
    before = sorted(one.name for one in (process / "fd").iterdir())
    for _ in range(3):
        check_signs(loaded)
        loaded.must("C_Finalize", None)
    assert sorted(one.name for one in (process / "fd").iterdir()) == before
    assert len(list((process / "task").iterdir())) == 1


def test_nothing_is_written_beside_the_package(loaded: Module, module_path: Path) -> None:
    """No byte code: the package may belong to somebody else."""
    before = {path: path.stat().st_mtime_ns for path in module_path.parent.rglob("*")}
    check_signs(loaded)
    assert {path: path.stat().st_mtime_ns for path in module_path.parent.rglob("*")} == before
