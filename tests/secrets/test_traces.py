"""After everything a program does with the card, right and wrong: no PIN and nothing of the cardholder is in the log,
in a file, or in the memory that the module has used."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clients import OK, NewClient
from support.conversation import TESTS
from support.pcsc_card import CardMaker
from support.process import environment
from support.programs.quiet_client import MASK
from support.traces import copies_in_memory, files, found_in, personal_data, pieces, spellings

DATA = b"what is to be signed"
#: No letter of them is a hex digit, and nobody else has such passwords.
RIGHT = {"auth": "7291", "sign": "QZXJ7KWV9PYUHMGT"}
WRONG = {"auth": "8305", "sign": "ZYQWVUTSRPONMLKJ"}
MALFORMED = {"auth": "83O5", "sign": "ZYQW-UTSRPONMLKJ"}
NAMES = {"auth": "authentication", "sign": "signature"}
SIGNATURE_SLOT = 1
FOLDERS = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")


@pytest.fixture
def state(softcard_state: Path) -> Path:
    """A card whose PINs are found nowhere by chance."""
    path = softcard_state / "pins.json"
    pins = json.loads(path.read_text())
    for key, pin in RIGHT.items():
        pins[key]["value"] = pin
    path.write_text(json.dumps(pins))
    return softcard_state


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """A user's folders, as variables."""
    made = {name: tmp_path / "user" / name.lower() for name in FOLDERS}
    for path in made.values():
        path.mkdir(parents=True)
    return {name: str(path) for name, path in made.items()}


@pytest.fixture
def used(state: Path, folders: dict[str, str], tmp_path: Path, new_client: NewClient) -> Iterator[tuple[Path, Path]]:
    """The log and the card's record after all that a program does, with a card in the same process."""
    log, record = tmp_path / "user" / "log", tmp_path / "user" / "record"
    env = {
        **folders,
        "PYJPKI11_LOG": str(log),
        "PYJPKI11_LOG_LEVEL": "debug",
        "PYJPKI11_READER": f"softcard:{state}?apdu-log={record}",
    }
    client = new_client(env=env)
    for key, name in NAMES.items():
        session = client.open(name)
        refused = [client.rv("login", session, pin) for pin in (MALFORMED[key], WRONG[key], WRONG[key], RIGHT[key][:3])]
        assert refused == ["CKR_PIN_INVALID", "CKR_PIN_INCORRECT", "CKR_PIN_INCORRECT", "CKR_PIN_LEN_RANGE"]
        client.login(session, RIGHT[key].lower())
        assert client.certificate(session) == (state / f"{key}.der").read_bytes()
        assert client.rv("objects", session, ["CKA_SUBJECT", "CKA_VALUE", "CKA_UNIQUE_ID"]) == OK
        handle = client.private_key(session)
        client.sign(session, DATA)
        if key == "sign":
            password = RIGHT[key].encode().hex()
            client.ask("sign_with_consent", session, handle, "CKM_SHA256_RSA_PKCS", DATA.hex(), password)
        assert client.rv("login", session, RIGHT[key]) == "CKR_USER_ALREADY_LOGGED_IN"
        assert client.ask("mechanisms", SIGNATURE_SLOT)
        client.ask("logout", session)
    client.close()
    yield log, record


def test_no_pin_anywhere(used: tuple[Path, Path], tmp_path: Path) -> None:
    """Files, the log, the card's own record of commands. Four digits show by chance, so the log is asked for those
    in words only."""
    log, record = used
    secrets = [each for pins in (RIGHT, WRONG, MALFORMED) for each in spellings(pins["sign"])]
    secrets += [each for pins in (RIGHT, WRONG) for each in spellings(pins["auth"]) if len(each) > len(pins["auth"])]
    written = files(tmp_path / "user")
    assert {log, record} < set(written), "there is a log, a record, and the cache"
    for path in written:
        assert found_in(path.read_bytes(), secrets) == [], path
    assert found_in(log.read_bytes(), [pins["auth"].encode() for pins in (RIGHT, WRONG, MALFORMED)]) == []


def test_nothing_of_the_cardholder_on_disk(used: tuple[Path, Path], state: Path, tmp_path: Path) -> None:
    """Nor of the signature certificate. The card's record has what the card answered, and is not the module's."""
    _log, record = used
    certificate = (state / "sign.der").read_bytes()
    public = b"".join((state / f"{name}.der").read_bytes() for name in ("auth", "auth_ca", "sign_ca"))
    secrets = pieces(certificate, public) + personal_data(certificate)
    assert found_in(record.read_bytes(), secrets), "this test could not find it"
    for path in files(tmp_path / "user"):
        if path != record:
            assert found_in(path.read_bytes(), secrets) == [], path


def test_the_log_at_its_most_talkative(used: tuple[Path, Path]) -> None:
    """Commands by name, status words with their meaning; no data."""
    log, _record = used
    written = log.read_text()
    for line in ("software card (Individual Number Card)", "VERIFY: 9000 (success)", "VERIFY: 63C2 (2 tries left)"):
        assert line in written
    assert DATA.hex() not in written.lower()
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_cache_is_the_users_own(used: tuple[Path, Path], folders: dict[str, str]) -> None:
    cache = Path(folders["XDG_CACHE_HOME"], "pyjpki11")
    assert cache.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in files(cache)} == {0o600}
    assert [path.name for path in files(*(Path(folder) for folder in folders.values()))] == ["cards", "pss"]


def test_memory_after_logout(pcsc_card: CardMaker, state: Path, folders: dict[str, str], module_path: Path) -> None:
    """Of a host that overwrites its own copy; the card is in another process. `SECURITY.md` says what this is worth."""
    card = pcsc_card(state=state)
    pin = RIGHT["sign"].encode()
    masked = bytes(each ^ MASK for each in pin).hex()
    program = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "support.programs.quiet_client", module_path, str(SIGNATURE_SLOT), masked],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment({**folders, "PYTHONPATH": str(TESTS)}),
        text=True,
    )
    with program:
        assert program.stdin is not None and program.stdout is not None
        assert program.stdout.readline() == "in\n"
        try:
            assert copies_in_memory(program.pid, masked.encode()), "this test could not find it"
            logged_in = copies_in_memory(program.pid, pin)
        except PermissionError:
            pytest.skip("this system lets nobody look into another process")
        program.stdin.write("\n")
        program.stdin.flush()
        assert program.stdout.readline() == "out\n"
        logged_out = copies_in_memory(program.pid, pin)
        program.stdin.write("\n")
        program.stdin.close()
    assert program.returncode == 0
    assert (logged_in, logged_out) == ([], [])
    assert found_in(card.apdu_log.read_bytes(), spellings(RIGHT["sign"])) == []
