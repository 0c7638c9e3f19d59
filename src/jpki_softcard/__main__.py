"""The command line of the software card."""

import argparse
import sys
from collections.abc import Sequence

from . import faults, options, running
from .errors import SoftcardError
from .link import Timing
from .rules import ATRS


def main(argv: Sequence[str] | None = None) -> int:
    """Run the card until pcscd ends or a signal arrives; the exit status."""
    arguments = _parser().parse_args(argv)
    if arguments.list_faults:
        _list_faults()
        return 0
    running.end_on_signals()
    try:
        running.run(_options(arguments), arguments.vpcd, reconnect=arguments.reconnect, ready=_say_ready)
    except SoftcardError as error:
        _say(str(error))
        return 1
    return 0


def _options(arguments: argparse.Namespace) -> options.Options:
    timing = {field: options.number(f"--{name}", getattr(arguments, field)) for name, field in _TIMINGS}
    pins = {pin: getattr(arguments, name.replace("-", "_")) for name, pin in options.PINS.items()}
    return options.Options(
        directory=arguments.state,
        fault_names=tuple(arguments.fault),
        timing=Timing(**timing),
        apdu_log=arguments.apdu_log,
        contact=arguments.contact,
        atr=arguments.atr,
        pins=tuple((name, value) for name, value in pins.items() if value is not None),
    )


_TIMINGS = tuple(options.TIMINGS.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jpki_softcard",
        description="A software My Number card in vpcd, a virtual reader of pcscd. "
        "The PINs of a new card are 1234 (authentication) and ABC123 (signature).",
    )
    add = parser.add_argument
    add("--vpcd", metavar="HOST:PORT", default="127.0.0.1:35963", help="where vpcd listens (%(default)s)")
    add("--reconnect", action="store_true", help="wait for pcscd, also when it goes away")
    add("--state", metavar="DIR", default="", help="the card's memory ($XDG_STATE_HOME/jpki-softcard)")
    add("--fault", metavar="NAME", action="append", default=[], help="misbehave (repeatable)")
    add("--list-faults", action="store_true", help="list the faults, then exit")
    add("--contact", action="store_true", help="a reset clears the PINs, as with contacts")
    add("--atr", metavar="HEX", default="", help=f"hex, or one of {', '.join(ATRS)}")
    add("--latency-ms", metavar="X", default="0", help="time per command")
    add("--byte-us", metavar="X", default="0", help="time per byte")
    add("--sign-ms", metavar="X", default="0", help="time per signature")
    add("--apdu-log", metavar="FILE", default="", help="append the exchanges, PINs masked")
    for name in options.PINS:
        add(f"--{name}", metavar="PIN", help="of a new card")
    return parser


def _list_faults() -> None:
    for fault in faults.FAULTS:
        print(f"{fault.name:20}{fault.description}")


def _say_ready(directory: str, address: str) -> None:
    _say(f"card {directory} is in the reader at {address}")


def _say(message: str) -> None:
    print(f"jpki_softcard: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
