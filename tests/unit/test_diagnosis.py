"""Why the PC/SC service cannot be used: what a machine with a service cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyjpki11.cli import exits
from pyjpki11.cli.cards import Readers
from pyjpki11.cli.diagnosis import finding, service
from pyjpki11.cli.diagnosis.finding import NOTE, OK, PROBLEM, WARNING, Finding
from pyjpki11.cli.options import Options
from pyjpki11.errors import ServiceUnavailable
from pyjpki11.reader.pcsc import FAILURES


class Refusing:
    """A driver without a service."""

    def __init__(self, result: int) -> None:
        self._result = result

    def reader_names(self) -> list[str]:
        """None, as without a service."""
        return []

    def card_event(self, reader: str) -> int | None:
        """Says why."""
        kind, text = FAILURES[self._result]
        raise kind(text)


def examined(result: int) -> Finding:
    """What the doctor says where PC/SC answers so."""
    (found,) = service.examine(Readers(Refusing(result), Options()))  # type: ignore[arg-type]
    assert found.level == PROBLEM and found.exit_status == exits.NO_READER
    return found


def test_the_results_are_those_of_no_service() -> None:
    assert FAILURES[0x8010001D][0] is FAILURES[0x8010006A][0] is ServiceUnavailable


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
