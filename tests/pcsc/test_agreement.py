"""The same card through OpenSC and through us: same tokens, same objects, same signatures.

Every difference is wanted, and stands here with its reason.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.clients import KEYS, NewClient, Pkcs11Client
from support.openssl import openssl_verify
from support.pcsc_card import PcscCard

Attributes = dict[str, str | None]
Objects = dict[tuple[str, str | None], Attributes]
CLASSES = {"01": "certificate", "02": "public key", "03": "private key", "09": "profile"}
# Mechanism and what openssl calls its digest
DIGEST = {"CKM_RSA_PKCS": None} | {f"CKM_SHA{size}_RSA_PKCS": f"sha{size}" for size in (1, 224, 256, 384, 512)}
DATA = hashlib.sha256(b"short enough for every mechanism").digest()

COMMON = ("CKA_CLASS", "CKA_ID", "CKA_LABEL", "CKA_TOKEN", "CKA_PRIVATE", "CKA_MODIFIABLE")
NAMES = {
    "certificate": (
        *("CKA_CERTIFICATE_TYPE", "CKA_SUBJECT", "CKA_ISSUER", "CKA_SERIAL_NUMBER", "CKA_VALUE"),
        *("CKA_TRUSTED", "CKA_CERTIFICATE_CATEGORY", "CKA_START_DATE", "CKA_END_DATE", "CKA_CHECK_VALUE"),
    ),
    "public key": (
        *("CKA_KEY_TYPE", "CKA_MODULUS", "CKA_MODULUS_BITS", "CKA_PUBLIC_EXPONENT", "CKA_DERIVE", "CKA_LOCAL"),
        *("CKA_VERIFY", "CKA_VERIFY_RECOVER", "CKA_ENCRYPT", "CKA_WRAP", "CKA_SUBJECT"),
    ),
    "private key": (
        *("CKA_KEY_TYPE", "CKA_MODULUS", "CKA_PUBLIC_EXPONENT", "CKA_SIGN", "CKA_SIGN_RECOVER", "CKA_DECRYPT"),
        *("CKA_UNWRAP", "CKA_DERIVE", "CKA_LOCAL", "CKA_SENSITIVE", "CKA_ALWAYS_SENSITIVE", "CKA_EXTRACTABLE"),
        *("CKA_NEVER_EXTRACTABLE", "CKA_ALWAYS_AUTHENTICATE", "CKA_SUBJECT"),
    ),
    "profile": (),
}


# Values that are not the same, and why
VALUES_DIFFER = {
    ("certificate", "CKA_TRUSTED"): "OpenSC trusts the CA certificates of any card; trust is not a card's to give",
    ("certificate", "CKA_CERTIFICATE_CATEGORY"): "OpenSC does not tell",
    ("certificate", "CKA_START_DATE"): "OpenSC does not tell",
    ("certificate", "CKA_END_DATE"): "OpenSC does not tell",
    ("certificate", "CKA_CHECK_VALUE"): "OpenSC does not tell",
    ("public key", "CKA_LOCAL"): "the key pair was made on the card",
    ("public key", "CKA_VERIFY"): "OpenSC's public keys have no usage at all, so p11tool --test-sign finds none",
    ("public key", "CKA_PRIVATE"): "OpenSC shows the signature token's public key before login, but cannot read it",
    ("public key", "CKA_VERIFY_RECOVER"): "we can; OpenSC cannot",
    ("public key", "CKA_SUBJECT"): "OpenSC does not tell",
    ("private key", "CKA_SIGN_RECOVER"): "it is the signature of a raw block, which the card makes anyway",
    ("private key", "CKA_SUBJECT"): "OpenSC does not tell",
}
# (token, class, id) that one side shows only
OURS_ONLY = {
    ("signature", "certificate", "04"): "the chain of the signature certificate, for programs that use one token only",
}
THEIRS_ONLY = {
    ("authentication", "profile", None): "profiles come with PKCS #11 3.0",
    ("authentication", "public key", "03"): "nobody needs the key of a CA, whose certificate is there",
    ("authentication", "public key", "04"): "nobody needs the key of a CA, whose certificate is there",
}
THEIRS_ONLY_BEFORE_LOGIN = {
    ("signature", "public key", "02"): "OpenSC shows it, but cannot read it",
}
FLAGS_OURS_ONLY = {
    "CKF_RNG": "our C_GenerateRandom works",
    "CKF_WRITE_PROTECTED": "nothing on the card can be written; OpenSC says it can",
}
TOKENS_DIFFER = {
    "flags": "see FLAGS_OURS_ONLY",
    "serialNumber": "OpenSC has 00000000 for every card, so programs cannot tell cards apart",
    "manufacturerID": "a software card names itself",
    "model": "OpenSC names its own emulation",
}


def objects(client: Pkcs11Client, key: str, login: bool) -> Objects:
    """What a program sees of a token."""
    session = client.logged_in(key) if login else client.open(key)
    found: Objects = {}
    for handle in client.ask("find", session):
        identity = client.ask("attributes", session, handle, ["CKA_CLASS", "CKA_ID"])
        name = CLASSES[identity["CKA_CLASS"][:2]]
        found[name, identity["CKA_ID"]] = readable(client, session, handle, (*COMMON, *NAMES[name]))
    return found


def readable(client: Pkcs11Client, session: int, handle: int, names: tuple[str, ...]) -> Attributes:
    """The attributes that the module gives, each asked for by itself."""
    values: Attributes = {}
    for name in names:
        if client.rv("attributes", session, handle, [name]) == "CKR_OK":
            values |= client.ask("attributes", session, handle, [name])
        else:
            values[name] = None
    return values


def objects_of(start: NewClient, key: str) -> Objects:
    """What a program of its own sees after a login."""
    with start() as client:
        return objects(client, key, login=True)


def signatures(key: str) -> Callable[[NewClient], dict[str, bytes]]:
    """Signs with every mechanism, each time after a login, in a program of its own, and verifies each."""

    def make(start: NewClient) -> dict[str, bytes]:
        made = {}
        with start() as client:
            for mechanism in DIGEST:
                session = client.logged_in(key)
                made[mechanism] = client.sign(session, DATA, mechanism)
                openssl_verify(client.certificate(session), DATA, made[mechanism], DIGEST[mechanism])
                client.ask("logout", session)
        return made

    return make


@pytest.fixture(params=[False, True], ids=["before login", "after login"])
def login(request: pytest.FixtureRequest) -> bool:
    """Whether the program logs in."""
    return bool(request.param)


@pytest.fixture(params=KEYS)
def key(request: pytest.FixtureRequest) -> str:
    """One of the tokens."""
    return str(request.param)


@pytest.fixture
def both(card: PcscCard, new_client: NewClient, new_opensc: NewClient, key: str, login: bool) -> list[Objects]:
    """What our module shows, and what OpenSC's does, each in a program that ends before the next starts."""
    seen = []
    for start in (new_client, new_opensc):
        with start() as client:
            seen.append(objects(client, key, login))
    return seen


