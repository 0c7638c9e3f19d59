"""The state directory."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.process import TIMEOUT_S, run

import jpki_softcard
from jpki_softcard.errors import OptionError, StateError

SELECT_JPKI = bytes.fromhex("00A4040C0A D392F000260100000001")
WRONG_PIN = bytes.fromhex("00200098 04 39393939")
RIGHT_PIN = bytes.fromhex("00200098 04 31323334")
QUERY = bytes.fromhex("00200098")


def test_directory_and_files_are_private(issued_card: Path) -> None:
    """0700, 0600."""
    assert stat.S_IMODE(issued_card.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in issued_card.iterdir()}
    assert set(modes.values()) == {0o600}
    assert set(modes) == {
        "card.json",
        "pins.json",
        "lock",
        "auth.der",
        "sign.der",
        "auth_ca.der",
        "sign_ca.der",
    }


def test_tries_survive_the_process(make_card: Any) -> None:
    """A second card object on the directory is what another process has."""
    first, second = make_card(), make_card()
    first.transmit(SELECT_JPKI)
    second.transmit(SELECT_JPKI)
    assert first.transmit(WRONG_PIN) == b"\x63\xc2"
    assert second.transmit(QUERY) == b"\x63\xc2"
    assert second.transmit(WRONG_PIN) == b"\x63\xc1"
    assert first.transmit(RIGHT_PIN) == b"\x90\x00"
    assert second.transmit(QUERY) == b"\x63\xc3"


def test_tries_are_on_disk_when_the_answer_comes(make_card: Any, directory: Path) -> None:
    """A card pulled out early has lost the try."""
    card = make_card()
    card.transmit(SELECT_JPKI)
    card.transmit(WRONG_PIN)
    assert json.loads((directory / "pins.json").read_text())["auth"]["tries"] == 2


def test_security_status_is_not_on_disk(make_card: Any) -> None:
    """What one card verified, another has not."""
    first, second = make_card(), make_card()
    first.transmit(SELECT_JPKI)
    first.transmit(RIGHT_PIN)
    second.transmit(SELECT_JPKI)
    assert second.transmit(bytes.fromhex("802A0097 01 41 00")) == b"\x69\x82"


def test_no_file_is_left_behind(make_card: Any, directory: Path) -> None:
    """Replacing is atomic and leaves no temporary file."""
    card = make_card()
    card.transmit(SELECT_JPKI)
    card.transmit(WRONG_PIN)
    assert not list(directory.glob("*.new"))


def test_a_card_is_not_made_twice(directory: Path) -> None:
    """Keys are never overwritten."""
    with pytest.raises(StateError, match="already"):
        jpki_softcard.create(str(directory))


def test_no_card_to_load(tmp_path: Path) -> None:
    """Loading makes nothing."""
    with pytest.raises(StateError, match=r"card\.json"):
        jpki_softcard.load(str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 99}', "\x00"])
def test_damaged_state(directory: Path, content: str) -> None:
    """A clear error names the place."""
    (directory / "card.json").write_text(content)
    with pytest.raises(StateError, match=str(directory)):
        jpki_softcard.load(str(directory))


@pytest.mark.parametrize(
    "pins",
    [
        {"auth": "123"},
        {"auth": "12345"},
        {"auth": "12a4"},
        {"sign": "ABC12"},
        {"sign": "abc123"},
        {"sign": "A" * 17},
        {"text": ""},
        {"other": "1234"},
    ],
)
def test_pins_the_card_could_not_hold(tmp_path: Path, pins: dict[str, str]) -> None:
    """Refused before anything is written."""
    with pytest.raises(OptionError):
        jpki_softcard.create(str(tmp_path / "card"), pins=pins)
    assert not (tmp_path / "card").exists()


def test_chosen_pins(tmp_path: Path) -> None:
    """They replace the defaults."""
    card = jpki_softcard.create(str(tmp_path / "card"), pins={"auth": "0000", "sign": "ZZZZZZ"})
    card.power_on()
    card.transmit(SELECT_JPKI)
    assert card.transmit(bytes.fromhex("00200098 04 30303030")) == b"\x90\x00"
    assert card.transmit(bytes.fromhex("0020009B 06 5A5A5A5A5A5A")) == b"\x90\x00"


def test_open_card_makes_one_then_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default directory follows XDG_STATE_HOME; PINs can be given for a new card only."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    first = jpki_softcard.open_card(pins={"auth": "5678"})
    assert Path(first.store.directory) == tmp_path / "jpki-softcard"
    assert jpki_softcard.open_card().store.card_number == first.store.card_number
    with pytest.raises(OptionError, match="exists"):
        jpki_softcard.open_card(pins={"auth": "5678"})


def test_cards_differ(issued_card: Path, tmp_path: Path) -> None:
    """Card number, certificates."""
    other = tmp_path / "other"
    jpki_softcard.create(str(other))
    assert (other / "auth.der").read_bytes() != (issued_card / "auth.der").read_bytes()
    first, second = jpki_softcard.load(str(other)), jpki_softcard.load(str(issued_card))
    assert first.store.card_number != second.store.card_number


def test_loading_imports_nothing_heavy(directory: Path) -> None:
    """Neither OpenSSL nor cryptography may come into a foreign process."""
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
from jpki_softcard.transport import open_driver
driver = open_driver({str(directory)!r})
connection = driver.connect("Software card 00")
connection.begin()
assert connection.transmit(bytes.fromhex("00A4040C0AD392F000260100000001")) == b"\\x90\\x00"
connection.transmit(bytes.fromhex("002000980431323334"))
assert len(connection.transmit(bytes.fromhex("802A0597014100"))) == 258
heavy = {{"cryptography", "asn1crypto", "hashlib", "_hashlib", "ssl", "_ssl", "socket", "logging"}}
print(sorted(heavy & set(sys.modules)))
"""
    done = run([sys.executable, "-S", "-c", program])
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_two_processes_count_the_same_tries(directory: Path) -> None:
    """The counter is exact when several use the card at once."""
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
import jpki_softcard
card = jpki_softcard.load({str(directory)!r})
card.power_on()
card.transmit(bytes.fromhex("00A4040C0AD3921000310001010408"))
for _ in range(2):
    card.transmit(bytes.fromhex("002000950E3030303030303030303030303030"))
