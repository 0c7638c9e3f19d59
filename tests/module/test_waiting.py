"""A thread that waits for a slot event neither keeps its program from ending nor is hurt by what happens to it."""

from __future__ import annotations

import pytest
from module.conftest import RunHost
from support.waiting import MODES, assert_comes_out


@pytest.mark.parametrize("mode", MODES)
def test_wait(run_host: RunHost, signature: str, mode: str) -> None:
    assert_comes_out(lambda name: run_host("wait", name, check=False), mode, signature)
