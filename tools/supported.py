"""Prints docs/supported.md from the tables that the code reads: `python tools/supported.py > docs/supported.md`."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "c_shim"), str(ROOT)]  # this tree, whatever is installed

import function_table  # noqa: E402

from pyjpki11.boundary.ckr_table import CKR_OF  # noqa: E402
from pyjpki11.card.layout import DIGITS  # noqa: E402
from pyjpki11.cryptoki import cka, ckc, ckf, ckk, ckm, cko, ckp, ckr, names  # noqa: E402
from pyjpki11.cryptoki.ck import UNAVAILABLE_INFORMATION  # noqa: E402
from pyjpki11.cryptoki.mechanisms import MECHANISMS, PSS, Mechanism, OaepParameters, PssParameters  # noqa: E402
from pyjpki11.provider import session_objects, token_objects  # noqa: E402
from pyjpki11.provider.objects import SENSITIVE, ObjectRow  # noqa: E402
from pyjpki11.provider.session_objects import Rule  # noqa: E402
from pyjpki11.provider.token import TOKENS  # noqa: E402
from pyjpki11.settings import CHECKS, VARIABLES, Settings  # noqa: E402
from tools.deviations import DEVIATIONS  # noqa: E402

USES = {
    "digest": ckf.DIGEST,
    "sign": ckf.SIGN,
    "sign recover": ckf.SIGN_RECOVER,
    "sign messages": ckf.MESSAGE_SIGN,
    "verify": ckf.VERIFY,
    "verify recover": ckf.VERIFY_RECOVER,
    "verify messages": ckf.MESSAGE_VERIFY,
    "encrypt": ckf.ENCRYPT,
}
#: Where there is nothing to say.
NONE = "-"

PARAMETERS: dict[type | None, str] = {
    None: NONE,
    PssParameters: "`CK_RSA_PKCS_PSS_PARAMS`",
    OaepParameters: "`CK_RSA_PKCS_OAEP_PARAMS`",
}

#: Attributes whose value is a number with a name -> where the names are.
FAMILIES: dict[int, ModuleType] = {cka.CLASS: cko, cka.KEY_TYPE: ckk}
CERTIFICATE_NAMES = {
    (cka.CERTIFICATE_TYPE, ckc.X_509): "CKC_X_509",
    (cka.CERTIFICATE_CATEGORY, ckc.CERTIFICATE_CATEGORY_TOKEN_USER): "token user",
    (cka.CERTIFICATE_CATEGORY, ckc.CERTIFICATE_CATEGORY_AUTHORITY): "authority",
}
OBJECT_CLASSES = {
    "certificate": token_objects.CERTIFICATE,
    "CA certificate": token_objects.CA_CERTIFICATE,
    "public key": token_objects.PUBLIC_KEY,
    "private key": token_objects.PRIVATE_KEY,
    "profile": token_objects.PROFILE,
    "mechanism": token_objects.MECHANISM,
}

#: Key -> values, meaning. What is checked is in `settings.CHECKS`, which has the same keys.
SETTINGS = {
    "reader": (
        "`pcsc`, or an installed driver with its argument",
        "where cards are; `softcard:DIR` is the software card",
    ),
    "signature_consent": ("`each-signature`, `each-login`", "how often the signature password is asked for"),
    "logout": ("`clear`, `keep`", "whether a logout also ends the login on the card"),
    "card_timeout": ("seconds, more than 0, at most 600", "after which a card that does not answer is given up"),
    "certificate_cache": ("`true`, `false`", "whether public certificates are kept for the next time"),
    "log": ("`stderr`, or a path", "where the log goes"),
    "log_level": ("a level's name", "what is logged"),
    "slots": (
        "a list of `authentication`, `signature` or both",
        "the slots that are offered; in browsers only `authentication` by default",
    ),
}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: str) -> str:
    """Text as code."""
    return f"`{text}`"


# -- functions ------------------------------------------------------------------------------------------------------


def functions() -> str:
    """Every function of the lists, and who answers."""
    return table(
        ["function", "since", "answer"],
        ([code(row.name), row.version.replace("_", "."), _answer(row)] for row in function_table.rows()),
    )


def _answer(row: function_table.Row) -> str:
    if row.answer != function_table.NONE:
        return f"refused: {code(row.answer)}"
    return "served by the C side alone" if row.kind == "LOCAL" else "served"


# -- mechanisms -----------------------------------------------------------------------------------------------------


def mechanisms() -> str:
    """Every mechanism."""
    header = ["mechanism", "uses", "hash", "padding", "parameter", "key bits", "offered"]
    return table(header, map(_mechanism, MECHANISMS.values()))


def _mechanism(row: Mechanism) -> list[str]:
    return [
        code(names.name_of(ckm, row.number)),
        ", ".join(use for use, flag in USES.items() if row.flags & flag),
        row.digest or (NONE if row.parameter is None else "in the parameter"),
        row.padding or NONE,
        PARAMETERS[row.parameter],
        f"{row.min_bits} to {row.max_bits}" if row.max_bits else NONE,
        "when the card is known to make it" if row.padding == PSS else "always",
    ]


# -- objects --------------------------------------------------------------------------------------------------------


def tokens() -> str:
    """The tokens with their PINs, objects, profiles."""
    parts = []
    for index, layout in enumerate(TOKENS):
        rule = layout.key.pin_rule
        kind = "digits" if rule.alphabet == DIGITS else "letters and digits, small letters taken for capitals"
        length = f"{rule.min_len}" if rule.min_len == rule.max_len else f"{rule.min_len} to {rule.max_len}"
        shown = [row for row in layout.objects if not row.is_hidden]
        profiles = [row.number for row in layout.objects if row.attributes is token_objects.PROFILE and row.number]
        parts.append(
            f"### Slot {'2i' + '+1' * index}: {code(layout.label)}\n\n"
            f"PIN: {length} {kind}; {rule.max_tries} tries.\n\n"
            + table(["label", "`CKA_ID`", "class", "shows"], map(_object, shown))
            + f"\nProfiles: {', '.join(code(names.name_of(ckp, number)) for number in profiles)}.\n"
        )
    return "\n".join(parts)


def _object(row: ObjectRow) -> list[str]:
    kind = names.name_of(cko, row.attributes[cka.CLASS])
    when = "after a login" if row.is_private else "always"
    return [row.label, row.id.hex(), code(kind), when + (", if the key is an RSA key" if row.needs_rsa else "")]


def attributes() -> str:
    """Which attributes the objects of the card have."""
    known = sorted({attribute for rows in OBJECT_CLASSES.values() for attribute in rows})
    return table(
        ["attribute", *OBJECT_CLASSES],
        (
            [code(names.name_of(cka, attribute)), *(_value(attribute, rows) for rows in OBJECT_CLASSES.values())]
            for attribute in known
        ),
    )


def _value(attribute: int, rows: Mapping[int, object]) -> str:
    if attribute not in rows:
        return NONE
    value = rows[attribute]
    return "yes" if callable(value) else _constant(attribute, value)


def _constant(attribute: int, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value == b"":
        return "empty"
    if value == UNAVAILABLE_INFORMATION:
        return "unavailable"
    if isinstance(value, int) and attribute in FAMILIES:
        return code(names.name_of(FAMILIES[attribute], value))
    if isinstance(value, int) and (attribute, value) in CERTIFICATE_NAMES:
        return CERTIFICATE_NAMES[attribute, value]
    return str(value)


def session_object_rules() -> str:
    """What applications can make for themselves."""
    rows = [
        [code(names.name_of(cko, kind)), *_rule(rule)]
        for kind, (_attribute, kinds) in session_objects.RULES.items()
        for rule in kinds.values()
    ]
    header = ["class", "template must give", "template may give", "computed", "may be changed later"]
    forbidden = _names(session_objects.FORBIDDEN)
    return table(header, rows) + f"\nNever true: {forbidden}.\n"


def _rule(rule: Rule) -> list[str]:
    allowed = set(rule.required) | set(rule.optional) | set(rule.computed)
    return [
        _names(rule.required),
        _names(rule.optional),
        _names(rule.computed),
        _names(allowed - rule.fixed),
    ]


def _names(numbers: Iterable[int]) -> str:
    return ", ".join(code(names.name_of(cka, number)) for number in sorted(numbers)) or NONE


# -- the rest -------------------------------------------------------------------------------------------------------


def exceptions() -> str:
    """What went wrong -> what the host is told."""
    return table(
        ["fact", "meaning", "answer"],
        ([code(error.__name__), _meaning(error), code(names.name_of(ckr, number))] for error, number in CKR_OF.items()),
    )


def _meaning(error: type[BaseException]) -> str:
    return (error.__doc__ or "").partition("\n")[0]


def settings() -> str:
    """The settings file's keys."""
    if SETTINGS.keys() != CHECKS.keys():
        raise SystemExit("SETTINGS of this tool does not have the keys of settings.CHECKS")
    defaults, variables = Settings(), {key: variable for variable, key in VARIABLES.items()}
    return table(
        ["key", "values", "default", "variable", "meaning"],
        (
            [
                code(key),
                values,
                _default(getattr(defaults, key)),
                code(variables[key]) if key in variables else NONE,
                why,
            ]
            for key, (values, why) in SETTINGS.items()
        ),
    )


