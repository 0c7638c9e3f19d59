"""A user whom polkit keeps out of pcscd: no card, no error that means something else, and the log says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.clients import NewClient
from support.gatekeeper import ACCESS_CARD, ACCESS_PCSC, refusing
from support.pcsc_card import PcscCard

REMEDY = "a polkit rule must allow access_pcsc and access_card of org.debian.pcsc-lite"


@pytest.mark.parametrize(("action", "slots"), [(ACCESS_PCSC, []), (ACCESS_CARD, [0, 1, 2, 3])])
def test_kept_out_by_policy(
    card: PcscCard, new_client: NewClient, tmp_path: Path, action: str, slots: list[int]
) -> None:
    log = tmp_path / "log"
    with refusing(action, tmp_path / "pcscd.comm") as path:
        client = new_client(
            env={"PCSCLITE_CSOCK_NAME": str(path), "PYJPKI11_LOG": str(log), "PYJPKI11_LOG_LEVEL": "warning"}
        )
        assert client.slots(token_present=False) == slots
        assert client.slots(token_present=True) == []
        for slot in slots:
            assert client.rv("ask", "open", slot) != "CKR_OK"
        assert REMEDY in log.read_text()


def test_let_in_later(card: PcscCard, new_client: NewClient, tmp_path: Path) -> None:
    """The program need not be started anew once the rule is there."""
    path = tmp_path / "pcscd.comm"
    with refusing(ACCESS_PCSC, path):
        client = new_client(env={"PCSCLITE_CSOCK_NAME": str(path)})
        assert client.slots(token_present=True) == []
    path.unlink()
    path.symlink_to("/run/pcscd/pcscd.comm")
    assert client.slots(token_present=True) == [0, 1]
