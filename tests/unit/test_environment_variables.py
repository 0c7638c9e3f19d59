"""The process's environment variables, without `os`."""

from __future__ import annotations

import posix
import sys

import pytest

from pyjpki11 import environment


@pytest.fixture(autouse=True)
def without_os(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program that is not written in Python."""
    monkeypatch.delitem(sys.modules, "os")
    monkeypatch.setattr(environment, "_at_start", None)
    monkeypatch.setitem(posix.environ, b"PYJPKI11_READER", b"softcard:/somewhere")


def test_a_fork_in_the_midst_leaves_no_part_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child would take a missing variable for one that is not set, and use another reader."""

    def forked(_text: bytes) -> str:
        seen.append(_text)
        if len(seen) > 2:
            raise InterruptedError
        return _text.decode()

    seen: list[bytes] = []
    with monkeypatch.context() as parent:
        parent.setattr(environment, "_text", forked)
        with pytest.raises(InterruptedError):
            environment.variables()
    assert environment.variables()["PYJPKI11_READER"] == "softcard:/somewhere"
    assert len(environment.variables()) == len(posix.environ)
