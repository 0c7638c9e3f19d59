"""The choice of the reader driver."""

from __future__ import annotations

import sys

from pyjpki11 import installation, log
from pyjpki11.errors import ServiceUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.reader.base import Driver


def open_driver(setting: str) -> Driver:
    """The driver that the setting `reader` names: `pcsc`, or NAME[:ARGUMENT] of an installed one.

    Others announce themselves in the entry point group `pyjpki11.readers`.

    :raises ServiceUnavailable: there is no such driver.
    """
    name, _, argument = setting.partition(":")
    if name == "pcsc":
        from pyjpki11.reader.pcsc import PcscDriver

        return PcscDriver()
    log.info(f"reader driver {setting}")
    return _open_installed(name, argument)


def _open_installed(name: str, argument: str) -> Driver:
    from importlib.metadata import DistributionFinder, MetadataPathFinder

    folder = installation.folder().rpartition("/")[0]  # in a foreign host our packages are not on sys.path
    context = DistributionFinder.Context(path=[folder, *sys.path])
    for distribution in MetadataPathFinder.find_distributions(context):
        for entry_point in distribution.entry_points:
            if entry_point.group == "pyjpki11.readers" and entry_point.name == name:
                driver: Driver = entry_point.load()(argument)
                return driver
    raise ServiceUnavailable(f"there is no reader driver {name!r}: say pcsc, or softcard")
