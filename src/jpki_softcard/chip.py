"""The powered chip: what it forgets without power."""

from .applications import ISSUER_DOMAIN, installed
from .errors import Refusal, refuse_unless
from .files import Application, DataFile, File, Source
from .rsa import PrivateKey
from .rules import Rules
from .status import SW
from .store import Store

CURRENT_EF = 0x80  # a reference byte: the current EF; its low five bits may hold a short EF identifier


class Chip:
    """Current application, current EF, verified PINs; the handlers work on it."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self.store = store
        self.rules = rules
        self.applications = installed(rules)
        self.application: Application = ISSUER_DOMAIN
        self.current: File | None = None
        self.verified: set[int] = set()  # PIN EF identifiers of the current application
        self.waiting = b""  # response bytes for GET RESPONSE
        self.signatures = 0  # since power-on
        self._contents: dict[int, bytes] = {}  # of the current application, by EF identifier
        self._keys: dict[str, PrivateKey] = {}

    def enter(self, application: Application) -> None:
        """Make an application current.

        Card: notes 3.4. Its PINs stay verified when it already was; another application's do not.
        """
        if application is not self.application or self.rules.reselect_clears:
            self.verified.clear()
        if application is not self.application:
            self._contents.clear()
        self.application = application
        self.current = None

    def select(self, fid: int) -> File:
        """Make an EF of the current application current; Refusal 6A82 leaves all as it was."""
        file = self.application.find(fid)
        if file is None:
            raise Refusal(SW.NOT_FOUND)
        self.current = file
        return file

    def target(self, reference: int) -> File:
        """The EF a reference byte means, 80 or 80 + short EF identifier, which becomes current.

        Card: notes 1.2; identifiers 01 to 1E, selected as a side effect
        """
        refuse_unless(reference & 0xE0 == CURRENT_EF, SW.WRONG_P1P2)
        short = reference & 0x1F
        if short == 0:
            return self._current_file()
        refuse_unless(self.rules.short_ef and short != 0x1F, SW.WRONG_P1P2)
        return self.select(short)

    def is_open(self, any_of: tuple[int, ...] | None) -> bool:
        """Whether a read condition (see DataFile) holds."""
        return any_of is not None and (not any_of or not self.verified.isdisjoint(any_of))

    def content(self, file: DataFile) -> bytes:
        """All bytes of a transparent EF of the current application."""
        if file.fid not in self._contents:
            self._contents[file.fid] = file.content(Source(self.store, self.rules))
        return self._contents[file.fid]

    def key(self, name: str) -> PrivateKey:
        """A private key of the card."""
        if name not in self._keys:
            self._keys[name] = self.store.key(name)
        return self._keys[name]

    def _current_file(self) -> File:
        if self.current is None:
            raise Refusal(SW.NO_CURRENT_EF)
        return self.current
