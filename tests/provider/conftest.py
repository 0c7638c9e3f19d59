"""Desks: a program, a reader, a fresh software card in it."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from provider.desk import Desk, DeskMaker
from provider.desk import make_desk as desk_maker

from jpki_softcard.rsa import PrivateKey

#: All cards of a run have the same keys, and most tests sign the same: Python's RSA takes its time.
_apply_once = functools.lru_cache(maxsize=None)(PrivateKey.apply)


@pytest.fixture(autouse=True)
def remembered_rsa(monkeypatch: pytest.MonkeyPatch) -> None:
    """The card computes each padded block once."""
    monkeypatch.setattr(PrivateKey, "apply", lambda key, block: _apply_once(key, block))


@pytest.fixture
def make_desk(softcard_state: Path, monkeypatch: pytest.MonkeyPatch) -> DeskMaker:
    """Makes desks: make_desk(["no-pss"], logout="keep")."""
    return desk_maker(softcard_state, monkeypatch)


@pytest.fixture
def desk(make_desk: DeskMaker) -> Desk:
    """A desk with a card without faults."""
    return make_desk()