"""
    children = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]  # noqa: S603 - our own interpreter
    assert [child.wait(TIMEOUT_S) for child in children] == [0] * 4
    assert json.loads((directory / "pins.json").read_text())["code_b"]["tries"] == 2


def test_unwritable_directory(tmp_path: Path) -> None:
    """A file in the way is reported, not overwritten."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError):
        jpki_softcard.create(str(tmp_path / "file"))
    assert (tmp_path / "file").is_file()


def test_no_link_is_written_through(make_card: Any, directory: Path, tmp_path: Path) -> None:
    """Neither one in the lock's place, nor what stands where the next file will be made."""
    (tmp_path / "precious").write_text("precious")
    for name in ("pins.json.new", f"pins.json.{os.getpid()}.new"):
        (directory / name).symlink_to(tmp_path / "precious")
    card = make_card()
    card.transmit(SELECT_JPKI)
    assert card.transmit(WRONG_PIN) == b"\x63\xc2"
    (directory / "lock").unlink()
    (directory / "lock").symlink_to(tmp_path / "new")
    with pytest.raises(StateError, match="lock"):
        card.transmit(WRONG_PIN)
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give folders away")
def test_no_card_is_made_in_the_home_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root keeps the home of a user under sudo -E."""
    os.chown(tmp_path, 65534, 65534)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StateError, match="another user"):
        jpki_softcard.open_card()
    assert list(tmp_path.iterdir()) == []
