"""Firefox and Chromium: how to set them up, how they look."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from support.clients import KEYS
from support.process import run

TOKEN = KEYS["authentication"].token
PSS, PKCS1 = "rsa_pss_rsae_sha256", "rsa_pkcs1_sha256"
NO_CERTIFICATE = "PEER_DID_NOT_RETURN_A_CERTIFICATE"
NO_CARD = (NO_CERTIFICATE, "TLSV1_ALERT_INTERNAL_ERROR")  # the latter if NSS has not looked for it yet, and cannot sign


class Kind(NamedTuple):
    """What distinguishes a browser from the others."""

    name: str
    """In docs/clients.md."""
    command: tuple[str, ...]
    registration: tuple[str, ...]
    """The command that has it load our module; empty for none."""
    database: str
    """Its NSS database, in the user's home."""
    preferences: Mapping[str, object]
    """What its profile says beforehand; empty where it makes its profile itself."""
    title: str
    """In the titles of its windows."""
    question: tuple[str, ...]
    """Parts of what it says when it asks for a certificate; who reads may misread one of them."""
    prompt: str
    """In the title of the window that asks for a PIN."""
    demand: str
    """What that window says when it asks for the authentication PIN."""
    schemes: Mapping[str, str]
    """TLS version -> the signature scheme that it chooses with the test's sites, for a card that makes PSS."""
    helplessness: str
    """How a handshake with TLS 1.3 ends for a card that makes no PSS, as OpenSSL's server says."""


FIREFOX = Kind(
    name="Firefox",
    command=("firefox-esr", "--no-remote", "-P", "tests"),
    registration=("pyjpki11", "register", "firefox"),
    database=".mozilla/firefox/tests",
    preferences={
        "security.default_personal_cert": "Ask Every Time",
        # all the time that a busy machine needs
        "network.http.tls-handshake-timeout": 300,
        # no first steps
        "browser.aboutwelcome.enabled": False,
        "browser.startup.homepage_override.mstone": "ignore",
        "datareporting.policy.dataSubmissionEnabled": False,
        "termsofuse.bypassNotification": True,
        # nothing from the network, nothing unasked; what it takes for no address is not for a search engine either
        "app.update.enabled": False,
        "keyword.enabled": False,
        "browser.urlbar.speculativeConnect.enabled": False,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "network.http.speculative-parallel-limit": 0,
    },
    title="Mozilla Firefox",
    question=("identify yourself with a certificate", "Details of selected certificate", "send a certificate"),
    prompt="Password Required",
    demand=f"Please authenticate to the security device ({TOKEN})",
    schemes={"1.2": PSS, "1.3": PSS},
    helplessness=NO_CERTIFICATE,
)
CHROMIUM = Kind(
    name="Chromium",
    command=(
        "chromium",
        "--no-first-run",
        "--test-type",  # no remarks about the next
        *(["--no-sandbox"] if os.geteuid() == 0 else []),  # it would refuse to run as root
        "--disable-background-networking",
        "--disable-breakpad",
        "--disable-sync",
        "--password-store=basic",
        "--window-position=0,0",
        "--window-size=900,600",
    ),
    registration=("pyjpki11", "register", "chromium"),
    database=".pki/nssdb",
    preferences={},
    title="Chromium",
    question=("Select a certificate", "Certificate information", "authenticate yourself to"),
    prompt="Unlock Security Device",
    demand=f"Please unlock {TOKEN} to authenticate to localhost",
    schemes={"1.2": PKCS1, "1.3": PSS},
    helplessness="SSLV3_ALERT_HANDSHAKE_FAILURE",
)


def set_up(kind: Kind, authorities: Iterable[Path]) -> None:
    """Make the browser's database, in which it trusts sites of some authorities, PEM files; register our module."""
    database = Path.home() / kind.database
    database.mkdir(parents=True, exist_ok=True)
    if kind.preferences:
        _make_profile(database, kind.preferences)
    run(["certutil", "-N", "-d", f"sql:{database}", "--empty-password"])
    for number, authority in enumerate(authorities):
        run(["certutil", "-A", "-d", f"sql:{database}", "-n", f"site {number}", "-t", "C,,", "-i", authority])
    if kind.registration:
        run(kind.registration)


def _make_profile(folder: Path, preferences: Mapping[str, object]) -> None:
    """One that Firefox lists, as it lists those that it makes itself."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
    (folder / "user.js").write_text("".join(lines))
    profile = f"[Profile0]\nName={folder.name}\nIsRelative=1\nPath={folder.name}\n"
    folder.with_name("profiles.ini").write_text(f"[General]\nStartWithLastProfile=1\n\n{profile}")
