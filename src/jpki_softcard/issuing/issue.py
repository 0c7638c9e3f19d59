"""The making of a state directory."""

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import rsa

from .. import store
from ..applications import installed, text
from ..errors import OptionError, StateError
from ..files import PinFile
from ..rsa import PrivateKey
from ..rules import Rules
from ..store import Pin
from . import authorities, certificates
from .person import Person, last_moment

# Card: notes 7.1 for the codes; the rest is invented
DEFAULT_PINS = {
    "auth": "1234",
    "sign": "ABC123",
    "text": "1234",
    "text_blocked": "0000",
    "code_a": text.MY_NUMBER.decode(),
    "code_b": text.CODE_B_VALUE.decode(),
    "birth_date": "19800217",
    "common": "1234",
    "juki": "1234",
}
BACKDATED = timedelta(hours=1)  # clocks of other machines may be behind


def issue(
    directory: str,
    pins: Mapping[str, str],
    person: Person | None = None,
    issued: datetime | None = None,
    expires: datetime | None = None,
) -> None:
    """Make keys, certificates, PINs in `directory`; StateError when there is a card already.

    Without a person the certificates name an invented one, and the text application the test person of J-LIS.
    """
    values = DEFAULT_PINS | dict(pins)
    _check_pins(values)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
    except OSError as error:
        raise StateError(f"{directory}: {error.strerror}") from error
    with store.locked(directory):
        if store.exists(directory):
            raise StateError(f"{directory}: there is already a card")
        first = issued or datetime.now(UTC) - BACKDATED
        period = (first, expires or last_moment(person or Person(), first))
        if period[0] >= period[1]:
            raise OptionError("the certificates would expire before they become valid")
        _write(directory, values, person, period)


def _write(directory: str, values: Mapping[str, str], holder: Person | None, period: tuple[datetime, datetime]) -> None:
    person = holder or Person()
    keys = {name: rsa.generate_private_key(65537, 2048) for name in ("auth", "sign", "card")}
    auth_ca, sign_ca = authorities.load("auth_ca"), authorities.load("sign_ca")
    auth = certificates.authentication(auth_ca, keys["auth"].public_key(), person, period)
    sign = certificates.signature(sign_ca, keys["sign"].public_key(), person, period)
    ders = {"auth": auth, "sign": sign, "auth_ca": auth_ca.der, "sign_ca": sign_ca.der}
    for name, der in ders.items():
        store.write_certificate(directory, name, der)
    store.write_pins(directory, {name: _new_pin(name, value) for name, value in values.items()})
    # last, because it makes the directory a card
    number = f"9{secrets.randbelow(10**14):014}"
    numbers = {name: _numbers(key) for name, key in keys.items()}
    store.write_card(directory, number, numbers, _text_of(holder) if holder else None)


def _text_of(person: Person) -> text.Holder:
    sex = person.sex if person.sex in ("1", "2") else "9"  # Card: notes 7.1, 6.3
    return text.Holder(person.name, person.address, person.birth_date.strftime("%Y%m%d"), sex)


def _rows() -> dict[str, PinFile]:
    files = (file for application in installed(Rules()) for file in application.files)
    return {file.name: file for file in files if isinstance(file, PinFile)}


def _check_pins(values: Mapping[str, str]) -> None:
    rows = _rows()
    for name, value in values.items():
        row = rows.get(name)
        if row is None:
            raise OptionError(f"no PIN is called {name!r}")
        if not row.min_len <= len(value) <= row.max_len or not all(ord(one) in row.alphabet for one in value):
            raise OptionError(f"the {name} PIN needs {_wanted(row)}")


def _wanted(row: PinFile) -> str:
    count = str(row.min_len) if row.min_len == row.max_len else f"{row.min_len} to {row.max_len}"
    return f"{count} {'digits' if len(row.alphabet) == 10 else 'capital letters or digits'}"


def _new_pin(name: str, value: str) -> Pin:
    # Card: notes 7.1; text AP 0012 is delivered blocked
    return Pin(value.encode(), 0 if name == "text_blocked" else _rows()[name].tries)


def _numbers(key: rsa.RSAPrivateKey) -> PrivateKey:
    private = key.private_numbers()
    public = private.public_numbers
    return PrivateKey(public.n, public.e, private.p, private.q, private.dmp1, private.dmq1, private.iqmp)
