"""Any call with any arguments in any order: no crash, no hang, no memory error, an answer of the standard's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from subprocess import CompletedProcess

from support.figures import Figures
from support.process import run
from torture.conftest import Hosts, RunHost
from torture.sanitized import OPTIONS, SANITIZERS
from torture.sizes import CALLS, SANITIZED_CALLS, VALGRIND_CALLS, Size

from pyjpki11.cryptoki import ckr

SEED = "1"
FUNCTIONS = 104
#: Answers that mean something unforeseen has happened.
UNFORESEEN = {ckr.GENERAL_ERROR, ckr.HOST_MEMORY}
KNOWN = {value for name, value in vars(ckr).items() if name.isupper()}
#: What has to be reached and to succeed, or little was tried.
MUST_SUCCEED = (
    "C_Initialize C_Finalize C_OpenSession C_CloseSession C_Logout C_FindObjects C_GetAttributeValue C_CreateObject "
    "C_Digest C_SignInit C_Sign C_SignFinal C_SignMessage C_VerifyInit C_SetPIN C_GetSlotList C_WaitForSlotEvent"
).split()
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=no"]


def answers(finished: CompletedProcess[str]) -> dict[str, Counter[int]]:
    """Function -> answers, with how often each was given."""
    counted: dict[str, Counter[int]] = {}
    for line in finished.stdout.splitlines():
        function, rv, times = line.split()
        counted.setdefault(function, Counter())[int(rv, 16)] += int(times)
    return counted


def check(counted: dict[str, Counter[int]], size: Size, log: Path) -> None:
    """Every call was answered, with a number of the standard, and nothing unforeseen happened inside."""
    assert sum(map(Counter.total, counted.values())) == size.times
    strange = {(name, hex(rv)) for name, given in counted.items() for rv in given if rv not in KNOWN - UNFORESEEN}
    assert not strange, log.read_text() if log.exists() else strange
    assert not log.exists() or "ERROR" not in log.read_text(), log.read_text()


def test_any_call(
    torture_host: Hosts, run_on_card: RunHost, module_path: Path, softcard_state: Path, tmp_path: Path, figures: Figures
) -> None:
    """The module as it is installed."""
    pins = softcard_state / "pins.json"
    counted = answers(run_on_card(CALLS, torture_host("fuzz"), module_path, str(CALLS.times), SEED, pins))
    check(counted, CALLS, tmp_path / "log")
    assert len(counted) == FUNCTIONS
    reached = {name for name, given in counted.items() if ckr.OK in given or name == "C_WaitForSlotEvent"}
    assert set(MUST_SUCCEED) <= reached
    signatures = sum(counted[name][ckr.OK] for name in ("C_Sign", "C_SignFinal", "C_SignMessage"))
    figures(f"{CALLS.times} calls of {len(counted)} functions, {signatures} signatures")


def test_any_call_under_sanitizers(
    torture_host: Hosts,
    run_on_card: RunHost,
    sanitized_library: Path,
    softcard_state: Path,
    tmp_path: Path,
    figures: Figures,
) -> None:
    """AddressSanitizer and UndefinedBehaviorSanitizer in the library and in the program."""
    program = torture_host("fuzz", *SANITIZERS)
    argv = [program, sanitized_library, str(SANITIZED_CALLS.times), SEED, softcard_state / "pins.json"]
    counted = answers(run_on_card(SANITIZED_CALLS, *argv, env=OPTIONS))
    check(counted, SANITIZED_CALLS, tmp_path / "log")
    assert counted["C_Initialize"][ckr.OK]
    figures(f"{SANITIZED_CALLS.times} calls under sanitizers")


def test_any_call_under_valgrind(
    torture_host: Hosts, run_on_card: RunHost, module_path: Path, softcard_state: Path, tmp_path: Path, figures: Figures
) -> None:
    """Memcheck on the installed library, with its Python and all that this loads."""
    argv = [torture_host("fuzz"), module_path, str(VALGRIND_CALLS.times), SEED, softcard_state / "pins.json"]
    counted = answers(run_on_card(VALGRIND_CALLS, *VALGRIND, *argv))
    check(counted, VALGRIND_CALLS, tmp_path / "log")
    assert counted["C_Initialize"][ckr.OK]
    figures(f"{VALGRIND_CALLS.times} calls under valgrind")


def test_faults_are_found(
    torture_host: Hosts, sanitized_library: Path, module_path: Path, softcard_state: Path
) -> None:
    """These tests can fail: a byte read behind the end of memory is seen, even if Python reads it."""
    env = {"PYJPKI11_READER": f"softcard:{softcard_state}"}
    sanitized = run([torture_host("overrun", *SANITIZERS), sanitized_library], env={**env, **OPTIONS}, check=False)
    assert sanitized.returncode and "heap-buffer-overflow" in sanitized.stderr
    watched = run([*VALGRIND, torture_host("overrun"), module_path], env=env, check=False)
    assert watched.returncode and "Invalid read" in watched.stderr