def _default(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(code, value))
    return NONE if value is None else code(str(value).lower() if isinstance(value, bool) else str(value))


def deviations() -> str:
    """Departures from the standard."""
    return table(["what", "standard", "reason"], DEVIATIONS)


INTRODUCTION = """\
# What is supported

Generated by `python tools/supported.py > docs/supported.md` from the tables that the code reads; do not edit.
"""
SECTIONS = {
    "Functions": (functions, "The interfaces are 2.40, 3.0 and 3.2. A refused function is in the lists all the same."),
    "Mechanisms": (mechanisms, "Card keys only sign; all else is done in software, with any public key."),
    "Tokens": (tokens, "Two slots for each reader, numbered in the order in which readers were first seen."),
    "Attributes of the card's objects": (
        attributes,
        f"`yes`: a value from the card. A private key keeps {_names(SENSITIVE)} to itself: "
        "`CKR_ATTRIBUTE_SENSITIVE`. Any other attribute is `CKR_ATTRIBUTE_TYPE_INVALID`.",
    ),
    "Session objects": (session_object_rules, "They live in memory, until their session ends."),
    "Answers to what goes wrong": (
        exceptions,
        "The nearest class decides. All other refusals name their number themselves.",
    ),
    "Settings": (
        settings,
        "Keys of the settings file, `$XDG_CONFIG_HOME/pyjpki11/config.toml`. A variable wins over a section "
        "`[program.NAME]`, which is for the programs of that name only, and that over the rest of the file.",
    ),
    "Deviations": (
        deviations,
        "Sections are those of PKCS#11 v3.1; decisions are those of [architecture.md](architecture.md).",
    ),
}


def document() -> str:
    """The whole of docs/supported.md."""
    parts = [INTRODUCTION]
    parts += [f"## {title}\n\n{text}\n\n{make()}" for title, (make, text) in SECTIONS.items()]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(document())
