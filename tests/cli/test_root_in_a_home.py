"""The tool of root with the home of a user, as sudo can leave it: the same rules as in the module."""

from __future__ import annotations

from pathlib import Path

from support.privileges import CONFIG, CRONTAB, OTHER, Trap, needs_root, public_folder
from support.tool import tool, tool_json

pytestmark = needs_root


def test_nothing_of_the_users_counts_and_nothing_is_made(issued_card: Path, softcard_state: Path) -> None:
    with public_folder() as folder:
        trap = Trap(folder, issued_card)
        trap.configure(f'log = "ROOTS/log"\nlog_level = "debug"\n{CRONTAB}')
        env = {"HOME": str(trap.home), "PYJPKI11_READER": f"softcard:{softcard_state}"}
        tool("cert", "show", "auth", env=env)
        trap.check()


def test_the_doctor_says_whose_file_it_is(issued_card: Path) -> None:
    with public_folder() as folder:
        trap = Trap(folder, issued_card)
        env = {"HOME": str(trap.home), "PYJPKI11_READER": f"softcard:{issued_card}"}
        findings = tool_json("doctor", env=env)["findings"]
        messages = [finding["message"] for finding in findings if finding["code"] == "settings"]
        assert messages == [f"{trap.home}/{CONFIG} is ignored: {trap.home} belongs to user {OTHER}"]


def test_no_software_card_is_made_there(issued_card: Path) -> None:
    with public_folder() as folder:
        trap = Trap(folder, issued_card)
        done = tool("softcard", "new", env={"HOME": str(trap.home)}, status=1)
        assert "belongs to another user, so name a directory" in done.stderr
        trap.check()
