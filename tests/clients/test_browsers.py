"""Firefox and Chromium with our module: they sign in, and ask for the authentication PIN once, for no other ever."""

from __future__ import annotations

import pytest
from support.browser import NewBrowser
from support.browser_kinds import CHROMIUM, FIREFOX, NO_CARD, PKCS1, Kind
from support.clients import KEYS, signatures, verifications
from support.pcsc_card import CardMaker, PcscCard
from support.tls_site import VERSIONS, NewSite

PIN, WRONG_PIN = KEYS["authentication"].pin, "9999"
ACCEPTED, REFUSED = ("0018", "9000"), ("0018", "63C2")  # answers to the authentication PIN
RELOADS = 30  # NSS looks at a slot once a second at most, and says until then that there is no certificate
NEEDS_PSS = "TLS 1.3 needs RSA-PSS"
MOST_COMMANDS = 23  # to the card besides signatures, for all sites; may only be lowered
KINDS = (FIREFOX, CHROMIUM)
#: What an example says to set for a card without PSS -> the browser with that setting.
HELD_TO_TLS_12 = {
    "security.tls.version.max": FIREFOX._replace(preferences={**FIREFOX.preferences, "security.tls.version.max": 3}),
    "chromium --ssl-version-max=tls1.2": CHROMIUM._replace(command=(*CHROMIUM.command, "--ssl-version-max=tls1.2")),
}


def row(kind: Kind, what: str, refusal: str = "", command: str = "") -> pytest.MarkDecorator:
    """A row of docs/clients.md; its command is the registration, where no other is given."""
    command, example = command or " ".join(kind.registration), f"examples/{kind.name.lower()}.md"
    return pytest.mark.client(kind.name, what, command=command, example=example, refusal=refusal)


def for_each_kind(*rows: str, refused: str = "") -> pytest.MarkDecorator:
    """A test with each browser, for rows of docs/clients.md, and one for what does not work without PSS."""
    whats = [*((what, "") for what in rows), *([(refused, NEEDS_PSS)] if refused else [])]
    whats.reverse()  # pytest tells marks in the order of decorators, the lowest first
    kinds = [pytest.param(kind, marks=[row(kind, *what) for what in whats], id=kind.name) for kind in KINDS]
    return pytest.mark.parametrize("kind", kinds)


@for_each_kind("sign in, TLS 1.2", "sign in, TLS 1.3", "no command to the card for pages that need no certificate")
def test_sign_in(card: PcscCard, tls_site: NewSite, new_browser: NewBrowser, card_name: str, kind: Kind) -> None:
    """One prompt for all sites. Neither other pages nor the browser's looking after its slots cost a command."""
    pages = [tls_site(version, certificate="none") for version in sorted(VERSIONS) * 2]
    sites = {version: tls_site(version) for version in sorted(VERSIONS)}
    browser = new_browser(kind, [*pages, *sites.values()])
    for some_pages, site, pins in zip((pages[:2], pages[2:]), sites.values(), ([PIN], []), strict=True):
        commands = card.count()
        for page in some_pages:
            browser.look_at(page)
        assert card.count() == commands
        browser.sign_in(site, *pins)
    for version, site in sites.items():
        assert set(site.sign_ins) == {(f"TLSv{version}", kind.schemes[version], card_name)}
    assert [kind.demand in said for said in browser.prompts] == [True], browser.prompts
    assert verifications(card) == [ACCEPTED]
    assert card.count() - signatures(card) <= MOST_COMMANDS


@for_each_kind("wrong PIN, then the right one", "card pulled and put back")
def test_wrong_pin_and_a_pulled_card(
    card: PcscCard, tls_site: NewSite, new_browser: NewBrowser, card_name: str, kind: Kind
) -> None:
    """A wrong PIN costs a try and is asked for again; a card that was pulled is known when it is back."""
    first, without, again = (tls_site("1.3") for _ in range(3))
    browser = new_browser(kind, [first, without, again])
    browser.sign_in(first, WRONG_PIN, PIN)
    assert verifications(card) == [REFUSED, ACCEPTED]
    card.remove()
    assert browser.refusal(without) in NO_CARD
    card.insert()
    browser.sign_in(again, PIN, reloads=RELOADS)
    assert verifications(card) == [REFUSED, ACCEPTED, ACCEPTED]
    assert {name for *_rest, name in again.sign_ins} == {card_name}
    assert [kind.demand in said for said in browser.prompts] == [True] * 3, browser.prompts


@for_each_kind("sign in, TLS 1.2, card without PSS", refused="sign in, TLS 1.3, card without PSS")
def test_card_without_pss(
    pcsc_card: CardMaker, tls_site: NewSite, new_browser: NewBrowser, card_name: str, kind: Kind
) -> None:
    """TLS 1.2 works as it is; TLS 1.3 does not."""
    card = pcsc_card(["no-pss"])
    old, new = tls_site("1.2"), tls_site("1.3")
    browser = new_browser(kind, [old, new])
    browser.sign_in(old, PIN)
    assert set(old.sign_ins) == {("TLSv1.2", PKCS1, card_name)}
    assert browser.refusal(new) == kind.helplessness
    assert verifications(card) == [ACCEPTED]


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind,
            marks=row(kind, "sign in, TLS 1.2 at a site that has 1.3, card without PSS", command=setting),
            id=kind.name,
        )
        for setting, kind in HELD_TO_TLS_12.items()
    ],
)
def test_hold_it_to_tls_12(
    pcsc_card: CardMaker, tls_site: NewSite, new_browser: NewBrowser, card_name: str, kind: Kind
) -> None:
    """As the examples say."""
    pcsc_card(["no-pss"])
    site = tls_site("1.2-1.3")
    new_browser(kind, [site]).sign_in(site, PIN)
    assert set(site.sign_ins) == {("TLSv1.2", PKCS1, card_name)}
