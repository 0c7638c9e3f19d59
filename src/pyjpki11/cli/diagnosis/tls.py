"""What a card without PSS means for signing in to TLS sites, program by program; docs/clients.md has the tests."""

from __future__ import annotations

from collections.abc import Iterator

from pyjpki11.cli.diagnosis.finding import NOTE, OK, Finding
from pyjpki11.cli.language import N_, _

ONLY_12 = N_("{program} can sign in only to sites limited to TLS 1.2.")
PREFERS_PSS = N_("{program} fails with TLS 1.2 and 1.3, because OpenSSL prefers RSA-PSS.")
#: Program -> what it does with TLS 1.2, and the setting that it needs for sites that know TLS 1.3 as well.
ADVICE = {
    "Firefox": (
        N_(
            "{program} can sign in only to sites limited to TLS 1.2; to other sites it sends no certificate, and shows "
            "no error."
        ),
        N_("In about:config, set security.tls.version.max to 3."),
    ),
    "Chromium": (
        N_("{program} can sign in only to sites limited to TLS 1.2, and to TLS 1.3 sites that support RFC 9963."),
        N_("For other sites, start it with --ssl-version-max=tls1.2."),
    ),
    "GnuTLS": (ONLY_12, N_("For other sites, use the priorities NORMAL:-VERS-TLS1.3.")),
    "OpenSSL": (
        PREFERS_PSS,
        N_(
            "In openssl.cnf, set ClientSignatureAlgorithms = RSA+SHA256:RSA+SHA384:RSA+SHA512 and "
            "MaxProtocol = TLSv1.2 in the section that system_default of ssl_conf names."
        ),
    ),
    "curl": (PREFERS_PSS, N_("Use the same settings in openssl.cnf, and start it with --tls-max 1.2.")),
    "Java": (ONLY_12, N_("For other sites, start it with -Djdk.tls.client.protocols=TLSv1.2.")),
    "OpenSSH": (N_("{program} does not need RSA-PSS."), ""),
}


def examine(has_pss: bool | None) -> Iterator[Finding]:
    """Advice for each program, where there is a card and it makes no PSS signatures."""
    if has_pss is None:
        return
    if has_pss:
        yield Finding(OK, "tls", _("TLS 1.2 and TLS 1.3 work with all programs."))
        return
    for program, (message, remedy) in ADVICE.items():
        level = NOTE if remedy else OK
        yield Finding(level, f"tls-{program.lower()}", _(message, program=program), _(remedy))
