"""The in-process reader, as the provider uses it."""

import threading
from pathlib import Path

import pytest

import jpki_softcard
from jpki_softcard.errors import OptionError
from jpki_softcard.options import parse
from jpki_softcard.transport import Driver, open_driver

errors = pytest.importorskip("pyjpki11.errors")

READER = "Software card 00"
SELECT_JPKI = bytes.fromhex("00A4040C0A D392F000260100000001")
VERIFY = bytes.fromhex("00200098 04 31323334")
SIGN = bytes.fromhex("802A0097 01 41 00")


@pytest.fixture
def driver(directory: Path) -> Driver:
    """A reader with a card in it."""
    return open_driver(str(directory))


def test_an_empty_reader(driver: Driver) -> None:
    """No card: no event number, nothing to connect to."""
    driver.remove()
    assert driver.reader_names() == [READER]
    assert driver.card_event(READER) is None
    with pytest.raises(errors.CardAbsent):
        driver.connect(READER)


def test_an_unknown_reader(driver: Driver) -> None:
    """It was unplugged, from the caller's view."""
    with pytest.raises(errors.ReaderGone, match="other"):
        driver.connect("other")
    with pytest.raises(errors.ReaderGone):
        driver.card_event("other")


def test_a_card_pulled_out(driver: Driver) -> None:
    """The connection stays dead after the card is put back, a new one works."""
    old = driver.connect(READER)
    before = driver.card_event(READER)
    driver.remove()
    with pytest.raises(errors.CardRemoved):
        old.transmit(SELECT_JPKI)
    with pytest.raises(errors.CardRemoved):
        old.begin()
    driver.insert()
    assert driver.card_event(READER) not in (None, before)
    with pytest.raises(errors.CardRemoved):
        old.transmit(SELECT_JPKI)
    new = driver.connect(READER)
    new.begin()
    assert new.transmit(SELECT_JPKI) == b"\x90\x00"


def test_another_card(driver: Driver, tmp_path: Path) -> None:
    """insert() may exchange it."""
    other = jpki_softcard.create(str(tmp_path / "other"))
    driver.insert(other)
    assert driver.card is other
    connection = driver.connect(READER)
    assert connection.transmit(bytearray(SELECT_JPKI)) == b"\x90\x00"


def test_a_closed_driver(driver: Driver) -> None:
    """Everything answers ReaderGone."""
    connection = driver.connect(READER)
    driver.close()
    with pytest.raises(errors.ReaderGone):
        connection.transmit(SELECT_JPKI)
    with pytest.raises(errors.ReaderGone):
        driver.reader_names()
    driver.close()


def test_silence_is_a_mute_card_at_once(directory: Path) -> None:
    """Nobody waits."""
    connection = open_driver(f"{directory}?fault=silence").connect(READER)
    connection.begin()
    with pytest.raises(errors.CardMute):
        connection.transmit(SELECT_JPKI)


def test_a_card_that_leaves_by_itself(directory: Path) -> None:
    """The reader is empty afterwards."""
    driver = open_driver(f"{directory}?fault=disconnect-after=1")
    connection = driver.connect(READER)
    connection.begin()
    assert connection.transmit(SELECT_JPKI) == b"\x90\x00"
    assert driver.card_event(READER) is None
    with pytest.raises(errors.CardRemoved):
        connection.transmit(SELECT_JPKI)
    connection.end()
    driver.insert()
    assert driver.connect(READER).transmit(SELECT_JPKI) == b"\x90\x00"


def test_a_reset_is_told_once_to_each_connection(driver: Driver) -> None:
    """A contactless card keeps its PINs through it."""
    first, second = driver.connect(READER), driver.connect(READER)
    assert first.begin() is False
    first.transmit(SELECT_JPKI)
    first.transmit(VERIFY)
    first.end()
    driver.reset()
    assert second.begin() is True
    second.end()
    assert first.begin() is True
    assert len(first.transmit(SIGN)) == 258
    first.end()
    assert first.begin() is False


def test_leaving_keeps_what_was_verified(driver: Driver) -> None:
    """A later connection can sign: the card does not know who asks."""
    first = driver.connect(READER)
    first.transmit(SELECT_JPKI)
    first.transmit(VERIFY)
    first.close()
    assert len(driver.connect(READER).transmit(SIGN)) == 258


def test_a_power_cycle_forgets(driver: Driver) -> None:
    """The other connections learn of it, whoever asked for it does not."""
    first, second = driver.connect(READER), driver.connect(READER)
    first.transmit(SELECT_JPKI)
    first.transmit(VERIFY)
    first.power_cycle()
    assert first.begin() is False
    first.end()
    assert second.begin() is True
    second.transmit(SELECT_JPKI)
    assert second.transmit(SIGN) == b"\x69\x82"


def test_a_removed_card_cannot_be_power_cycled(driver: Driver) -> None:
    """It stays gone."""
    connection = driver.connect(READER)
    driver.remove()
    with pytest.raises(errors.CardRemoved):
        connection.power_cycle()


def test_transactions_exclude_each_other(driver: Driver) -> None:
    """The second begins when the first ends, or is closed."""
    first, second = driver.connect(READER), driver.connect(READER)
    first.begin()
    begun = threading.Event()

    def wait() -> None:
        second.begin()
        begun.set()
        second.end()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert driver.lock.locked()
    assert not begun.is_set()
    first.close()
    assert begun.wait(10)
    thread.join(10)
    first.end()


def test_a_failed_begin_blocks_nobody(driver: Driver) -> None:
    """The lock is given back."""
    connection = driver.connect(READER)
    driver.remove()
    for _ in range(2):
        with pytest.raises(errors.CardRemoved):
            connection.begin()


def test_options(directory: Path, tmp_path: Path) -> None:
    """Everything the command line has."""
    options = parse(
        f"{directory}?fault=no-pss&fault=disconnect-after=3&latency-ms=1.5&byte-us=2&sign-ms=30"
        f"&apdu-log={tmp_path}/log&contact&atr=contactless&auth-pin=5678"
    )
    assert options.directory == str(directory)
    assert options.fault_names == ("no-pss", "disconnect-after=3")
    assert options.timing == (1.5, 2.0, 30.0)
    assert options.apdu_log == f"{tmp_path}/log"
    assert (options.contact, options.atr, options.pins) == (True, "contactless", (("auth", "5678"),))


def test_no_options() -> None:
    """An empty argument means the default directory."""
    assert parse("").directory == ""
    assert parse("?").fault_names == ()
    assert parse("/a/b").directory == "/a/b"


@pytest.mark.parametrize("argument", ["?colour=red", "?sign-ms=", "?sign-ms=inf", "?latency-ms=-1", "?faults=x"])
def test_malformed_options(argument: str) -> None:
    """A misspelt option must not pass unnoticed."""
    with pytest.raises(OptionError):
        parse(argument)


def test_a_misspelt_fault_makes_no_card(tmp_path: Path) -> None:
    """The state directory does not come into being."""
    with pytest.raises(OptionError):
        open_driver(f"{tmp_path}/card?fault=nonsense")
    assert not (tmp_path / "card").exists()


def test_first_use_issues_a_card(tmp_path: Path) -> None:
    """With the PINs given."""
    driver = open_driver(f"{tmp_path}/card?auth-pin=5678&apdu-log={tmp_path}/log")
    connection = driver.connect(READER)
    connection.transmit(SELECT_JPKI)
    assert connection.transmit(bytes.fromhex("00200098 04 35363738")) == b"\x90\x00"
    assert "35363738" not in (tmp_path / "log").read_text()
