"""One key pair of an inserted card as a PKCS#11 token: what it is, its login, its objects, its signatures."""

from __future__ import annotations

from pyjpki11.card.layout import AUTHENTICATION, SIGNATURE
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError, SecurityStatusNotSatisfied, WrongSignature
from pyjpki11.provider.card_facts import CardFacts
from pyjpki11.provider.login import CardLogout, Login
from pyjpki11.provider.object_store import ObjectStore
from pyjpki11.provider.token_facts import TokenFacts
from pyjpki11.provider.token_objects import AUTHENTICATION_OBJECTS, SIGNATURE_OBJECTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyjpki11.card.layout import KeyLayout
    from pyjpki11.provider.card_cache import CardCache
    from pyjpki11.provider.inserted_card import InsertedCard
    from pyjpki11.provider.objects import ObjectRow
    from pyjpki11.settings import Settings


class TokenLayout:
    """What distinguishes the two tokens; the labels are OpenSC's. Card: notes 8.2"""

    __slots__ = ("index", "key", "label", "objects")

    def __init__(self, index: int, key: KeyLayout, label: str, objects: Sequence[ObjectRow]) -> None:
        self.index = index
        self.key = key
        self.label = label
        self.objects = objects


#: In the order of the slots' ids.
TOKENS = (
    TokenLayout(0, AUTHENTICATION, "JPKI (User Authentication PIN)", AUTHENTICATION_OBJECTS),
    TokenLayout(1, SIGNATURE, "JPKI (Digital Signature PIN)", SIGNATURE_OBJECTS),
)


class Token:
    """One slot's view of an inserted card."""

    def __init__(
        self,
        card: InsertedCard,
        card_facts: CardFacts,
        layout: TokenLayout,
        login: Login,
        next_handle: Callable[[], int],
    ) -> None:
        """See `tokens_of`."""
        self.card = card
        self.card_facts = card_facts
        self.layout = layout
        self.key = layout.key
        self.login = login
        self.facts = TokenFacts(card_facts, layout.key, login)
        self.objects = ObjectStore(self.facts, login, layout.objects, next_handle)

    def log_out(self) -> None:
        """Log out, here and on the card; what was private before gets other handles."""
        with self.card.lock:
            if self.login.is_logged_in:
                self.objects.renew_private_handles()
            self.login.log_out()

    def sign(self, block: bytes, mode: int, has_own_consent: bool) -> bytes:
        """The card's signature, unverified; see JpkiCard.sign. Design: decision 8

        :param has_own_consent: the PIN was presented for this very signature.
        :raises CryptokiError: USER_NOT_LOGGED_IN, also when the card has lost the login, so that hosts ask anew.
        """
        if not self.login.is_logged_in:
            raise CryptokiError(ckr.USER_NOT_LOGGED_IN)
        self.login.consent.use(has_own_consent)
        try:
            return self.card.run(self.card.jpki.sign, self.key, block, mode)
        except SecurityStatusNotSatisfied:
            self.login.lose()

    def refuse_signature(self) -> WrongSignature:
        """What the card has answered is not a signature; it may have been another application that did."""
        self.card.jpki.is_selected = False
        return WrongSignature("the card's signature does not fit its certificate")


def tokens_of(
    card: InsertedCard, cache: CardCache, settings: Settings, next_handle: Callable[[], int]
) -> tuple[Token, ...]:
    """The tokens, in the order of TOKENS, of a card that is connected. `next_handle`: see ObjectStore.

    :raises CardNotRecognized: it is not a My Number card.
    """
    facts = CardFacts(card, cache)
    logout = CardLogout(card, settings)
    return tuple(
        Token(card, facts, layout, Login(card, layout.key, settings, logout), next_handle) for layout in TOKENS
    )
