"""Our module in OpenSC's command line client, judged by OpenSSL with the card's certificates."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from asn1crypto import algos, core
from support.clients import KEYS
from support.openssl import openssl_verify, public_key
from support.pcsc_card import CardMaker, PcscCard
from support.process import Failed, run

Tool = Callable[..., str]
MESSAGE = "これは署名される文書です\n".encode()
LARGE_SIZE = 5_000_000  # pkcs11-tool signs a file that does not fit its buffer in parts
DIGESTS = ("sha1", "sha224", "sha256", "sha384", "sha512")
LABELS = {
    "authentication": ("User Authentication Certificate", "User Authentication Public Key", "User Authentication Key"),
    "signature": ("Digital Signature Certificate", "Digital Signature Public Key", "Digital Signature Key"),
}
CA_LABELS = {"03": "User Authentication Certificate CA", "04": "Digital Signature Certificate CA"}
# What shows without a login, and what a login adds: the number of objects of each class
CLASSES = ("Certificate Object", "Public Key Object", "Private Key Object")
BEFORE_LOGIN = {"authentication": (3, 1, 0), "signature": (1, 0, 0)}
AFTER_LOGIN = {"authentication": (3, 1, 1), "signature": (2, 1, 1)}
MECHANISMS = ("RSA-PKCS", *(f"{name.upper()}-RSA-PKCS" for name in DIGESTS))
# PSS mechanism and what the client needs to be told
PSS_OPTIONS = {"RSA-PKCS-PSS": ("--hash-algorithm", "SHA256", "--salt-len", "32"), "SHA256-RSA-PKCS-PSS": ()}
# What each thread does: IN, IL initialise without and with locking, GI, SL, Tn ask for information, slots, token n
THREADS = {
    "one": ["IN"],
    "two that look at the tokens": ["ILGISLT0T1"] * 2,
    "six": ["ILGISLT0T0", "INSLT1T1", *["ILGISLT0T1T0T1"] * 4],
}
EXPECTED_OF_THREADS = {"CKR_OK", "CKR_CRYPTOKI_ALREADY_INITIALIZED"}


@pytest.fixture
def tool(card: PcscCard, module_path: Path) -> Tool:
    """Runs pkcs11-tool with our module and a fresh card."""
    return lambda *options: run(["pkcs11-tool", "--module", module_path, *options], timeout=120).stdout


def slot(key: str) -> list[str]:
    """The options that choose a token."""
    return ["--token-label", KEYS[key].token]


def login(key: str) -> list[str]:
    """The options that choose a token and log in."""
    return [*slot(key), "--login", "--pin", KEYS[key].pin]


def read(tool: Tool, folder: Path, *options: str) -> bytes:
    """An object's value."""
    output = folder / "object"
    tool(*options, "--read-object", "--output-file", str(output))
    return output.read_bytes()


def certificate(tool: Tool, key: str, folder: Path) -> bytes:
    """The certificate of a key."""
    return read(tool, folder, *login(key), "--type", "cert", "--id", KEYS[key].id)


def sign(tool: Tool, key: str, mechanism: str, data: bytes, folder: Path, *options: str) -> bytes:
    """A signature over data."""
    source, result = folder / "data", folder / "signature"
    source.write_bytes(data)
    files = ["--input-file", str(source), "--output-file", str(result)]
    tool(*login(key), "--sign", "--id", KEYS[key].id, "--mechanism", mechanism, *options, *files)
    return result.read_bytes()


def digest_info(digest: str, data: bytes) -> bytes:
    """What PKCS #1 v1.5 signs, made by a library that is not ours."""
    algorithm = algos.DigestAlgorithm({"algorithm": digest, "parameters": core.Null()})
    info = algos.DigestInfo({"digest_algorithm": algorithm, "digest": hashlib.new(digest, data).digest()})
    return bytes(info.dump())


