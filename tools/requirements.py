"""Prints what the project needs from the package index: `requirements.py [EXTRA...]`."""

import sys
import tomllib
from pathlib import Path


def requirements(extras: list[str]) -> list[str]:
    """What builds the project, what it imports, what the extras add."""
    content = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    project = content["project"]
    added = [line for extra in extras for line in project["optional-dependencies"][extra]]
    return [*content["build-system"]["requires"], *project["dependencies"], *added]


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1:])))
