"""What can be wrong with a document or a signature before anything is verified."""

from __future__ import annotations

from pyjpki11.errors import JpkiError


class NotSignedData(JpkiError):
    """This is no signature as this tool knows them; the text says what is wrong with it."""


class ContentChanged(JpkiError):
    """A file was changed by somebody while it was being signed."""
