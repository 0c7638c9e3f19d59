"""Somebody who uses a browser: visits sites, chooses the certificate, types PINs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from support.browser_kinds import Kind
from support.display import Display, soon
from support.process import Failed, background
from support.tls_site import TlsSite

AGAIN_S = 1.5  # a key that shows no effect for so long is pressed again
ADDRESS_BAR = 400, 63  # pixels; a shortcut gets there too, but only once the page has let it through
REASON, LEFT = re.compile(r"\[SSL: (\w+)\]"), "UNEXPECTED_EOF_WHILE_READING"


class Browser:
    """A running browser, and the person who uses it."""

    def __init__(self, kind: Kind, display: Display, album: Path) -> None:
        self._kind = kind
        self._display = display
        self._album = album
        self._window = display.wait_for(f"a window of {kind.name}", lambda: display.window(kind.title))
        self.prompts: list[str] = []
        """What the prompts for a PIN said, all that came."""
        self.choices = 0
        """How often it asked which certificate to send."""

    def look_at(self, site: TlsSite) -> None:
        """Visit a site that wants no certificate."""
        self._visit(site)
        self._display.wait_for("the site to show itself", lambda: site.visits)
        self.wait_for_page("Not signed in")

    def sign_in(self, site: TlsSite, *pins: str, reloads: int = 0) -> None:
        """Visit a site that wants a certificate, send it the one there is, answer each prompt with the next PIN.

        `reloads`: how often to try once more when the site refuses. Raises AssertionError for more prompts than PINs,
        or for less, or when the site refuses all the same.
        """
        left = list(pins)
        self._visit(site)
        for attempts in range(1, reloads + 2):
            if attempts > 1:
                self._display.press(self._window, "F5")
            self._answer_until(partial(_has_decided, site, attempts), left)
            if site.sign_ins:
                break
        assert site.sign_ins, f"refused: {_refusals(site)}"
        self.wait_for_page("Signed in as")
        assert not left and not self._prompt(), f"{len(left)} PINs are left, these were asked for: {self.prompts}"

    def refusal(self, site: TlsSite) -> str:
        """Visit a site that does not let us in, and never ask for a PIN; what ended the handshake, as OpenSSL says."""
        self._visit(site)
        self._answer_until(partial(_has_decided, site, 1), [])
        return _refusals(site)[0] if not site.sign_ins else ""

    def wait_for_page(self, title: str) -> None:
        """Wait for a page with these words in its title."""
        self._display.wait_for(f"a page called {title}", lambda: title in self._display.title(self._window))

    def _visit(self, site: TlsSite) -> None:
        """Type the address of a site, once more if the browser was not listening."""

        def type_address() -> int | None:
            self._display.click(self._window, *ADDRESS_BAR)
            self._display.press(self._window, "ctrl+a")
            self._display.type(self._window, site.url)
            self._display.press(self._window, "Return")
            return soon(lambda: site.connections, AGAIN_S)

        self._display.wait_for("the browser to go to the site", type_address)

    def _answer_until(self, condition: Callable[[], object], pins: list[str]) -> None:
        while not condition():
            self._display.wait_for("a question, or the site's decision", lambda: self._answer(pins) or condition())

    def _answer(self, pins: list[str]) -> bool:
        """Answer a question if there is one."""
        if window := self._prompt():
            self._enter(window, pins)
        elif self._is_asking():
            self._choose_certificate()
        else:
            return False
        return True

    def _enter(self, window: int, pins: list[str]) -> None:
        self.prompts.append(self._display.read(window))
        assert pins, f"a prompt too many: {self.prompts}"
        self._display.picture(window, self._album / f"{self._kind.name.lower()}-pin.png")
        self._display.type(window, pins.pop(0))
        self._press_until_gone(window, lambda: self._display.title(window))

    def _choose_certificate(self) -> None:
        self.choices += 1
        self._display.picture(self._window, self._album / f"{self._kind.name.lower()}-certificate.png")
        self._press_until_gone(self._window, lambda: not self._prompt() and self._is_asking())

    def _prompt(self) -> int | None:
        """The window that asks for a PIN; each prompt has its own."""
        return self._display.window(self._kind.prompt)

    def _is_asking(self) -> bool:
        """Whether it asks for a certificate, which is not in a window of its own."""
        words = self._display.read(self._window)
        return any(part in words for part in self._kind.question)

    def _press_until_gone(self, window: int, is_there: Callable[[], object]) -> None:
        """Accept what a window asks. Browsers ignore keys for a moment, lest they were meant for something else."""

        def accept() -> bool | None:
            self._display.press(window, "Return")
            return soon(lambda: not is_there(), AGAIN_S)

        self._display.wait_for("the answer to be taken", accept)


def _has_decided(site: TlsSite, attempts: int) -> bool:
    """Whether a site has let us in, or has refused that often."""
    return bool(site.sign_ins) or len(_refusals(site)) >= attempts


def _refusals(site: TlsSite) -> list[str]:
    """OpenSSL's names of why handshakes ended, except for those that the browser left to ask its user."""
    names = [name for visit in site.visits for name in REASON.findall(visit.error)]
    return [name for name in names if name != LEFT]


NewBrowser = Callable[..., Browser]


@contextlib.contextmanager
def browsing(kind: Kind, display: Display, site: TlsSite, album: Path) -> Iterator[Browser]:
    """The browser, showing a site that wants no certificate."""
    log = album / f"{kind.name.lower()}.log"
    with background([*kind.command, site.url], log, display.environment) as process:
        try:
            browser = Browser(kind, display, album)
        except Failed as error:
            state = "runs" if process.poll() is None else f"ended with {process.returncode}"
            raise Failed(f"{error}\n{kind.name} {state}\n{log.read_text(errors='backslashreplace')}") from None
        browser.wait_for_page("Not signed in")
        yield browser
