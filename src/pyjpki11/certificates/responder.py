"""Asks an OCSP responder about a certificate. Spec: RFC 6960 Appendix A"""

from __future__ import annotations

import urllib.request
from errno import ETIMEDOUT, errorcode
from threading import Thread
from urllib.error import HTTPError

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pyjpki11.certificates.errors import ResponderFailed
from pyjpki11.certificates.inputs import MAX_RESPONSE_LEN

#: For all of it; a responder that sends a byte now and then cannot prolong it.
TIMEOUT_S = 20
SCHEMES = ("http://", "https://")


def ask(certificate: x509.Certificate, issuer: x509.Certificate, url: str, timeout_s: float = TIMEOUT_S) -> bytes:
    """The response, DER, unverified.

    :raises ResponderFailed: it was not reached, or it did not answer so.
    """
    if not url.startswith(SCHEMES):
        raise ResponderFailed(f"{url}: EPROTONOSUPPORT")
    # SHA-1 only names the issuer here, and it is the name that every responder knows. Spec: RFC 5019 2.1.1
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1()).build()  # noqa: S303
    request = urllib.request.Request(  # noqa: S310 - the scheme has just been looked at
        url, asked.public_bytes(Encoding.DER), {"Content-Type": "application/ocsp-request"}
    )
    answers: list[bytes | Exception] = []
    # The library's own limit begins anew with every byte that comes.
    asking = Thread(target=_fetch, args=(request, timeout_s, answers), daemon=True)
    asking.start()
    asking.join(timeout_s)
    answer = answers[0] if answers else TimeoutError(ETIMEDOUT, "")
    if isinstance(answer, Exception):
        raise ResponderFailed(f"{url}: {_name_of(answer)}")
    return answer


def _name_of(error: Exception) -> str:
    """What went wrong, in a word of no language."""
    if isinstance(error, HTTPError):
        return f"HTTP {error.code}"
    cause = getattr(error, "reason", error)  # URLError wraps what the system said
    number = ETIMEDOUT if isinstance(cause, TimeoutError) else getattr(cause, "errno", None)
    return errorcode.get(number or 0, type(cause).__name__)


def _fetch(request: urllib.request.Request, timeout_s: float, answers: list[bytes | Exception]) -> None:
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            answers.append(answer.read(MAX_RESPONSE_LEN))
    except Exception as error:
        answers.append(error)
