"""Adds what is compiled to the package that pyproject.toml describes."""

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools import setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).resolve().parent / "c_shim"))

import build_shim


class BuildShim(build_ext):
    """Names the exported library as its users know it, without Python's suffix."""

    def get_ext_filename(self, ext_name: str) -> str:
        name = build_shim.LIBRARY.rpartition(".")[2]
        return f"{name}.so" if ext_name == name else str(super().get_ext_filename(ext_name))  # type: ignore[no-untyped-call]


class BuildPackage(build_py):
    """Compiles the translations beside the modules that show them."""

    def run(self) -> None:
        super().run()
        for source in sorted(Path("src").rglob("*.po")):
            target = Path(self.build_lib) / source.relative_to("src").with_suffix(".mo")
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as texts, target.open("wb") as compiled:
                write_mo(compiled, read_po(texts, locale=source.parts[-3], abort_invalid=True))


setup(
    cffi_modules=["c_shim/build_shim.py:boundary_module"],
    ext_modules=[build_shim.library_extension(Path("build") / "shim")],
    cmdclass={"build_ext": BuildShim, "build_py": BuildPackage},
)
