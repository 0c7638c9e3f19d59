"""Whether a certificate was revoked: the rules that lists and OCSP responses share.

A later revocation leaves an earlier signature alone only where the user has named the earlier time. A time that the
signer alone states proves nothing, so the caller then judges revocation as of now.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509

from pyjpki11.certificates.findings import BAD, OPEN, Finding

CHECK = "revocation"
#: The finding when nothing was given to check with.
NOT_ASKED = Finding(CHECK, OPEN, "not-asked")

#: How DER says that an extension is critical. Spec: RFC 5280 4.1
CRITICAL = b"\x01\x01\xff"

#: What the clocks of others may be ahead.
CLOCK_SKEW = timedelta(minutes=5)
#: For how long news are news, whatever they say of themselves.
HOLDS_AT_MOST = timedelta(days=31)


def revoked(since: datetime, moment: datetime, now: datetime) -> Finding:
    """What a revocation means for a moment; one that lies ahead of now does not make it better."""
    is_later = moment < since and moment < now
    return Finding(CHECK, OPEN if is_later else BAD, "revoked-later" if is_later else "revoked", {"since": since})


def at_odds_with_time(
    kind: str, issued: datetime, until: datetime, certificate: x509.Certificate, moment: datetime, now: datetime
) -> Finding | None:
    """What keeps news from saying anything about a moment; None where nothing does.

    :param kind: what begins the finding's code.
    :param until: when the next news are due.
    """
    until = min(until, issued + HOLDS_AT_MOST)
    if issued > now + CLOCK_SKEW:
        return Finding(CHECK, BAD, f"{kind}-from-the-future", {"issued": issued})
    if until < moment:
        return Finding(CHECK, BAD, f"{kind}-expired", {"issued": issued, "until": until})
    if issued > certificate.not_valid_after_utc:
        # What has expired need not be named any more. Spec: RFC 5280 3.3
        return Finding(CHECK, BAD, f"{kind}-too-late", {"issued": issued})
    return None
