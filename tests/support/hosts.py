"""C programs that load the module as its users do."""

from __future__ import annotations

import os
from pathlib import Path

from support.process import run

SOURCES = Path(__file__).parents[1] / "module" / "hosts"
# p11-kit's pkcs11.h, so that our own header is not judged by itself
INCLUDES = ["-isystem", "/usr/include/p11-kit-1", "-isystem", "/usr/include/PCSC"]
FLAGS = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", *INCLUDES]
LIBRARIES = ["-ldl", "-lpthread", "-Wl,--as-needed", "-lpcsclite"]


class Hosts:
    """Compiles each tests/module/hosts/NAME.c when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str) -> Path:
        """The program made from NAME.c."""
        program = self._folder / name
        if not program.exists():
            compiler = os.environ.get("CC", "cc").split()
            run([*compiler, *FLAGS, "-o", program, SOURCES / f"{name}.c", *LIBRARIES])
        return program
