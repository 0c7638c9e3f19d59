"""The named single faults."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from .errors import OptionError
from .rules import OTHER_ATR, Rules


class Fault(NamedTuple):
    """One way in which a card may differ; `takes` names the field of Rules set from NAME=number."""

    name: str
    description: str
    changes: dict[str, Any]
    takes: str | None = None


FAULTS = (
    # cards that were met, or announced
    Fault("first-command-6f00", "6F00 to the first command after power-up", {"first_command_6f00": True}),
    Fault(
        "sw-6cxx",
        "READ BINARY answers 6Cxx when Le is larger than what is there",
        {"wrong_le_6cxx": True},
    ),
    Fault("sw-61xx", "answers 61xx, the data follows through GET RESPONSE", {"chained_61xx": True}),
    Fault("no-short-ef", "short EF identifiers are refused with 6A86", {"short_ef": False}),
    Fault("no-pss", "the signing command accepts only P1=00, else 6A86", {"last_sign_mode": 0}),
    Fault("pss-salt-20", "PSS signatures have a salt of 20 bytes", {"pss_salt_len": 20}),
    Fault("blocked-6983", "a blocked PIN answers 6983 instead of 6984", {"blocked_word": 0x6983}),
    Fault("pin-query-9000", "the tries query answers 9000", {"query_word": 0x9000}),
    Fault("wrong-pin-6300", "a wrong PIN answers 6300, without the tries left", {"wrong_pin_word": 0x6300}),
    Fault(
        "security-first",
        "the signing command checks the PIN before P1 or lengths",
        {"security_first": True},
    ),
    Fault(
        "reselect-clears",
        "selecting the current application again ends the PINs",
        {"reselect_clears": True},
    ),
    Fault("change-clears", "changing a PIN ends its verified status", {"change_clears": True}),
    Fault("long-lengths", "the text application uses a long length where a short one would do", {"long_lengths": True}),
    Fault("no-sign-cert", "no signature certificate was issued", {"has_sign_certificate": False}),
    Fault(
        "phone",
        "an Android phone: other label, authentication certificate behind its PIN, no text or visual AP",
        {"label": b"JPKIAPGPSETOKEN", "auth_certificate_needs_pin": True, "has_face": False},
    ),
    Fault(
        "foreign-card",
        "another smart card: no JPKI AP, another ATR",
        {"has_jpki": False, "has_face": False, "atr": OTHER_ATR},
    ),
    # cards that are broken
    Fault(
        "truncated-cert",
        "the authentication certificate's EF ends halfway",
        {"auth_certificate": "truncated"},
    ),
    Fault(
        "garbage-cert",
        "the authentication certificate's EF holds something else",
        {"auth_certificate": "garbage"},
    ),
    Fault("wrong-signature", "one bit of every signature is flipped", {"flips_signature_bit": True}),
    Fault("other-key", "the private keys do not match the certificates", {"swaps_keys": True}),
    Fault("sign-6f00", "the signing command fails with 6F00", {"sign_word": 0x6F00}),
    Fault("silence", "never answers", {"silent": True}),
    Fault("silence-on-sign", "never answers the signing command", {"silent_on_sign": True}),
    Fault(
        "disconnect-after",
        "leaves the field after N commands: disconnect-after=N",
        {},
        takes="leaves_after",
    ),
)
BY_NAME = {fault.name: fault for fault in FAULTS}


def apply(names: Iterable[str], rules: Rules | None = None) -> Rules:
    """Rules with the named faults in them; OptionError for an unknown name or a malformed number."""
    rules = rules or Rules()
    for text in names:
        name, _, number = text.partition("=")
        rules = rules._replace(**_changes(name, number))
    return rules


def _changes(name: str, number: str) -> dict[str, Any]:
    fault = BY_NAME.get(name)
    if fault is None:
        raise OptionError(f"unknown fault {name!r}; the faults are: {', '.join(BY_NAME)}")
    if fault.takes is None and number:
        raise OptionError(f"fault {name} takes no number")
    if fault.takes is not None and not (number.isascii() and number.isdigit()):
        raise OptionError(f"fault {name} needs a number: {name}=N")
    return fault.changes | ({fault.takes: int(number)} if fault.takes else {})
