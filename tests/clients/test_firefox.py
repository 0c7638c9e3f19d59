"""The ways in which Firefox learns of our module besides its profile: a policy, an extension."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from support.browser import NewBrowser
from support.browser_kinds import FIREFOX
from support.clients import KEYS, verifications
from support.display import WAIT_S, soon
from support.examples import script
from support.pcsc_card import PcscCard
from support.process import run
from support.tls_site import NewSite

PIN = KEYS["authentication"].pin
ACCEPTED = ("0018", "9000")
INSTALLED = Path("/usr/lib/firefox-esr")
EXTENSION = "www@example.jp"  # its name in the example
AUTOMATIC = {"security.default_personal_cert": "Select Automatically"}
UNSIGNED = {"xpinstall.signatures.required": False, "extensions.autoDisableScopes": 0}


def row(what: str, command: str) -> pytest.MarkDecorator:
    """A row of docs/clients.md."""
    return pytest.mark.client("Firefox", what, command=command, example="examples/firefox.md")


@pytest.fixture
def firefox_with_policy(tmp_path: Path) -> Path:
    """A Firefox as Mozilla distributes it, with a policy beside its program: that which we write for all users."""
    root, copy = tmp_path / "root", tmp_path / "firefox"
    root.mkdir()
    run(["pyjpki11", "register", "firefox", "--system", "--root", root])
    copy.mkdir()
    for part in INSTALLED.iterdir():
        (copy / part.name).symlink_to(part)
    program, policies = copy / "firefox-esr", copy / "distribution"
    program.unlink()
    shutil.copy(INSTALLED / program.name, program)  # it looks for the rest beside itself, where it really is
    policies.unlink()
    policies.symlink_to(root / "etc/firefox/policies")
    return program


def pack_extension(folder: Path, beacon: str) -> None:
    """An extension that loads the module, and visits an address when that is done."""
    manifest = {
        "manifest_version": 2,
        "name": "Loader",
        "version": "1",
        "permissions": ["pkcs11"],
        "background": {"scripts": ["load.js"]},
        "browser_specific_settings": {"gecko": {"id": EXTENSION}},
    }
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / f"{EXTENSION}.xpi", "w") as package:
        package.writestr("manifest.json", json.dumps(manifest))
        visit = f'fetch("{beacon}", {{mode: "no-cors"}})'
        package.writestr("load.js", f'browser.pkcs11.installModule("pyjpki11").then(() => {visit});')


@row("registration for all users", "sudo /opt/pyjpki11/bin/pyjpki11 register firefox --system")
@row("certificate chosen by Firefox", "security.default_personal_cert")
def test_policy(
    card: PcscCard, tls_site: NewSite, new_browser: NewBrowser, card_name: str, firefox_with_policy: Path
) -> None:
    """The policy is understood. Firefox may choose the certificate by itself, and asks for the PIN alone."""
    site = tls_site("1.3")
    command = (str(firefox_with_policy), *FIREFOX.command[1:])
    firefox = FIREFOX._replace(command=command, registration=(), preferences={**FIREFOX.preferences, **AUTOMATIC})
    browser = new_browser(firefox, [site])
    browser.sign_in(site, PIN)
    assert browser.choices == 0
    assert {name for *_rest, name in site.sign_ins} == {card_name}
    assert verifications(card) == [ACCEPTED]


@row("registration by an extension", 'browser.pkcs11.installModule("pyjpki11")')
def test_native_manifest(card: PcscCard, tls_site: NewSite, new_browser: NewBrowser, card_name: str) -> None:
    """An extension loads the module by its name, as the example says."""
    site, beacon = tls_site("1.3"), tls_site("1.3", certificate="none")
    run(script("firefox.md", "From an extension"))
    pack_extension(Path.home() / FIREFOX.database / "extensions", beacon.url)
    firefox = FIREFOX._replace(preferences={**FIREFOX.preferences, **UNSIGNED}, registration=())
    browser = new_browser(firefox, [site, beacon])
    assert soon(lambda: beacon.visits, WAIT_S), "the extension does not load the module"
    browser.sign_in(site, PIN)
    assert {name for *_rest, name in site.sign_ins} == {card_name}
    assert verifications(card) == [ACCEPTED]
