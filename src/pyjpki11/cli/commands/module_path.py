"""`pyjpki11 module-path`: where the PKCS#11 module is installed."""

from __future__ import annotations

from pyjpki11.cli.language import _
from pyjpki11.cli.library import LIBRARY
from pyjpki11.cli.terminal import output
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.exits import FAILED, ToolError


@make_command(
    "module-path",
    help=_("Print the absolute path of libpyjpki11.so, for programs that ask for a PKCS#11 module."),
)
def command() -> None:
    """See the help."""
    if not LIBRARY.exists():
        message = _("{path} is missing: this copy of pyjpki11 has not been built.", path=LIBRARY)
        raise ToolError(FAILED, "not-built", message, _("Run: make build"))
    output.print_lines([str(LIBRARY)])
