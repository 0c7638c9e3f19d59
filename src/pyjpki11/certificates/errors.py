"""What can be wrong with certificates that were given to the tool."""

from __future__ import annotations

from pyjpki11.errors import JpkiError


class BadCertificate(JpkiError):
    """This is not a certificate, or a spoilt one."""


class UnfitRoot(JpkiError):
    """A certificate that is to be believed as a root may not issue others; the text is its subject."""


class BadRevocationData(JpkiError):
    """This is neither a revocation list nor an OCSP response."""


class ResponderFailed(JpkiError):
    """An OCSP responder was not reached, or refused to answer; the text says why."""


class FileTooLong(JpkiError):
    """A file is longer than anything of its kind; the text is its name."""
