"""What is written into the files of each program, and what of foreign content is refused or kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pyjpki11.registration import refusal
from pyjpki11.registration.edits import BEGIN, END, HEADER, Block, Edit, LibraryCopy, OwnFile
from pyjpki11.registration.firefox import Policy
from pyjpki11.registration.nss import Module
from pyjpki11.registration.refusal import Refused

PATH = Path("/home/user/file")
LIBRARY = Path("/opt/my programs/pyjpki11/libpyjpki11.so")
OTHER = "/usr/lib/opensc-pkcs11.so"
LINES = ["Host *", f'    PKCS11Provider "{LIBRARY}"']
PATTERN = r'PKCS11Provider "(.+)"'
INTERNAL = "library=\nname=NSS Internal PKCS #11 Module\nparameters=configdir='sql:x' flags=\nNSS=Flags=internal\n\n"
OPENSC = f"library={OTHER}\nname=OpenSC\n\n"


def block() -> Edit:
    """A block."""
    return Block(PATH, LINES, 0o600, PATTERN)


def own_file() -> Edit:
    """A whole file."""
    return OwnFile(PATH, LINES, 0o600, PATTERN)


def module() -> Edit:
    """A paragraph in a list of NSS."""
    return Module(PATH, LIBRARY)


def policy() -> Edit:
    """A policy of Firefox."""
    return Policy(PATH, LIBRARY)


EDITS = {"block": block, "own file": own_file, "module": module, "policy": policy}
# kind of edit -> what files of that kind hold without us
CONTENTS = {
    "block": ["a line\n", "Host x\n  User y\n\n", "\xe9 no UTF-8\n", "日本語\n", "a\r\nb\r\n", "\n"],
    "own file": [],
    "module": [INTERNAL, INTERNAL + OPENSC, "# a comment\n\n" + INTERNAL],
    "policy": [
        '{\n  "policies": {\n    "DisableTelemetry": true\n  }\n}\n',
        '{\n\t"policies": {\n\t\t"SecurityDevices": {\n\t\t\t"Add": {\n\t\t\t\t"A": "/x"\n\t\t\t}\n\t\t}\n\t}\n}\n',
        '{\n    "policies": {\n        "SecurityDevices": {\n            "OpenSC": "/x"\n        }\n    }\n}\n',
        '{\n  "policies": {\n    "SecurityDevices": {\n      "Delete": [\n        "X"\n      ]\n    }\n  }\n}\n',
    ],
}
CASES = [(kind, text) for kind, texts in CONTENTS.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), CASES)
def test_there_and_back(kind: str, text: str) -> None:
    """Adding twice is adding once, and taking out leaves what there was."""
    edit, before = EDITS[kind](), text.encode("latin-1" if "\xe9" in text else "utf-8")
    added = edit.added(before)
    assert added != before
    assert edit.library(added) == str(LIBRARY) and edit.library(before) == ""
    assert edit.added(added) == added
    assert edit.removed(added) == before
    assert edit.removed(before) == before


@pytest.mark.parametrize("kind", EDITS)
def test_new_file(kind: str) -> None:
    edit = EDITS[kind]()
    added = edit.added(None)
    assert edit.library(added) == str(LIBRARY)
    assert edit.added(added) == added
    assert edit.removed(added) is None


@pytest.mark.parametrize("kind", EDITS)
def test_an_older_entry_is_replaced(kind: str) -> None:
    """pyjpki11 was elsewhere before."""
    edit = EDITS[kind]()
    old = edit.added(None).replace(str(LIBRARY).encode(), b"/old/libpyjpki11.so")
    assert edit.library(old) == "/old/libpyjpki11.so"
    assert edit.added(old) == edit.added(None)
    assert edit.removed(old) is None


def test_a_block_keeps_its_place() -> None:
    text = "\n".join(["first", BEGIN, "old", END, "last", ""]).encode()
    added = block().added(text).decode().split("\n")
    assert added == ["first", BEGIN, *LINES, END, "last", ""]


def refused(function: Callable[..., object], *arguments: object) -> str:
    """The code of a refusal."""
    with pytest.raises(Refused) as caught:
        function(*arguments)
    return caught.value.code


DAMAGED: dict[str, tuple[str, bytes, str]] = {
    "block: binary": ("block", b"a\0b", refusal.NOT_TEXT),
    "block: no end": ("block", f"{BEGIN}\nx\n".encode(), refusal.NOT_UNDERSTOOD),
    "block: no beginning": ("block", f"x\n{END}\n".encode(), refusal.NOT_UNDERSTOOD),
    "block: two": ("block", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n".encode(), refusal.NOT_UNDERSTOOD),
    "block: turned round": ("block", f"{END}\n{BEGIN}\n".encode(), refusal.NOT_UNDERSTOOD),
    "own file: foreign": ("own file", b"module: other.so\n", refusal.NOT_OURS),
    "own file: marked later": ("own file", f"mine\n{HEADER}\n".encode(), refusal.NOT_OURS),
    "module: binary": ("module", b"\x7fELF\0\1", refusal.NOT_UNDERSTOOD),
    "module: prose": ("module", b"this is no list\n", refusal.NOT_UNDERSTOOD),
    "policy: cut off": ("policy", b'{"policies": {', refusal.NOT_UNDERSTOOD),
    "policy: comment": ("policy", b'// mine\n{"policies": {}}', refusal.NOT_UNDERSTOOD),
    "policy: list": ("policy", b"[]", refusal.NOT_UNDERSTOOD),
    "policy: policies": ("policy", b'{"policies": []}', refusal.NOT_UNDERSTOOD),
    "policy: devices": ("policy", b'{"policies": {"SecurityDevices": "x"}}', refusal.NOT_UNDERSTOOD),
    "policy: add": ("policy", b'{"policies": {"SecurityDevices": {"Add": []}}}', refusal.NOT_UNDERSTOOD),
    "policy: no text": ("policy", b"\xff\xfe{}", refusal.NOT_UNDERSTOOD),
}


@pytest.mark.parametrize(("kind", "content", "code"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_not_understood_is_left_alone(kind: str, content: bytes, code: str) -> None:
    edit = EDITS[kind]()
    assert refused(edit.added, content) == code
    assert refused(edit.removed, content) == code


def test_a_line_that_goes_on_behind_the_end() -> None:
    assert refused(block().added, b"key=value\\\n") == refusal.NOT_UNDERSTOOD


def test_a_module_that_the_user_has_named(tmp_path: Path) -> None:
    """Registered by hand under another name: once is enough; and it is taken out under that name."""
    text = f"{INTERNAL}library={LIBRARY}\nname=My card\n\n".encode()
    assert module().added(text) == text
    assert module().library(text) == str(LIBRARY)
    assert module().removed(text) == INTERNAL.encode()


def test_the_form_of_a_policy_is_kept() -> None:
    for before, path in (
        ({"SecurityDevices": {"OpenSC": OTHER}}, ("SecurityDevices",)),
        ({"SecurityDevices": {"Add": {"OpenSC": OTHER}}}, ("SecurityDevices", "Add")),
        ({}, ("SecurityDevices", "Add")),
    ):
        document = json.loads(policy().added(json.dumps({"policies": before}).encode()))["policies"]
        for key in path:
            document = document[key]
        assert document["pyjpki11"] == str(LIBRARY)
        assert set(document) <= {"OpenSC", "pyjpki11"}


def test_library_copy(tmp_path: Path, module_path: Path) -> None:
    copy = LibraryCopy(tmp_path / "copy.so", module_path)
    content = copy.added(None)
    assert content == module_path.read_bytes()
    assert copy.added(content) == content and copy.removed(content) is None
    assert copy.library(content) == str(tmp_path / "copy.so")
    assert refused(copy.added, b"\x7fELF another") == refused(copy.removed, b"x") == refusal.NOT_OURS
