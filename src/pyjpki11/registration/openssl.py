"""OpenSSL: its engine or provider for PKCS#11, in the system's configuration or in one of the user's own.

Spec: config(5ossl); libp11's engine, pkcs11-provider(7)
"""

from __future__ import annotations

import re
from pathlib import Path

from pyjpki11.registration import refusal
from pyjpki11.registration.edits import EVERYBODYS_MODE, USERS_MODE, Block, Edit
from pyjpki11.registration.place import Place
from pyjpki11.registration.refusal import Refused

CONFIGURATIONS = ("/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf")
ENGINES = ("/usr/lib/*/engines-3/pkcs11.so", "/usr/lib*/engines-3/pkcs11.so")
PROVIDERS = ("/usr/lib/*/ossl-modules/pkcs11.so", "/usr/lib*/ossl-modules/pkcs11.so")
LIBRARY = r"^(?:MODULE_PATH|pkcs11-module-path) = (.+)$"
DEFAULT_SECTION = "openssl_init"
SECTION = re.compile(r"\[\s*([^\]\s]+)\s*\]")
ASSIGNMENT = re.compile(r"([\w.:]+)\s*=\s*([^#\s]*)")


def check(place: Place) -> None:
    """OpenSSL itself does not know PKCS#11, and what it uses for that knows one module."""
    if _first(place, ENGINES) is None and _first(place, PROVIDERS) is None:
        raise Refused(refusal.NO_PROGRAM)
    system = _configuration(place)
    sections = Sections(system)
    start = sections.name("default", "openssl_conf", DEFAULT_SECTION)
    for kind in ("engines", "providers"):
        if sections.name(sections.name(start, kind, ""), "pkcs11", ""):
            raise Refused(refusal.TAKEN, path=system)


def edits(place: Place) -> list[Edit]:
    """Lines at the end of the system's configuration, or in a file of the user's own, together with the system's."""
    system = _configuration(place)
    lines = _lines(place, Sections(system))
    if place.is_system:
        return [Block(system, lines, EVERYBODYS_MODE, LIBRARY)]
    including = [f".include {place.in_system(system)}"] if system.exists() else []
    return [Block(users_file(place), [*including, *lines], USERS_MODE, LIBRARY)]


def traces(place: Place) -> list[Edit]:
    """The same wherever it may have been written."""
    paths = [place.on_disk(path) for path in CONFIGURATIONS] if place.is_system else [users_file(place)]
    return [Block(path, [], EVERYBODYS_MODE, LIBRARY) for path in paths]


def users_file(place: Place) -> Path:
    """What OPENSSL_CONF has to name."""
    return place.own_folder() / "openssl.cnf"


def _configuration(place: Place) -> Path:
    candidates = [place.on_disk(path) for path in CONFIGURATIONS]
    return next((path for path in candidates if path.exists()), candidates[0])


def _first(place: Place, patterns: tuple[str, ...]) -> Path | None:
    return next((path for pattern in patterns for path in place.glob(pattern)), None)


class Sections:
    """What stands in which section of a configuration; of our own lines nothing."""

    def __init__(self, path: Path) -> None:
        self._values: dict[tuple[str, str], str] = {}
        if path.exists():
            content = path.read_bytes()
            self._read(_without_ours(path, content).decode(errors="surrogateescape"))

    def _read(self, text: str) -> None:
        section = "default"
        for line in map(str.strip, text.split("\n")):
            if found := SECTION.match(line):
                section = found[1]
            elif found := ASSIGNMENT.match(line):
                self._values[section, found[1]] = found[2]

    def name(self, section: str, key: str, default: str) -> str:
        """The section that a key leads to."""
        return self._values.get((section, key)) or default


def _without_ours(path: Path, content: bytes) -> bytes:
    return Block(path, [], EVERYBODYS_MODE, LIBRARY).removed(content) or b""


def _lines(place: Place, sections: Sections) -> list[str]:
    """Sections of the same name become one, so ours go on with those that the configuration has."""
    start = sections.name("default", "openssl_conf", DEFAULT_SECTION)
    lines = ["[default]", f"openssl_conf = {start}", f"[{start}]"]
    provider, engine = _first(place, PROVIDERS), _first(place, ENGINES)
    if provider:  # not both: OpenSSL 3.0 then crashes, giving a key of the one to the other
        lines += _provider_lines(place, sections, start, provider)
    elif engine:
        lines += _engine_lines(place, sections, start, engine)
    return lines


def _engine_lines(place: Place, sections: Sections, start: str, engine: Path) -> list[str]:
    engines = sections.name(start, "engines", "engine_section")
    return [
        f"engines = {engines}",
        *(f"[{engines}]", "pkcs11 = pyjpki11_engine"),
        "[pyjpki11_engine]",
        "engine_id = pkcs11",
        f"dynamic_path = {place.in_system(engine)}",
        f"MODULE_PATH = {place.library}",
        "init = 0",
    ]


def _provider_lines(place: Place, sections: Sections, start: str, provider: Path) -> list[str]:
    """Once any provider is named, OpenSSL loads its own one only where that is named as well."""
    providers = sections.name(start, "providers", "provider_sect")
    default = sections.name(providers, "default", "default_sect")
    return [
        f"providers = {providers}",
        *(f"[{providers}]", f"default = {default}", "pkcs11 = pyjpki11_provider"),
        *(f"[{default}]", "activate = 1"),
        "[pyjpki11_provider]",
        f"module = {place.in_system(provider)}",
        f"pkcs11-module-path = {place.library}",
        "activate = 1",
    ]
