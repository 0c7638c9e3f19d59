"""The ring of secrets: what a program that has used the card leaves behind."""

from __future__ import annotations

from pcsc.conftest import new_client as new_client
from pcsc.conftest import programs as programs
from provider.conftest import desk as desk
from provider.conftest import make_desk as make_desk
