"""The entry point of the command line."""

from __future__ import annotations

import click

from pyjpki11 import __version__
from pyjpki11.cli.module_path import module_path
from pyjpki11.cli.softcard import softcard


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pyjpki11")
def main() -> None:
    """PKCS#11 for the My Number card."""


main.add_command(module_path)
main.add_command(softcard)