def test_slots_and_their_tokens(tool: Tool) -> None:
    listing = tool("--list-slots")
    assert [key.token for key in KEYS.values() if key.token not in listing] == []
    assert listing.index(KEYS["authentication"].token) < listing.index(KEYS["signature"].token)
    assert "pin min/max        : 4/4" in listing and "pin min/max        : 6/16" in listing


def test_token_serial_is_that_of_the_certificate(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "certificate").write_bytes(certificate(tool, "authentication", tmp_path))
    said = run(["openssl", "x509", "-inform", "DER", "-in", tmp_path / "certificate", "-noout", "-serial"]).stdout
    assert tool("--list-slots").count(f": {said.strip().removeprefix('serial=')}\n") == len(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_objects_before_login(tool: Tool, key: str) -> None:
    listing = tool(*slot(key), "--list-objects")
    assert tuple(map(listing.count, CLASSES)) == BEFORE_LOGIN[key]


@pytest.mark.parametrize("key", KEYS)
def test_objects_after_login(tool: Tool, key: str) -> None:
    listing = tool(*login(key), "--list-objects")
    assert tuple(map(listing.count, CLASSES)) == AFTER_LOGIN[key]
    assert [label for label in LABELS[key] if label not in listing] == []


@pytest.mark.parametrize("key", KEYS)
def test_mechanisms_are_what_the_card_can_do(tool: Tool, key: str) -> None:
    listing = tool(*slot(key), "--list-mechanisms")
    found = dict(line.strip().split(",", 1) for line in listing.splitlines() if line.startswith("  "))
    assert [name for name in (*MECHANISMS, *PSS_OPTIONS) if "sign" not in found.get(name, "")] == []
    assert [name for name, uses in found.items() if "X-509" in name or "decrypt" in uses or "unwrap" in uses] == []


def test_card_without_pss_claims_none(pcsc_card: CardMaker, module_path: Path) -> None:
    pcsc_card(fault=["no-pss"])
    listing = run(["pkcs11-tool", "--module", module_path, "--slot-index", "0", "--list-mechanisms"]).stdout
    assert "SHA256-RSA-PKCS," in listing and "PSS" not in listing


@pytest.mark.parametrize("mechanism", PSS_OPTIONS)
@pytest.mark.parametrize("key", KEYS)
def test_pss_signature(tool: Tool, key: str, mechanism: str, tmp_path: Path) -> None:
    """The mechanism without a hash in its name takes a digest, which the client is told to be one."""
    own = hashlib.sha256(MESSAGE).digest() if mechanism == "RSA-PKCS-PSS" else MESSAGE
    signature = sign(tool, key, mechanism, own, tmp_path, *PSS_OPTIONS[mechanism])
    options = ("rsa_padding_mode:pss", "rsa_pss_saltlen:32", "rsa_mgf1_md:sha256")
    openssl_verify(certificate(tool, key, tmp_path), MESSAGE, signature, "sha256", options)


@pytest.mark.parametrize("key", KEYS)
def test_signature_over_a_file(tool: Tool, key: str, tmp_path: Path) -> None:
    for digest in DIGESTS:
        signature = sign(tool, key, f"{digest.upper()}-RSA-PKCS", MESSAGE, tmp_path)
        openssl_verify(certificate(tool, key, tmp_path), MESSAGE, signature, digest)


@pytest.mark.parametrize("key", KEYS)
def test_signature_over_a_digest_made_elsewhere(tool: Tool, key: str, tmp_path: Path) -> None:
    for digest in DIGESTS:
        signature = sign(tool, key, "RSA-PKCS", digest_info(digest, MESSAGE), tmp_path)
        openssl_verify(certificate(tool, key, tmp_path), MESSAGE, signature, digest)


@pytest.mark.parametrize("key", KEYS)
def test_signature_over_bytes_as_they_are(tool: Tool, key: str, tmp_path: Path) -> None:
    for size in (1, 20, 36, 100, 245):
        block = bytes(range(256))[-size:]
        signature = sign(tool, key, "RSA-PKCS", block, tmp_path)
        openssl_verify(certificate(tool, key, tmp_path), block, signature, None)


def test_block_too_long_for_the_padding_is_refused(card: PcscCard, tool: Tool, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="CKR_"):
        sign(tool, "authentication", "RSA-PKCS", bytes(246), tmp_path)
    assert [command for command, _ in card.apdus() if command.startswith("802A")] == []


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
@pytest.mark.parametrize("key", KEYS)
def test_signature_over_a_large_file_in_parts(tool: Tool, key: str, digest: str, tmp_path: Path) -> None:
    data = hashlib.shake_128(b"a large file").digest(LARGE_SIZE)
    signature = sign(tool, key, f"{digest.upper()}-RSA-PKCS", data, tmp_path)
    openssl_verify(certificate(tool, key, tmp_path), data, signature, digest)


@pytest.mark.parametrize("identifier", ["01", "03", "04"])
def test_certificate_without_login_is_what_openssl_reads(tool: Tool, identifier: str, tmp_path: Path) -> None:
    der = read(tool, tmp_path, *slot("authentication"), "--type", "cert", "--id", identifier)
    (tmp_path / "der").write_bytes(der)
    again = run(["openssl", "x509", "-inform", "DER", "-in", tmp_path / "der", "-outform", "PEM"]).stdout
    assert public_key(again.encode()) == public_key(der)


@pytest.mark.parametrize(("key", "ca"), [("authentication", "03"), ("signature", "04")])
def test_certificate_was_issued_by_the_ca_on_the_card(tool: Tool, key: str, ca: str, tmp_path: Path) -> None:
    files = {"ca.pem": read(tool, tmp_path, *slot("authentication"), "--type", "cert", "--id", ca)}
    files["own.pem"] = certificate(tool, key, tmp_path)
    for name, der in files.items():
        (tmp_path / "der").write_bytes(der)
        run(["openssl", "x509", "-inform", "DER", "-in", tmp_path / "der", "-out", tmp_path / name])
    said = run(["openssl", "verify", "-CAfile", tmp_path / "ca.pem", tmp_path / "own.pem"]).stdout
    assert said.strip().endswith("OK")


@pytest.mark.parametrize("key", KEYS)
def test_public_key_is_that_of_the_certificate(tool: Tool, key: str, tmp_path: Path) -> None:
    spki = read(tool, tmp_path, *login(key), "--type", "pubkey", "--id", KEYS[key].id)
    assert public_key(spki) == public_key(certificate(tool, key, tmp_path))


def test_private_key_is_not_readable(tool: Tool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tool, tmp_path, *login("authentication"), "--type", "privkey", "--id", "01")


@pytest.mark.parametrize("key", KEYS)
def test_own_test_suite_of_the_client(tool: Tool, key: str) -> None:
    report = tool(*login(key), "--test")
    assert "No errors" in report
    assert "seems to be OK" in report, "no signature was tested"


@pytest.mark.parametrize("scripts", THREADS.values(), ids=THREADS)
def test_threads(card: PcscCard, module_path: Path, scripts: list[str]) -> None:
    threads = [part for script in scripts for part in ("--test-threads", script)]
    main = [*login("authentication"), "--list-mechanisms", "--list-objects"]
    ended = run(["pkcs11-tool", "--module", module_path, *threads, *main])
    assert ended.stderr.count("returning rv = 0") == len(scripts)
    assert set(re.findall(r"returned (CKR_\w+)", ended.stderr)) <= EXPECTED_OF_THREADS
    assert ended.stdout.count("Certificate Object") == BEFORE_LOGIN["authentication"][0]


def test_fork(tool: Tool) -> None:
    listing = tool("--test-fork", "--list-slots")
    assert "in forked child" in listing
    assert "CKR_" not in listing


def test_wrong_pin_is_named(tool: Tool) -> None:
    with pytest.raises(Failed, match="CKR_PIN_INCORRECT"):
        tool(*slot("authentication"), "--login", "--pin", "9999", "--list-objects")
