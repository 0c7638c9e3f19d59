"""The period in which a certificate is valid, in the words of people in Japan."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pyjpki11.cli.language import _, ngettext
from pyjpki11.cli.wording import dates

#: From then on the municipalities renew a certificate.
RENEWAL = timedelta(days=90)


class Period(NamedTuple):
    """From when to when a certificate is valid; both are aware times."""

    not_before: datetime
    not_after: datetime

    @classmethod
    def of(cls, certificate: Any) -> Period:
        """The period of an asn1crypto certificate."""
        return cls(certificate.not_valid_before, certificate.not_valid_after)

    def document(self, now: datetime) -> dict[str, object]:
        """For programs; the times are ISO 8601 in UTC as in the certificate, and days_left is negative afterwards."""
        return {
            "not_before": self.not_before.isoformat(),
            "not_after": self.not_after.isoformat(),
            "days_left": (self.not_after - now).days,
        }

    def text(self) -> str:
        """Both days in Japan."""
        return _("{first} to {last}", first=dates.day(self.not_before), last=dates.day(self.not_after))

    def warning(self, now: datetime) -> str:
        """What a holder should know about the period now; empty when all is well."""
        if now < self.not_before:
            return _("not valid yet")
        if now > self.not_after:
            return _("expired; your municipal office issues a new one")
        if self.not_after - now > RENEWAL:
            return ""
        days = (self.not_after - now).days
        return ngettext(
            "expires in {count} day; your municipal office renews it",
            "expires in {count} days; your municipal office renews it",
            days,
        )
