"""The user's language: every text of the tool goes through here.

The language is that of LANGUAGE, LC_ALL, LC_MESSAGES or LANG, in this order, as gettext has it. English texts are the
keys of the catalogue `locale/ja/LC_MESSAGES/pyjpki11.po`, which the build compiles.
"""

from __future__ import annotations

import gettext
from pathlib import Path

DOMAIN = "pyjpki11"
FOLDER = Path(__file__).resolve().parents[1] / "locale"

_catalogue = gettext.translation(DOMAIN, FOLDER, fallback=True)
# Click asks for its own texts in the current domain, so they are in the same catalogue.
gettext.bindtextdomain(DOMAIN, str(FOLDER))
gettext.textdomain(DOMAIN)


def _(text: str, /, **values: object) -> str:
    """The text in the user's language, with its {places} filled in when there are values for them."""
    translated = _catalogue.gettext(text) if text else ""  # the empty text is the catalogue's header
    return translated.format(**values) if values else translated


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """The text for a number of things; {count} is that number."""
    return _catalogue.ngettext(one, many, count).format(count=count, **values)


def N_(text: str) -> str:
    """Marks a text that stands in a table, to be translated with `_` when it is shown."""
    return text


def is_japanese() -> bool:
    """Whether texts are Japanese."""
    return _catalogue.info().get("language") == "ja"
