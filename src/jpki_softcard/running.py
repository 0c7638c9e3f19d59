"""A card in the reader of vpcd, until it is taken out."""

import signal
import threading
from collections.abc import Callable
from types import FrameType

from . import options, vpcd_client
from .errors import OptionError


def run(card: options.Options, vpcd: str, *, reconnect: bool, ready: Callable[[str, str], None]) -> None:
    """Put the card into the reader at HOST:PORT until pcscd ends, or for good with `reconnect`.

    `ready` is told the card's directory and the address, each time the card is in.
    Raises OptionError for a malformed address, and what vpcd_client.run raises.
    """
    try:
        host, port = vpcd_client.address(vpcd)
    except ValueError as error:
        raise OptionError(f"--vpcd {vpcd}: {error}") from error
    link = options.attach(card)
    try:
        vpcd_client.run(
            link,
            host,
            port,
            reconnect=reconnect,
            ready=lambda: ready(link.card.store.directory, f"{host}:{port}"),
        )
    finally:
        link.close()


def end_on_signals() -> None:
    """Let SIGTERM and SIGINT end the program as if all was done."""
    if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGINT, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
