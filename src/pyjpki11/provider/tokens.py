"""The two tokens of a card."""

from __future__ import annotations

from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE
from pyjpki11.provider.insertion import Insertion
from pyjpki11.provider.memory import CardMemory
from pyjpki11.provider.token import AUTHENTICATION_TOKEN, SIGNATURE_TOKEN, Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pyjpki11.reader.base import Connection
    from pyjpki11.settings import Settings

#: Slot of a reader, in the order of their ids -> key pair and token.
TOKENS = ((AUTHENTICATION, AUTHENTICATION_TOKEN), (SIGNATURE, SIGNATURE_TOKEN))


def recognize(connection: Connection, settings: Settings, next_handle: Callable[[], int]) -> tuple[Token, ...]:
    """The tokens, in the order of TOKENS, of the card that a connection leads to. `next_handle`: see Insertion.

    :raises CardNotRecognized: the card is no My Number card.
    """
    insertion = Insertion(next_handle, connection, CardMemory(settings.certificate_cache))
    tokens = tuple(Token(insertion, key, layout, settings) for key, layout in TOKENS)
    for token, peer in zip(tokens, reversed(tokens), strict=True):
        token.peer = peer
    return tokens
