"""`pyjpki11 module-path`: where the PKCS#11 module is installed."""

from __future__ import annotations

from pathlib import Path

import click

import pyjpki11

LIBRARY = Path(pyjpki11.__file__).resolve().parent / "libpyjpki11.so"


@click.command()
def module_path() -> None:
    """Print the absolute path of libpyjpki11.so, for programs that ask for a PKCS#11 module."""
    if not LIBRARY.exists():
        raise click.ClickException(f"{LIBRARY} is missing: this pyjpki11 was not built; run: make build")
    click.echo(LIBRARY)
