"""The programs that can be registered, as an argument."""

from __future__ import annotations

from typing import Any

import click

from pyjpki11.cli.language import N_, _
from pyjpki11.registration.programs import PROGRAMS

#: What else people call them, or what takes its module from them.
OTHER_NAMES = {
    **dict.fromkeys(("chrome", "google-chrome", "edge", "microsoft-edge", "brave", "vivaldi", "opera"), "chromium"),
    **dict.fromkeys(("gnutls", "wget"), "p11-kit"),
    "firefox-esr": "firefox",
    "ssh": "openssh",
}
#: Programs that are told by hand -> how.
BY_HAND = {
    "thunderbird": N_(
        "Thunderbird cannot be registered by this command. In Thunderbird open Settings, Privacy & Security, Security "
        "Devices, choose Load, and enter the path that this command prints: pyjpki11 module-path"
    ),
}


class Registrable(click.Choice):  # type: ignore[type-arg] # not generic in Click 8.1
    """One of the programs, in capitals too, or by another name."""

    def __init__(self) -> None:
        super().__init__(list(PROGRAMS))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The program's name."""
        name = str(value).lower()
        if name in BY_HAND:
            self.fail(_(BY_HAND[name]), param, ctx)
        known = OTHER_NAMES.get(name, name)
        return super().convert(known if known in PROGRAMS else value, param, ctx)
