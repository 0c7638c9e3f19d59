"""Firefox: the list of modules in each of a user's profiles, or a policy for all users."""

from __future__ import annotations

import configparser
import json
from pathlib import Path
from typing import Any

from pyjpki11.registration import confinement, nss, refusal
from pyjpki11.registration.edits import EVERYBODYS_MODE, LIBRARY_NAME, Edit
from pyjpki11.registration.place import NAME, Place
from pyjpki11.registration.refusal import Refused

PROGRAMS = ("firefox", "firefox-esr")
FLATPAKS = ("org.mozilla.firefox",)
#: What Firefox on Linux looks for first, whatever its package is called; where it is, no other one counts.
POLICIES = "/etc/firefox/policies/policies.json"
#: What else it reads.
DISTRIBUTION_POLICIES = ("/usr/lib*/firefox*/distribution/policies.json", "/opt/firefox*/distribution/policies.json")


def check(place: Place) -> None:
    """Look whether some Firefox can load the module, and has a profile to register it in."""
    confinement.check(place, PROGRAMS, FLATPAKS)
    if not place.is_system and not profiles(place):
        raise Refused(refusal.NO_PROFILE)


def edits(place: Place) -> list[Edit]:
    """A paragraph in each profile's list, or the policy."""
    if place.is_system:
        return [Policy(path, place.library) for path in _policies(place)]
    return [edit for profile in profiles(place) for edit in nss.edits(profile, place.library)]


def traces(place: Place) -> list[Edit]:
    """The same wherever it may have been written."""
    if place.is_system:
        return [Policy(path, place.library) for path in [place.on_disk(POLICIES), *_distributions(place)]]
    return [edit for profile in profiles(place) for edit in nss.traces(profile, place)]


def _policies(place: Place) -> list[Path]:
    """The files that Firefoxes read now; where there are none, the one for all of them."""
    everybodys = place.on_disk(POLICIES)
    others = _distributions(place)
    return others if others and not everybodys.exists() else [everybodys]


def _distributions(place: Place) -> list[Path]:
    return [path for pattern in DISTRIBUTION_POLICIES for path in place.glob(pattern)]


def profiles(place: Place) -> list[Path]:
    """The folders of the user's profiles, those included that have the module and are listed no longer. Firefox 147
    began to make new ones among the user's settings.

    :raises Refused: a list of profiles cannot be understood.
    """
    folders = (place.home / ".mozilla" / "firefox", place.config_home / "mozilla" / "firefox")
    listed = [profile for folder in folders for profile in _listed(folder)]
    known = [path.parent for path in place.known if path.name == nss.MODULES]
    return list({profile.resolve(): profile for profile in [*known, *listed] if profile.is_dir()}.values())


def _listed(folder: Path) -> list[Path]:
    """Those that profiles.ini names."""
    parser = configparser.RawConfigParser(strict=False)
    path = folder / "profiles.ini"
    try:
        parser.read_string(path.read_text(), str(path))
    except FileNotFoundError:
        return []
    except (configparser.Error, UnicodeDecodeError) as error:
        raise Refused(refusal.NOT_UNDERSTOOD, path=path, line=getattr(error, "lineno", 1)) from None
    sections = (parser[name] for name in parser.sections() if name.startswith("Profile"))
    return [folder / section["Path"] for section in sections if section.get("Path")]  # an absolute one stands alone


class Policy:
    """The entry SecurityDevices of policies.json, in its form of today or that before Firefox 114.

    Spec: Mozilla, Firefox Enterprise Policies, SecurityDevices
    """

    mode = EVERYBODYS_MODE
    is_ours_alone = False

    def __init__(self, path: Path, library: Path) -> None:
        self.path = path
        self._library = str(library)

    def added(self, before: bytes | None) -> bytes:
        """See Edit."""
        document = self._parse(before or b"{}")
        if before and self._library in self._modules(document).values():
            return before  # perhaps under a name that the administrator has given it
        self._modules(document)[NAME] = self._library
        return _json(document, before)

    def removed(self, before: bytes) -> bytes | None:
        """See Edit."""
        document = self._parse(before)
        if not self._ours(document):
            return before
        for modules, name in self._ours(document):
            del modules[name]
        for keys in (("policies", "SecurityDevices", "Add"), ("policies", "SecurityDevices"), ("policies",)):
            _drop_empty(document, keys)
        return _json(document, before) if document else None

    def library(self, content: bytes) -> str:
        """See Edit."""
        ours = self._ours(self._parse(content))
        return str(ours[0][0][ours[0][1]]) if ours else ""

    def _ours(self, document: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
        """Our entries, whatever form the file had when they were written: the object each is in, and its name."""
        devices = self._object(self._object(document.get("policies", {})).get("SecurityDevices", {}))
        places = [devices, self._object(devices.get("Add", {}))]
        return [(modules, name) for modules in places for name, path in modules.items() if _is_ours(name, path)]

    def _parse(self, content: bytes) -> dict[str, Any]:
        try:
            document = json.loads(content)
        except ValueError as error:
            raise Refused(refusal.NOT_UNDERSTOOD, path=self.path, line=getattr(error, "lineno", 1)) from None
        return self._object(document)

    def _modules(self, document: dict[str, Any]) -> dict[str, Any]:
        """The object in which a name has a library, made where it is missing."""
        policies = self._object(document.setdefault("policies", {}))
        devices = self._object(policies.setdefault("SecurityDevices", {}))
        is_old = devices and not {"Add", "Delete"} & devices.keys()
        return devices if is_old else self._object(devices.setdefault("Add", {}))

    def _object(self, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Refused(refusal.NOT_UNDERSTOOD, path=self.path, line=1)
        return value


def _is_ours(name: str, path: object) -> bool:
    return isinstance(path, str) and (name == NAME or Path(path).name == LIBRARY_NAME)


def _drop_empty(document: dict[str, Any], keys: tuple[str, ...]) -> None:
    *outer, last = keys
    for key in outer:
        document = document.get(key, {})
    if document.get(last) == {}:
        del document[last]


def _json(document: dict[str, Any], before: bytes | None) -> bytes:
    """In the indentation of the file that was there."""
    lines = (before or b"").decode().splitlines()
    indents = [len(line) - len(line.lstrip(" ")) for line in lines if line.startswith(" ")]
    indent: int | str = "\t" if any(line.startswith("\t") for line in lines) else min(indents, default=2)
    return (json.dumps(document, indent=indent, ensure_ascii=False) + "\n").encode()
