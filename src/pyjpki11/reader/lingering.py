"""Who keeps PC/SC transactions open for a moment: nobody, until somebody puts a way in its place."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def nobody(card: int, milliseconds: int) -> None:
    """Every transaction ends at once."""


#: (PC/SC handle of the card, milliseconds) -> what takes the transaction back, which tells whether it is still open, to
#: be called once; or None, when it has to be ended now. It ends by itself after that time, and before a fork.
keep: Callable[[int, int], Callable[[], bool] | None] = nobody
