"""Signatures as the openssl command judges them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from support.process import Failed, run

PSS = ("rsa_padding_mode:pss",)


def openssl_verify(
    key: bytes, data: bytes, signature: bytes, digest: str | None, options: tuple[str, ...] = ()
) -> None:
    """Raise Failed unless the signature over the data is good.

    `key`: a certificate or a public key, DER or PEM. `digest`: sha256, ...; None: the data itself was padded
    (PKCS #1 v1.5) and signed. `options`: what openssl takes after -sigopt, such as PSS.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {"key.pem": public_key(key).encode(), "data": data, "signature": signature}
        for file, content in files.items():
            (folder / file).write_bytes(content)
        if digest is None:
            _require_same(data, _recovered(folder))
        else:
            run(_dgst(digest, options), cwd=folder)


def public_key(key: bytes) -> str:
    """The public key of a certificate, or a public key itself, as PEM text."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(key)
        file.flush()
        try:
            return run(["openssl", "x509", "-in", file.name, "-noout", "-pubkey"]).stdout
        except Failed:
            return run(["openssl", "pkey", "-pubin", "-in", file.name, "-pubout"]).stdout


def certificate_text(certificate: bytes) -> str:
    """A certificate, DER or PEM, in words."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate)
        file.flush()
        return run(["openssl", "x509", "-in", file.name, "-noout", "-text"]).stdout


def to_der(certificate: bytes) -> bytes:
    """A certificate, DER or PEM, as DER."""
    with tempfile.TemporaryDirectory() as name:
        source, result = Path(name, "in"), Path(name, "out")
        source.write_bytes(certificate)
        run(["openssl", "x509", "-in", source, "-outform", "DER", "-out", result])
        return result.read_bytes()


def _dgst(digest: str, options: tuple[str, ...]) -> list[str]:
    more = [part for option in options for part in ("-sigopt", option)]
    return ["openssl", "dgst", f"-{digest}", *more, "-verify", "key.pem", "-signature", "signature", "data"]


def _recovered(folder: Path) -> bytes:
    """What was padded and signed. pkeyutl -verify would do, but it takes no more than a digest's 64 bytes."""
    key = ("-pubin", "-inkey", "key.pem", "-pkeyopt", "rsa_padding_mode:pkcs1")
    run(["openssl", "pkeyutl", "-verifyrecover", *key, "-in", "signature", "-out", "recovered"], cwd=folder)
    return (folder / "recovered").read_bytes()


def _require_same(data: bytes, signed: bytes) -> None:
    if signed != data:
        raise Failed(f"the signature is over {signed.hex()}, not over {data.hex()}")