@pytest.fixture
def new_in_process(card: PcscCard, new_client: NewClient, tmp_path: Path) -> NewClient:
    """Starts programs with our module and a copy of the same card, in their own process."""
    copy = shutil.copytree(card.state, tmp_path / "copy")
    return lambda: new_client(env={"PYJPKI11_READER": f"softcard:{copy}"})


def test_tokens_are_the_same(card: PcscCard, new_client: NewClient, new_opensc: NewClient, key: str) -> None:
    ours, theirs = (client.token(client.slot(key)) for client in (new_client(), new_opensc()))
    assert {name for name in ours if ours[name] != theirs[name]} == set(TOKENS_DIFFER)
    assert set(ours["flags"]) - set(theirs["flags"]) == FLAGS_OURS_ONLY.keys()
    assert set(theirs["flags"]) <= set(ours["flags"])


def test_slots_are_in_the_same_order(card: PcscCard, new_client: NewClient, new_opensc: NewClient) -> None:
    ours, theirs = ([client.token(slot)["label"] for slot in client.slots()] for client in (new_client(), new_opensc()))
    assert ours == theirs == [key.token for key in KEYS.values()]


def test_objects_are_the_same(both: list[Objects], key: str, login: bool) -> None:
    ours, theirs = both
    expected = THEIRS_ONLY | ({} if login else THEIRS_ONLY_BEFORE_LOGIN)
    assert {(key, *one) for one in ours.keys() - theirs.keys()} == {one for one in OURS_ONLY if one[0] == key}
    assert {(key, *one) for one in theirs.keys() - ours.keys()} == {one for one in expected if one[0] == key}


def test_values_are_the_same(both: list[Objects]) -> None:
    ours, theirs = both
    common = ours.keys() & theirs.keys()
    differ = {(one[0], name) for one in common for name in ours[one] if ours[one][name] != theirs[one][name]}
    assert differ <= VALUES_DIFFER.keys()


def test_every_difference_is_still_one(card: PcscCard, new_client: NewClient, new_opensc: NewClient) -> None:
    differ = set()
    for key in KEYS:
        ours, theirs = (objects_of(start, key) for start in (new_client, new_opensc))
        for one in ours.keys() & theirs.keys():
            differ |= {(one[0], name) for name in ours[one] if ours[one][name] != theirs[one][name]}
    assert differ == VALUES_DIFFER.keys()


def test_objects_in_process_are_the_same(
    card: PcscCard, new_client: NewClient, new_in_process: NewClient, key: str
) -> None:
    assert objects_of(new_client, key) == objects_of(new_in_process, key)


def test_signatures_are_the_same_bytes(
    card: PcscCard, new_client: NewClient, new_opensc: NewClient, new_in_process: NewClient, key: str
) -> None:
    by_pcsc, by_opensc, in_process = map(signatures(key), (new_client, new_opensc, new_in_process))
    assert by_pcsc == by_opensc
    assert by_pcsc == in_process
