"""A software My Number card, in-process or behind pcscd."""

from .api import create, load, open_card

__all__ = ["create", "load", "open_card"]
