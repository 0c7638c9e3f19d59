"""`pyjpki11 module-path`: where the PKCS#11 module is installed."""

from __future__ import annotations

from pathlib import Path

import pyjpki11
from pyjpki11.cli import output
from pyjpki11.cli.exits import FAILED, ToolError
from pyjpki11.cli.frame import command as make_command
from pyjpki11.cli.language import _

LIBRARY = Path(pyjpki11.__file__).resolve().parent / "libpyjpki11.so"


@make_command(
    "module-path",
    help=_("Print the absolute path of libpyjpki11.so, for programs that ask for a PKCS#11 module."),
)
def command() -> None:
    """See the help."""
    if not LIBRARY.exists():
        message = _("{path} is missing: this pyjpki11 was not built.", path=LIBRARY)
        raise ToolError(FAILED, "not-built", message, _("Run: make build"))
    output.print_lines([str(LIBRARY)])
