"""Java: the provider SunPKCS11 for each of the card's keys.

Spec: JDK 17, PKCS#11 Reference Guide; java.security's comment on security.provider.N
"""

from __future__ import annotations

import re
from pathlib import Path

from pyjpki11.registration import refusal
from pyjpki11.registration.edits import EVERYBODYS_MODE, USERS_MODE, Block, Edit, OwnFile
from pyjpki11.registration.place import NAME, Place
from pyjpki11.registration.refusal import Refused

#: In every Java from version 9 on.
PROPERTIES = ("/usr/lib/jvm/*/conf/security/java.security", "/opt/*/conf/security/java.security")
JAVA_HOME_PROPERTIES = "conf/security/java.security"
PROVIDER = re.compile(r"^security\.provider\.(\d+)\s*=", re.MULTILINE)
PROVIDER_LIBRARY = r"^security\.provider\.\d+=SunPKCS11 (.+)$"
LIBRARY = r'^library = "(.+)"$'
#: File -> name of the provider behind "SunPKCS11-", and the slot's place in the list.
SLOTS = {"java-authentication.cfg": (NAME, 0), "java-signature.cfg": (f"{NAME}-signature", 1)}


def check(place: Place) -> None:
    """Look whether there is a Java."""
    if not _properties(place):
        raise Refused(refusal.NO_PROGRAM)


def edits(place: Place) -> list[Edit]:
    """A file for each provider; and what names them, in each Java, or in a file of the user's own."""
    mode = EVERYBODYS_MODE if place.is_system else USERS_MODE
    folder = place.own_folder()
    files: list[Edit] = [
        OwnFile(folder / file, _slot_lines(place, *slot), mode, LIBRARY) for file, slot in SLOTS.items()
    ]
    javas = _properties(place)
    if not place.is_system:
        return [*files, OwnFile(users_file(place), _provider_lines(place, javas), mode, PROVIDER_LIBRARY)]
    return files + [Block(path, _provider_lines(place, [path]), mode, PROVIDER_LIBRARY) for path in javas]


def traces(place: Place) -> list[Edit]:
    """The same wherever it may have been written."""
    folder, mode = place.own_folder(), EVERYBODYS_MODE if place.is_system else USERS_MODE
    slots: list[Edit] = [OwnFile(folder / file, [], mode, LIBRARY) for file in SLOTS]
    if not place.is_system:
        return [*slots, OwnFile(users_file(place), [], mode, PROVIDER_LIBRARY)]
    return slots + [Block(path, [], mode, PROVIDER_LIBRARY) for path in _properties(place)]


def users_file(place: Place) -> Path:
    """What java.security.properties has to name."""
    return place.own_folder() / "java.security"


def _slot_lines(place: Place, name: str, index: int) -> list[str]:
    """Without a reader there are no slots, and Java would refuse everything if it were not told to go on without this
    provider. Spec: JDK 17, sun.security.pkcs11.Config"""
    return [
        f"name = {name}",
        f'library = "{place.library}"',
        f"slotListIndex = {index}",
        "handleStartupErrors = ignoreAll",
    ]


def _provider_lines(place: Place, properties: list[Path]) -> list[str]:
    """Providers behind all others, numbered on, for a gap would end the list. Where there are several Javas, the one
    with the fewest decides."""
    first = min((_count(path) for path in properties), default=0) + 1
    folder = place.own_folder()
    files = [place.in_system(folder / file) for file in SLOTS]
    return [f"security.provider.{number}=SunPKCS11 {file}" for number, file in enumerate(files, start=first)]


def _count(properties: Path) -> int:
    """How many providers a Java has, ours not among them.

    :raises Refused: it names none, so this is not what we take it for.
    """
    text = properties.read_bytes().decode(errors="surrogateescape").partition("# >>> pyjpki11 >>>")[0]
    numbers = [int(number) for number in PROVIDER.findall(text)]
    if not numbers:
        raise Refused(refusal.NOT_UNDERSTOOD, path=properties, line=1)
    return max(numbers)


def _properties(place: Place) -> list[Path]:
    """The file java.security of each Java, once; those included that have the module and would not be found."""
    found = [path for pattern in PROPERTIES for path in place.glob(pattern)]
    found += [path for path in place.known if path.match(JAVA_HOME_PROPERTIES)]
    if place.environment.get("JAVA_HOME"):
        found.append(Path(place.environment["JAVA_HOME"]) / JAVA_HOME_PROPERTIES)
    return list({path.resolve(): path for path in found if path.exists()}.values())
