"""What a file of ten million bytes may cost, whoever made it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.hostile_signatures import FILES
from support.process import run

MAX_MIB = 100
MAX_CPU_S = 2.0

#: Judges a file as `pyjpki11 verify` does; prints what came of it, and what it cost. Spec: proc(5) VmHWM
PROGRAM = """
import json, sys, time
from datetime import UTC, datetime
from pathlib import Path
from pyjpki11.documents import envelope
from pyjpki11.documents.errors import NotSignedData
from pyjpki11.documents.files import hashes_of, opened, pieces_of
from pyjpki11.documents.judging import SignedDocument


def judge(path):
    with opened(Path(path)) as data:
        parts = envelope.open_envelope(data)
        document = SignedDocument(parts.skeleton)
        hashes = hashes_of(pieces_of(data, parts.pieces or ()), document.digests)
        return len(document.judge(hashes, datetime.now(UTC)))


def peak_kib():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


before, begun = peak_kib(), time.process_time()
try:
    said = judge(sys.argv[1])
except NotSignedData as error:
    said = error.reason
print(json.dumps([said, time.process_time() - begun, (peak_kib() - before) / 1024]))
"""


@pytest.mark.parametrize("name", FILES)
def test_hostile_file_costs_little(name: str, tmp_path: Path) -> None:
    """The time is that of the processor, so that a busy machine makes no difference."""
    path = tmp_path / "signature"
    path.write_bytes(FILES[name]())
    said, cpu_s, mib = json.loads(run([sys.executable, "-c", PROGRAM, path]).stdout)
    assert cpu_s < MAX_CPU_S and mib < MAX_MIB, (said, cpu_s, mib)


def test_signature_of_many_signers_is_judged(tmp_path: Path) -> None:
    """The bounds are wider than what anybody needs."""
    (tmp_path / "signature").write_bytes(FILES["as many signers as are judged"]())
    assert json.loads(run([sys.executable, "-c", PROGRAM, tmp_path / "signature"]).stdout)[0] == 32
