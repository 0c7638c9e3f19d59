"""What can be wrong with a document or a signature before anything is verified."""

from __future__ import annotations

from pyjpki11.errors import JpkiError


class NotSignedData(JpkiError):
    """This is not a signature as this tool knows them.

    `reason` is a word for what is wrong, for which the tool has a sentence; `detail` is for its log only.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class ContentChanged(JpkiError):
    """A file was changed while it was being signed or taken out of a signature."""
