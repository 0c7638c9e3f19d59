"""How a secret could show, and where it is looked for."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from pathlib import Path

from cryptography.x509 import Certificate, SubjectAlternativeName, load_der_x509_certificate

#: Of a certificate, as long a piece as nothing else has by chance.
PIECE_LEN = 24
#: Read from memory at a time, with as much of what went before as a secret is long.
CHUNK_LEN = 1 << 22


def spellings(secret: str) -> list[bytes]:
    """A PIN as it is, as hex, as a list of numbers, in letters of either size."""
    found: set[str] = set()
    for text in {secret, secret.upper(), secret.lower()}:
        raw = text.encode()
        found |= {text, raw.hex(), raw.hex().upper(), raw.hex(" "), raw.hex(" ").upper(), str(list(raw))}
        found.add(base64.b64encode(raw).decode().rstrip("="))
    return sorted(each.encode() for each in found)


def pieces(der: bytes, public: bytes = b"") -> list[bytes]:
    """What shows that a certificate, or a part of it that is in nothing public, was written somewhere."""
    parts = [der[i : i + PIECE_LEN] for i in range(0, len(der) - PIECE_LEN, PIECE_LEN // 2)]
    parts = [part for part in parts if part not in public]
    encoded = base64.b64encode(der)
    return [*parts, *(part.hex().encode() for part in parts), *(part.hex().upper().encode() for part in parts)] + [
        encoded[i : i + PIECE_LEN] for i in range(0, len(encoded) - PIECE_LEN, PIECE_LEN)
    ]


def personal_data(der: bytes) -> list[bytes]:
    """The cardholder's name, address and the rest, from the signature certificate."""
    certificate: Certificate = load_der_x509_certificate(der)
    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    values = [name.value.value for name in names if hasattr(name.value, "value")]  # DER strings: two bytes of header
    subject = [str(attribute.value).encode() for attribute in certificate.subject]
    said = [value[2:] for value in values if len(value) > 5]
    own = [each for each in subject if len(each) > 5]
    return [form for each in (*said, *own) for form in (each, each.hex().encode(), each.hex().upper().encode())]


def files(*folders: Path) -> list[Path]:
    """Every file below the folders."""
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def found_in(content: bytes, secrets: Iterable[bytes]) -> list[bytes]:
    """Those that are there."""
    return [secret for secret in secrets if secret in content]


def copies_in_memory(pid: int, secret: bytes) -> list[str]:
    """Where in a process's memory a secret is, as `mapping: offset`, best effort: what cannot be read is left out."""
    found: list[str] = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            addresses, permissions, *rest = line.split(maxsplit=5)
            if not permissions.startswith("rw"):
                continue
            start, end = (int(address, 16) for address in addresses.split("-"))
            name = rest[3] if len(rest) > 3 else "anonymous"
            found += [f"{name}: {at:X}" for at in _search(memory.fileno(), start, end, secret)]
    return found


def _search(descriptor: int, start: int, end: int, secret: bytes) -> Iterable[int]:
    position, tail = start, b""
    while position < end:
        try:
            part = os.pread(descriptor, min(CHUNK_LEN, end - position), position)
        except OSError:
            return
        if not part:
            return
        window = tail + part
        at = window.find(secret)
        while at >= 0:
            yield position - len(tail) + at
            at = window.find(secret, at + 1)
        tail = window[-(len(secret) - 1) :]
        position += len(part)
