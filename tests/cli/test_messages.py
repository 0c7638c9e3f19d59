"""Every text of the tool has its Japanese."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import NamedTuple

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import pyjpki11
from jpki_softcard.faults import FAULTS
from pyjpki11.iso7816 import status

SOURCE = Path(__file__).parents[2] / "src" / "pyjpki11"
CATALOGUE = SOURCE / "locale" / "ja" / "LC_MESSAGES" / "pyjpki11.po"
#: How a text is marked -> how many of its arguments are texts.
MARKS = {"_": 1, "N_": 1, "ngettext": 2}
#: Texts of layers that know no language, which the tool translates when it shows them.
BELOW = (*status.MEANINGS.values(), *status.FAMILIES.values(), *(fault.description for fault in FAULTS))


class Message(NamedTuple):
    """A text with its form for many, where it has one."""

    place: str
    texts: tuple[str, ...]


def messages() -> Iterator[Message]:
    """Every marked text in the sources."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
                arguments = node.args[: MARKS[node.func.id]]
                texts = [one.value for one in arguments if isinstance(one, ast.Constant)]
                if texts and texts[0]:
                    yield Message(f"{path.name}:{node.lineno}", tuple(map(str, texts)))
    for text in BELOW:
        yield Message("a table below the tool", (text,))


def catalogue() -> Catalog:
    """The Japanese catalogue as written."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="ja", abort_invalid=True)


def placeholders(text: str) -> set[str]:
    """The names of a text's {places}."""
    return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name}


def test_every_message_is_translated() -> None:
    """With the same {places}, and {count} where the number matters."""
    japanese = catalogue()
    problems = []
    for place, texts in messages():
        found = japanese.get(texts[0])
        wanted = texts if len(texts) > 1 else texts[0]
        if found is None or not found.string or found.id != wanted:
            problems.append(f"{place}: no Japanese for {texts[0]!r}")
            continue
        translation = found.string if isinstance(found.string, str) else found.string[0]
        if placeholders(translation) != placeholders(texts[-1]):
            problems.append(f"{place}: other places in {translation!r}")
    assert not problems, "\n".join(problems)


def test_nothing_else_is_in_the_catalogue() -> None:
    """What is not in the sources is one of Click's, which stand in their own block."""
    clicks = CATALOGUE.read_text().partition("# --- click ---")[2].partition("\n# --- ")[0]
    known = {message.texts[0] for message in messages()}
    for message in catalogue():
        text = message.id if isinstance(message.id, str) else message.id[0]
        assert text in known or not text or f'msgid "{text}"' in clicks.replace("\\n\\t", "\n\t"), text


@pytest.mark.parametrize("character", "\uff0c\uff0e\uff61\uff62\uff63\uff64\uff65")
def test_punctuation_is_the_usual_one(character: str) -> None:
    """。 and 、 instead of others that mean the same."""
    assert character not in CATALOGUE.read_text()


def test_the_catalogue_is_installed() -> None:
    """Compiled, beside the package that is tested."""
    compiled = Path(pyjpki11.__file__).parent / "locale" / "ja" / "LC_MESSAGES" / "pyjpki11.mo"
    assert compiled.stat().st_size > 1000
