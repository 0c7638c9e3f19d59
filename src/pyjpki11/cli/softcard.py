"""`pyjpki11 softcard`: a software My Number card in a virtual reader."""

from __future__ import annotations

import click


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def softcard(options: tuple[str, ...]) -> None:
    """Run the software card in front of vpcd, the virtual reader of pcscd."""
    from jpki_softcard.__main__ import main  # only here: nothing else of the tool needs the card

    raise SystemExit(main(options))
