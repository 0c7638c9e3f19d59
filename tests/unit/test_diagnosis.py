"""What the doctor says of machines that are not like this one: without a service, or with several users."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyjpki11.cli.card.cards import Readers
from pyjpki11.cli.diagnosis import finding, programs, service
from pyjpki11.cli.diagnosis.finding import NOTE, OK, PROBLEM, WARNING, Finding
from pyjpki11.cli.terminal import exits
from pyjpki11.cli.terminal.options import Options
from pyjpki11.cli.wording import registrations
from pyjpki11.cli.wording.registrations import Standing
from pyjpki11.errors import KeptOut, ServiceUnavailable
from pyjpki11.reader.pcsc_results import FAILURES, check
from pyjpki11.registration.programs import REGISTERED

TIMEOUT_S = 60.0


class Refusing:
    """A driver without a service."""

    def __init__(self, result: int) -> None:
        self._result = result

    def reader_names(self) -> list[str]:
        """Says why there is none."""
        check(self._result)
        return []


def examined(result: int) -> Finding:
    """What the doctor says where PC/SC answers so."""
    (found,) = service.examine(Readers(Refusing(result), Options(), TIMEOUT_S))  # type: ignore[arg-type]
    assert found.level == PROBLEM and found.exit_status == exits.NO_READER
    return found


def test_the_results_are_those_of_no_service() -> None:
    assert FAILURES[0x8010001D][0] is ServiceUnavailable
    assert FAILURES[0x8010006A][0] is KeptOut


def test_kept_out_by_polkit() -> None:
    found = examined(0x8010006A)
    assert found.code == "kept-out" and "access_pcsc" in found.remedy


def test_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pcscd").touch(0o755)
    monkeypatch.setattr(service, "SYSTEM_FOLDERS", str(tmp_path))
    found = examined(0x8010001D)
    assert found.code == "no-service" and "systemctl" in found.remedy


def test_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SYSTEM_FOLDERS", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = examined(0x8010001D)
    assert found.code == "no-pcscd" and "apt install pcscd" in found.remedy


def test_the_first_problem_decides() -> None:
    """Warnings and notes do not."""
    others = [Finding(level, "x", "x") for level in (OK, NOTE, WARNING)]
    assert finding.exit_status(others) == exits.OK
    problems = [Finding(PROBLEM, "x", "x", "", status) for status in (exits.NO_CARD, exits.FAILED)]
    assert finding.exit_status([*others, *problems]) == exits.NO_CARD


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_module_for_all_that_not_all_can_read(is_closed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is registered for one user only, nobody else needs to."""
    closed = Path("/root") if is_closed else None
    monkeypatch.setattr(registrations, "closed_folder", lambda place: closed)
    for_all = Standing("openssh", True, REGISTERED, [])
    monkeypatch.setattr(registrations, "standing", lambda name, place: for_all._replace(is_system=place.is_system))
    assert ("closed" in [one.code for one in programs.examine()]) == is_closed
    monkeypatch.setattr(registrations, "standing", lambda name, place: for_all._replace(is_system=False))
    assert "closed" not in [one.code for one in programs.examine()]
