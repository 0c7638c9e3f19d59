"""The tool with a card: in its own process, or over PC/SC."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.card_tool import CardTool
from support.pcsc_card import IN_PCSCDS_PROCESS, CardMaker
from support.registering import home as home
from support.registering import new_build as new_build
from support.registering import profile as profile
from support.registering import root as root
from support.registering import roots_folder as roots_folder

NewTool = Callable[..., CardTool]


@pytest.fixture
def new_tool(tmp_path: Path) -> NewTool:
    """Makes tools that have a card's state directory in their own process: new_tool(state, "fault=no-pss")."""

    def make(state: Path, *options: str) -> CardTool:
        folder = tmp_path / "folder"
        folder.mkdir(exist_ok=True)
        return CardTool(folder, {"PYJPKI11_READER": "softcard:" + "?".join((str(state), *options))})

    return make


@pytest.fixture
def tool(new_tool: NewTool, softcard_state: Path) -> CardTool:
    """The tool with a fresh card in its own process."""
    return new_tool(softcard_state)


@pytest.fixture
def pcsc_tool(pcsc_card: CardMaker, softcard_state: Path, tmp_path: Path) -> CardTool:
    """The tool with a fresh card in a reader of pcscd."""
    pcsc_card(state=softcard_state)
    folder = tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    return CardTool(folder, {})


@pytest.fixture(params=["tool", pytest.param("pcsc_tool", marks=IN_PCSCDS_PROCESS)])
def any_tool(request: pytest.FixtureRequest) -> CardTool:
    """The tool with a fresh card, which is reached in either way."""
    tool: CardTool = request.getfixturevalue(request.param)
    return tool
