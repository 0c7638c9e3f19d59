"""openssl as an OCSP responder, with an index of certificates of its own."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.authority import Authority, Holder
from support.process import TIMEOUT_S, Failed, background, run

CONFIG = """
[ca]
default_ca = it
[it]
database = index
serial = number
new_certs_dir = .
default_md = sha256
default_crl_days = 3
certificate = root.pem
private_key = root.key
"""


@contextlib.contextmanager
def answering(
    folder: Path, authority: Authority, valid: Sequence[Holder] = (), revoked: Sequence[Holder] = ()
) -> Iterator[str]:
    """The URL of a responder that knows these certificates, for as long as the block runs."""
    write_authority(folder, authority)
    for holder, option in [*((it, "-valid") for it in valid), *((it, "-revoke") for it in revoked)]:
        (folder / "one.pem").write_bytes(holder.pem)
        run(["openssl", "ca", "-config", "config", option, "one.pem"], cwd=folder)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    root, key, index = (str(folder / name) for name in ("root.pem", "root.key", "index"))
    argv = ["openssl", "ocsp", "-port", str(port), "-nmin", "5", "-index", index, "-CA", root]
    with background([*argv, "-rsigner", root, "-rkey", key], folder / "log"):
        _wait_until_it_listens(folder / "log")
        yield f"http://127.0.0.1:{port}/"


def write_authority(folder: Path, authority: Authority) -> None:
    """What `openssl ca -config config` works with."""
    (folder / "root.pem").write_bytes(authority.pem)
    (folder / "root.key").write_bytes(authority.key_pem)
    (folder / "config").write_text(CONFIG)
    (folder / "index").touch()
    (folder / "number").write_text("01")


def _wait_until_it_listens(log: Path) -> None:
    """Its own word is waited for: a connection without a question would keep it from others."""
    deadline = time.monotonic() + TIMEOUT_S
    while "waiting" not in log.read_text(errors="replace").lower():
        if time.monotonic() > deadline:
            raise Failed(f"openssl ocsp does not listen: {log.read_text(errors='replace')}")
        time.sleep(0.02)
