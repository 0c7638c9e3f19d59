"""The one way from C into Python, which every handler takes."""

from __future__ import annotations

from _thread import allocate_lock
from posix import register_at_fork

from pyjpki11 import log
from pyjpki11.boundary._cffi import ffi
from pyjpki11.boundary.ckr_table import ckr_of, explain
from pyjpki11.cryptoki import ckr
from pyjpki11.errors import CryptokiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pyjpki11.provider.module import Module

_module: Module | None = None
_change = allocate_lock()  # C_Initialize and C_Finalize, one at a time
_of_parents: list[Module] = []


def module() -> Module:
    """The initialised module.

    :raises CryptokiError: CRYPTOKI_NOT_INITIALIZED.
    """
    if _module is None:
        raise CryptokiError(ckr.CRYPTOKI_NOT_INITIALIZED)
    return _module


def initialize(make: Callable[[], Module]) -> None:
    """Begin with a new module, unless there is one.

    :raises CryptokiError: CRYPTOKI_ALREADY_INITIALIZED.
    """
    global _module
    with _change:
        if _module is not None:
            raise CryptokiError(ckr.CRYPTOKI_ALREADY_INITIALIZED)
        _module = make()


def finalize() -> None:
    """End the module; calls that still run on it fail by themselves.

    :raises CryptokiError: CRYPTOKI_NOT_INITIALIZED.
    """
    global _module
    with _change:
        ended, _module = module(), None
        ended.close()


def _forget_parent() -> None:
    """A forked child has its parent's handles to the card, which it must not touch, not even to close them; so
    they are kept from being garbage collected. The parent may have been inside a change."""
    global _module, _change
    if _module is not None:
        _of_parents.append(_module)
    _module = None
    _change = allocate_lock()


register_at_fork(after_in_child=_forget_parent)


class Handlers:
    """The functions of a module of this package that answer the C functions of the same names.

    It is imported by the first call of one of them. A handler gets C's arguments and returns nothing: success is
    CKR_OK, failure an exception. Python never lets one through to C, where it would read as CKR_OK (design decision 1).
    """

    def __init__(self, module: str, names: list[str]) -> None:
        self._module = module
        self._names = names
        self._handlers: dict[str, Callable[..., None]] = {}

    def attach(self) -> None:
        """Have them called from C."""
        for name in self._names:
            ffi.def_extern(name=f"py_{name}")(self._entry(name))

    def _entry(self, name: str) -> Callable[..., None]:
        handlers = self._handlers

        def call(rv: Any, *args: Any) -> None:
            try:
                if not handlers:
                    self._import()
                handlers[name](*args)
            except BaseException as error:
                rv[0] = answer = ckr_of(error)
                level = log.DEBUG if answer == ckr.NO_EVENT else log.INFO  # who waits is told so all the time
                if log.is_enabled(level):
                    log.write(level, explain(name, error, answer))
            else:
                rv[0] = ckr.OK

        return call

    def _import(self) -> None:
        """All at once: a Python host that ends calls C_Finalize when nothing can be imported any more."""
        module = __import__(f"pyjpki11.boundary.{self._module}", fromlist=self._names)
        self._handlers.update({name: getattr(module, name) for name in self._names})
