"""Any signature, list and OCSP response: nothing is believed that nobody has signed, nothing breaks or takes long."""

from __future__ import annotations

import sys
from subprocess import CompletedProcess

import pytest
from support.figures import Figures
from support.process import run
from torture.sanitized import PROJECT
from torture.sizes import DOCUMENTS, Size

SEED = "1"
MAX_PEAK_MIB = 160
#: A few files are enough to find what is broken on purpose.
SOME = Size(5_000, 5_000)
#: What was seen of each kind, or too little was tried.
MUST_BE_SAID = {
    "cms": ("accepted", "content changed", "signature does-not-fit", "cut-off", "trailing", "damaged"),
    "crl": ("not-listed", "revoked", "list-of-another-issuer", "not a list", "list-expired"),
    "ocsp": ("not-revoked", "revoked", "response-of-another-issuer", "response-about-another", "not a response"),
}
#: What the verifier could forget: kind, how, what is then said.
BREAKAGES = {
    "the content is not compared": (
        "cms",
        "from pyjpki11.documents import judging as j; j.SignedDocument._content = "
        "lambda *a: j.Finding('content', j.GOOD, 'unchanged')",
        "nobody has signed it",
    ),
    "the signature is not verified": (
        "cms",
        "from pyjpki11.documents import judging as j; j._verify = lambda *a: None",
        "nobody has signed it",
    ),
    "an exception of the library's": (
        "cms",
        "from pyjpki11.documents import judging as j; from contextlib import nullcontext; "
        "j._only_not_signed_data = nullcontext",
        "Error",
    ),
    "the list's signature is not verified": (
        "crl",
        "from pyjpki11.certificates import revocation_list as r; r._not_of = lambda *a: None",
        "nobody has signed it",
    ),
    "the response's signature is not verified": (
        "ocsp",
        "from pyjpki11.certificates import response as r; r._is_signed_by = lambda *a: True",
        "nobody has signed it",
    ),
    "a case that takes long": (
        "ocsp",
        "from pyjpki11.certificates import response as r; f = r._is_about; "
        "r._is_about = lambda *a: [f(*a) for _ in range(200_000)][0]",
        " s\n",
    ),
}


def judge(kind: str, size: Size, before: str = "", check: bool = True) -> CompletedProcess[str]:
    """The fuzzer in a process of its own, after something else was done there."""
    program = f"{before}\nfrom torture.document_fuzzer import main; main({kind!r}, {size.times}, {SEED})"
    env = {"PYTHONPATH": str(PROJECT / "tests"), "HOME": "/nonexistent"}
    return run([sys.executable, "-c", program], timeout=size.timeout_s, env=env, check=check)


@pytest.mark.parametrize("kind", MUST_BE_SAID)
def test_any_document(kind: str, figures: Figures) -> None:
    """Everything was reached: what is accepted, and each way to be refused."""
    lines = [line.removeprefix("said ").rsplit(" ", 1) for line in judge(kind, DOCUMENTS).stdout.splitlines()]
    counted = {name.rstrip(":"): int(times) for name, times in lines}
    assert counted["cases"] == DOCUMENTS.times
    assert counted["peak_mib"] < MAX_PEAK_MIB
    assert not [said for said in MUST_BE_SAID[kind] if not counted.get(said)]
    names = ("cases", "accepted", "longest_ms", "peak_mib")
    figures(f"{kind}: " + ", ".join(f"{name} {counted[name]}" for name in names))


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_breakages_are_found(breakage: str) -> None:
    """These tests can fail: each rule is missed when it is gone."""
    kind, before, said = BREAKAGES[breakage]
    finished = judge(kind, SOME, before, check=False)
    assert finished.returncode
    assert said in finished.stderr
