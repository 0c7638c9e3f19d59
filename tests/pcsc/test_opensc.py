"""The software card as OpenSC sees it, whose JPKI driver was written against real cards."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from support.openssl import certificate_text, openssl_verify
from support.pcsc_card import PcscCard
from support.process import run

LIBRARIES = sorted(Path("/usr/lib").glob("**/opensc-pkcs11.so"))
DATA = b"what is to be signed\n"
# Token label, PIN, object id. Spec: OpenSC src/libopensc/pkcs15-jpki.c
KEYS = {
    "authentication": ("JPKI (User Authentication PIN)", "1234", "01"),
    "signature": ("JPKI (Digital Signature PIN)", "ABC123", "02"),
}
LABELS = {
    "01": "User Authentication Certificate",
    "02": "Digital Signature Certificate",
    "03": "User Authentication Certificate CA",
    "04": "Digital Signature Certificate CA",
}
DIGESTS = {"SHA256-RSA-PKCS": "sha256", "SHA384-RSA-PKCS": "sha384", "SHA512-RSA-PKCS": "sha512"}


def pkcs11_tool(*options: str | Path) -> str:
    """The output of OpenSC's own client with OpenSC's own module."""
    assert LIBRARIES, "opensc-pkcs11.so is not installed (package opensc-pkcs11)"
    return run(["pkcs11-tool", "--module", LIBRARIES[0], *options]).stdout


def with_login(key: str) -> list[str]:
    """The options that choose a token, logged in."""
    token, pin, _ = KEYS[key]
    return ["--token-label", token, "--login", "--pin", pin]


def certificate(key: str, folder: Path) -> bytes:
    """A key's certificate, DER; the one for signatures is readable with its PIN only."""
    output = folder / f"{key}.der"
    which = ["--type", "cert", "--id", KEYS[key][2]]
    pkcs11_tool(*with_login(key), "--read-object", *which, "--output-file", output)
    return output.read_bytes()


def sign(key: str, mechanism: str, data: bytes, folder: Path) -> bytes:
    """A signature by the card."""
    source, result = folder / "data", folder / "signature"
    source.write_bytes(data)
    files: list[str | Path] = ["--input-file", source, "--output-file", result]
    pkcs11_tool(*with_login(key), "--sign", "--id", KEYS[key][2], "--mechanism", mechanism, *files)
    return result.read_bytes()


def test_driver_recognises_the_card(card: PcscCard) -> None:
    assert run(["opensc-tool", "--reader", card.reader, "--name"]).stdout == "jpki\n"


def test_pins_have_all_their_tries(card: PcscCard) -> None:
    listing = run(["pkcs15-tool", "--reader", card.reader, "--list-pins"]).stdout
    rows = [line.split(":") for line in listing.splitlines()]
    tries = [value.strip() for name, *values in rows if name.strip() == "Tries left" for value in values]
    assert "User Authentication PIN" in listing and "Digital Signature PIN" in listing
    assert tries == ["3", "5"]


def test_dump_has_every_object(card: PcscCard) -> None:
    dump = run(["pkcs15-tool", "--reader", card.reader, "--dump"]).stdout
    assert [label for label in LABELS.values() if f"[{label}]" not in dump] == []
    assert dump.count("Private RSA Key") == dump.count("Public RSA Key") == 2


def test_slots_carry_the_token_labels(card: PcscCard) -> None:
    listing = pkcs11_tool("--list-slots")
    assert [token for token, _, _ in KEYS.values() if token not in listing] == []


def test_objects_before_login(card: PcscCard) -> None:
    listing = pkcs11_tool("--token-label", KEYS["authentication"][0], "--list-objects")
    assert listing.count("Certificate Object") == 3
    assert LABELS["02"] + "\n" not in listing


@pytest.mark.parametrize("key", KEYS)
def test_objects_after_login(card: PcscCard, key: str) -> None:
    listing = pkcs11_tool(*with_login(key), "--list-objects")
    assert "Private Key Object; RSA" in listing
    assert LABELS[KEYS[key][2]] in listing


@pytest.mark.parametrize("key", KEYS)
def test_certificate_is_a_jpki_certificate(card: PcscCard, key: str, tmp_path: Path) -> None:
    text = certificate_text(certificate(key, tmp_path))
    assert "O = JPKI" in text
    assert "Public-Key: (2048 bit)" in text


@pytest.mark.parametrize("mechanism", DIGESTS)
@pytest.mark.parametrize("key", KEYS)
def test_signature_over_a_digest(card: PcscCard, key: str, mechanism: str, tmp_path: Path) -> None:
    signature = sign(key, mechanism, DATA, tmp_path)
    openssl_verify(certificate(key, tmp_path), DATA, signature, DIGESTS[mechanism])


@pytest.mark.parametrize("key", KEYS)
def test_signature_over_bytes_as_they_are(card: PcscCard, key: str, tmp_path: Path) -> None:
    block = hashlib.sha256(DATA).digest()
    signature = sign(key, "RSA-PKCS", block, tmp_path)
    openssl_verify(certificate(key, tmp_path), block, signature, None)


def test_card_records_what_it_was_sent(card: PcscCard) -> None:
    run(["pkcs15-tool", "--reader", card.reader, "--list-pins"])
    assert "00A4040C0AD392F000260100000001" in [command for command, _ in card.apdus()]
    assert card.count() == len(card.apdus())


def test_card_can_be_pulled_out(card: PcscCard) -> None:
    card.remove()
    assert "JPKI" not in pkcs11_tool("--list-slots")
    card.insert()
    assert "JPKI" in pkcs11_tool("--list-slots")
