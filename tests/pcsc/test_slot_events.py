"""C_WaitForSlotEvent on a real reader: told of every coming and going, and woken when the module ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.conversation import Conversation, Refused
from support.hosts import Hosts
from support.pcsc_card import CardMaker, PcscCard
from support.pcscd import Pcscd
from support.process import run
from support.waiting import MODES, assert_comes_out

SETTLED_S = 0.5  # in which a wait would end that has nothing to wait for
NO_EVENT, ENDED = "CKR_NO_EVENT", "CKR_CRYPTOKI_NOT_INITIALIZED"


class Watcher(Conversation):
    """A program that waits for slot events in a thread of its own."""

    def __init__(self, module: Path) -> None:
        super().__init__("slot_watcher", module)


@pytest.fixture
def watcher(pcscd: Pcscd, module_path: Path) -> Iterator[Watcher]:
    with Watcher(module_path) as running:
        yield running


def test_polled(watcher: Watcher, pcsc_card: CardMaker) -> None:
    assert poll(watcher) == []
    card = pcsc_card()
    assert poll(watcher) == [0, 1]
    card.remove()
    assert poll(watcher) == [0, 1]


def test_insertion_and_removal_wake(watcher: Watcher, pcsc_card: CardMaker) -> None:
    watcher.ask("wait")
    assert watcher.ask("answer", SETTLED_S) is None
    card = pcsc_card()
    assert watcher.ask("answer", 10) == ["CKR_OK", 0]
    assert poll(watcher) == [1]
    watcher.ask("wait")
    threading.Thread(target=card.remove).start()
    assert watcher.ask("answer", 20) == ["CKR_OK", 0]
    assert poll(watcher) == [1]


def test_the_end_of_the_module_wakes(watcher: Watcher) -> None:
    watcher.ask("wait")
    assert watcher.ask("answer", SETTLED_S) is None
    watcher.ask("finalize")
    assert watcher.ask("answer", 10)[0] == ENDED


def poll(watcher: Watcher) -> list[int]:
    """The events told without waiting, in order."""
    told: list[int] = []
    while True:
        try:
            told.append(watcher.ask("poll"))
        except Refused as refusal:
            assert refusal.name == NO_EVENT
            return sorted(told)


@pytest.mark.parametrize("mode", MODES)
def test_what_happens_to_a_program_that_waits(card: PcscCard, c_host: Hosts, module_path: Path, mode: str) -> None:
    assert_comes_out(lambda name: run([c_host("wait"), module_path, name], check=False), mode)
