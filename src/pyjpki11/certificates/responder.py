"""Asks an OCSP responder about a certificate. Spec: RFC 6960 Appendix A"""

from __future__ import annotations

import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pyjpki11.certificates.errors import ResponderFailed

TIMEOUT_S = 20
MAX_LEN = 1 << 20  # bytes; a response has some thousands
SCHEMES = ("http://", "https://")


def ask(certificate: x509.Certificate, issuer: x509.Certificate, url: str) -> bytes:
    """The response, DER, unverified.

    :raises ResponderFailed: it was not reached, or it did not answer so.
    """
    if not url.startswith(SCHEMES):
        raise ResponderFailed(f"{url}: http:// or https:// was expected")
    # SHA-1 only names the issuer here, and it is the name that every responder knows. Spec: RFC 5019 2.1.1
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1()).build()  # noqa: S303
    request = urllib.request.Request(  # noqa: S310 - the scheme has just been looked at
        url, asked.public_bytes(Encoding.DER), {"Content-Type": "application/ocsp-request"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            data: bytes = answer.read(MAX_LEN)
    except (OSError, ValueError) as error:  # URLError is an OSError
        raise ResponderFailed(f"{url}: {getattr(error, 'reason', None) or error}") from None
    return data
