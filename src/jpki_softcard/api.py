"""How programs get a card."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from . import faults, store
from .card import Card
from .errors import OptionError
from .rules import ATRS, Rules

if TYPE_CHECKING:
    from datetime import datetime

    from .issuing.person import Person


def create(
    directory: str,
    *,
    pins: Mapping[str, str] | None = None,
    person: "Person | None" = None,
    issued: "datetime | None" = None,
    expires: "datetime | None" = None,
) -> Card:
    """Issue a new card into `directory` and load it.

    `pins`: PIN values by name ("auth", "sign", "text", ...) that differ from the defaults 1234, ABC123, 1234.
    `person`: the holder; without one the certificates and the text application name different test persons.
    `issued`, `expires`: the certificates' validity, aware times; from an hour ago to the fifth birthday without them.
    Raises StateError when there is a card already, OptionError for a PIN the card could not hold.
    """
    from .issuing.issue import issue

    issue(directory, pins or {}, person, issued, expires)
    return load(directory)


def load(directory: str, *, fault_names: Iterable[str] = (), contact: bool = False, atr: str = "") -> Card:
    """The card in `directory`, without power; needs no cryptography package.

    `fault_names`: names of faults.FAULTS. `contact`: a reset forgets the verified PINs.
    `atr`: hex, or a name of rules.ATRS.
    Raises StateError when there is no card, OptionError for a bad option.
    """
    return Card(store.Store(directory), _rules(fault_names, contact, atr))


def open_card(
    directory: str = "",
    *,
    pins: Mapping[str, str] | None = None,
    fault_names: Iterable[str] = (),
    contact: bool = False,
    atr: str = "",
) -> Card:
    """The card in `directory` (default: store.default_directory()), issued first where there is none.

    `pins` may be given for a new card only (OptionError).
    """
    directory = directory or store.default_directory()
    _rules(fault_names, contact, atr)  # a misspelt fault must not leave a new card behind
    if not store.exists(directory):
        create(directory, pins=pins)
    elif pins:
        raise OptionError(f"{directory}: the card already exists, so its PINs cannot be set")
    return load(directory, fault_names=fault_names, contact=contact, atr=atr)


def _rules(fault_names: Iterable[str], contact: bool, atr: str) -> Rules:
    rules = faults.apply(fault_names)._replace(reset_clears=contact)
    return rules._replace(atr=_atr(atr)) if atr else rules


def _atr(text: str) -> bytes:
    if text in ATRS:
        return ATRS[text]
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise OptionError(f"ATR {text!r} is neither hex nor one of {', '.join(ATRS)}") from None
