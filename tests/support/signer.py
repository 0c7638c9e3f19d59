"""A key in software that signs documents as the card's key does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from support.authority import Authority, Holder
from support.process import run

from pyjpki11.certificates.findings import BAD, OPEN, UNPROVEN
from pyjpki11.documents import envelope, signing
from pyjpki11.documents.files import hashes_of, opened, pieces_of
from pyjpki11.documents.judging import SignedDocument

HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
NOW = datetime.now(UTC).replace(microsecond=0)


class SoftKey:
    """See documents.signing.Key."""

    def __init__(self, holder: Holder, authority: Authority | None) -> None:
        self._key = holder.key
        self.certificate = holder.der
        self.ca_certificate = authority.der if authority else None

    def sign(self, digest: str, chunks: Iterable[bytes]) -> bytes:
        """The signature of a content."""
        signature: bytes = self._key.sign(b"".join(chunks), PKCS1v15(), HASHES[digest])
        return signature


def cms(
    key: SoftKey, content: bytes, digest: str = "sha256", is_detached: bool = False, moment: datetime = NOW
) -> bytes:
    """A CMS signature of ours."""
    fields = signing.sign(key, digest, hashlib.new(digest, content).digest(), moment)
    before, after = envelope.wrap(fields.before, fields.after, None if is_detached else len(content))
    return before + (b"" if is_detached else content) + after


def judged(path: Path, content: bytes | None = None) -> list[list[str]]:
    """Each signer's findings, as words: `check code`, with a mark where it is bad, unproven or open."""
    with opened(path) as data:
        parts = envelope.open_envelope(data)
        document = SignedDocument(parts.skeleton)
        chunks = [content or b""] if parts.pieces is None else pieces_of(data, parts.pieces)
        signatures = document.judge(hashes_of(chunks, document.digests), datetime.now(UTC))
    marks = {BAD: "!", OPEN: "?", UNPROVEN: "~"}
    return [[f"{marks.get(it.result, '')}{it.check} {it.code}" for it in one.findings] for one in signatures]


def openssl_cms(folder: Path, signers: Sequence[Holder], *options: str) -> Path:
    """What `openssl cms -sign` makes of the file `content` in a folder."""
    more: list[str] = []
    for number, holder in enumerate(signers):
        (folder / f"signer{number}.pem").write_bytes(holder.pem + holder.key_pem)
        more += ["-signer", f"signer{number}.pem"]
    run(["openssl", "cms", "-sign", "-binary", "-in", "content", "-out", "signature", *more, *options], cwd=folder)
    return folder / "signature"


def openssl_verify_cms(folder: Path, *options: str) -> bytes:
    """The content of the file `signature`, which openssl trusts with the roots in `roots.pem`."""
    argv = ["openssl", "cms", "-verify", "-binary", "-CAfile", "roots.pem", "-purpose", "any", "-in", "signature"]
    run([*argv, "-out", "verified", *options], cwd=folder)
    return (folder / "verified").read_bytes()
