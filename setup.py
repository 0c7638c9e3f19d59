"""Adds what is compiled to the package that pyproject.toml describes."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

sys.path.insert(0, str(Path(__file__).resolve().parent / "c_shim"))

import build_shim


class BuildShim(build_ext):
    """Names the exported library as its users know it, without Python's suffix."""

    def get_ext_filename(self, ext_name: str) -> str:
        name = build_shim.LIBRARY.rpartition(".")[2]
        return f"{name}.so" if ext_name == name else super().get_ext_filename(ext_name)


setup(
    cffi_modules=["c_shim/build_shim.py:boundary_module"],
    ext_modules=[build_shim.library_extension(Path("build") / "shim")],
    cmdclass={"build_ext": BuildShim},
)
