"""What checks found, in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pyjpki11.certificates.anchors import AUTHENTICATION, SIGNATURE
from pyjpki11.certificates.findings import BAD, GOOD, NOT_VALID, OPEN, UNPROVEN, VALID, Facts, Finding, verdict
from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal import columns
from pyjpki11.cli.wording import dates

#: Result -> what stands before its line.
MARKS = {GOOD: N_("ok"), BAD: N_("BAD"), OPEN: "--", UNPROVEN: "??"}

#: Check -> its name.
CHECKS = {
    "content": N_("Content"),
    "signature": N_("Signature"),
    "certificate": N_("Certificate"),
    "signing-time": N_("Signing time"),
    "time-stamp": N_("Time stamp"),
    "issuer": N_("Issuer"),
    "validity": N_("Validity"),
    "at-signing": N_("At signing"),
    "key-usage": N_("Key usage"),
    "purpose": N_("Purpose"),
    "revocation": N_("Revocation"),
}

#: Check, code -> sentence; its places are the finding's facts.
SENTENCES = {
    ("content", "unchanged"): N_("unchanged since it was signed ({digest})"),
    ("content", "changed"): N_("not what was signed"),
    ("content", "weak-digest"): N_("its hash {digest} is too weak to be trusted"),
    ("content", "no-attributes"): N_(
        "not judged: the signature has no signed attributes (CAdES requires them), so it is not known what its signer "
        "meant to sign"
    ),
    ("content", "other-content-type"): N_("the signature is for another type of content"),
    ("signature", "fits"): N_("made with the key of the signer's certificate ({digest})"),
    ("signature", "does-not-fit"): N_("not made with the key of the signer's certificate, or changed since"),
    ("signature", "not-judged"): N_("not judged, for the same reason"),
    ("signature", "weak-key"): N_("not accepted: the key is too short to be trusted"),
    ("signature", "no-certificate"): N_("the signer's certificate is not included"),
    ("signature", "unsupported"): N_("too weak or unknown: {algorithm}"),
    ("certificate", "named"): N_("matches the certificate recorded in the signature"),
    ("certificate", "another-named"): N_("does not match the certificate recorded in the signature"),
    ("certificate", "not-named"): N_("no certificate is recorded in the signature (CMS without CAdES)"),
    ("signing-time", "stated"): N_("{time}, according to the signer's clock; not proven"),
    ("signing-time", "not-stated"): N_("not stated"),
    ("signing-time", "in-the-future"): N_("{time}, which is in the future"),
    ("time-stamp", "time-stamp-not-checked"): N_("present, but not checked"),
    ("issuer", "published-root"): N_("{issuer_name}"),
    ("issuer", "given-root"): N_("a root given with --root"),
    ("issuer", "test-root"): N_("TEST CARD: does not identify a real person"),
    ("issuer", "unknown-issuer"): N_(
        "not signed by any of the J-LIS roots in this package; pass another issuer's root with --root FILE ({issuer})"
    ),
    ("issuer", "missing-issuer"): N_("the issuer's certificate is not included; pass it with --root FILE ({issuer})"),
    ("issuer", "test-issuer"): N_("a test card or a software card; --test-card accepts it"),
    ("issuer", "weak-key"): N_("the issuer's key is too short to be trusted"),
    ("issuer", "weak-hash"): N_("the hash of its signature is too weak: {hash}"),
    ("validity", "valid"): N_("valid at {at} ({from} to {to})"),
    ("validity", "expired"): N_("expired on {to}"),
    ("validity", "not-yet-valid"): N_("not valid before {from}"),
    ("validity", "issuer-expired"): N_("the issuer's certificate expired on {to}"),
    ("validity", "issuer-not-yet-valid"): N_("the issuer's certificate is not valid before {from}"),
    ("at-signing", "valid"): N_("the certificate was valid at the signing time"),
    ("at-signing", "not-valid"): N_("the certificate was not valid at the signing time"),
    ("key-usage", "signs"): N_("the key may be used for signing"),
    ("key-usage", "issues"): N_("the key may be used to issue certificates"),
    ("key-usage", "unlimited"): N_("not stated"),
    ("key-usage", "no-signing"): N_("the key may not be used for signing"),
    ("key-usage", "weak-key"): N_("the key is too short to be trusted"),
    ("key-usage", "unknown-extension"): N_("it has an unknown critical extension: {oid}"),
    ("purpose", "documents"): N_("documents"),
    ("purpose", "authentication"): N_(
        "for signing in, not for documents: any site to which the holder signs in could have obtained this signature; "
        "--accept-auth accepts it"
    ),
    ("revocation", "not-asked"): N_(
        "not checked: J-LIS gives revocation data to accredited verifiers only; if you have access, use --crl or --ocsp"
    ),
    ("revocation", "no-issuer"): N_("not checked, because the issuer is unknown"),
    ("revocation", "not-listed"): N_("not on the revocation list of {issued}"),
    ("revocation", "not-revoked"): N_("not revoked according to the OCSP responder, at {issued}"),
    ("revocation", "revoked"): N_("revoked on {since}"),
    ("revocation", "revoked-later"): N_("revoked on {since}, after the time of --at"),
    ("revocation", "list-of-another-issuer"): N_("the revocation list is from another issuer"),
    ("revocation", "list-does-not-cover"): N_("the revocation list is for other certificates"),
    ("revocation", "list-not-allowed"): N_("the issuer's key may not be used to sign revocation lists"),
    ("revocation", "list-weak-hash"): N_("the hash of the revocation list's signature is too weak"),
    ("revocation", "list-not-understood"): N_("the revocation list has an unknown critical extension"),
    ("revocation", "list-without-end"): N_("the revocation list does not state until when it is valid"),
    ("revocation", "list-from-the-future"): N_("the revocation list has a future date: {issued}"),
    ("revocation", "list-expired"): N_("the revocation list was valid until {until} only"),
    ("revocation", "list-too-late"): N_(
        "the revocation list of {issued} may leave out the certificate, which had expired by then"
    ),
    ("revocation", "response-refused"): N_("the OCSP responder refused: {status}"),
    ("revocation", "response-of-another-issuer"): N_("the OCSP response is from another issuer"),
    ("revocation", "response-about-another"): N_("the OCSP response is about another certificate"),
    ("revocation", "response-weak-hash"): N_("the hash of the OCSP response's signature is too weak"),
    ("revocation", "response-not-understood"): N_("the OCSP response has an unknown critical extension"),
    ("revocation", "response-from-the-future"): N_("the OCSP response has a future date: {issued}"),
    ("revocation", "response-expired"): N_("the OCSP response is valid from {issued} to {until} only"),
    ("revocation", "response-too-late"): N_(
        "the OCSP response of {issued} does not cover the certificate, which had expired by then"
    ),
    ("revocation", "response-unknown"): N_("the OCSP responder has no information about the certificate"),
}

#: Check, code of what was not checked, or does not say what readers may take for granted -> its words in a headline.
GAPS = {
    ("issuer", "test-root"): N_("test card only"),
    ("purpose", "authentication"): N_("made for signing in"),
    ("time-stamp", "time-stamp-not-checked"): N_("time stamp not checked"),
    ("revocation", "not-asked"): N_("revocation not checked"),
    ("revocation", "revoked-later"): N_("revoked since"),
}

#: What is judged.
SIGNATURE_ITSELF, CERTIFICATE = "signature", "certificate"

#: What is judged, verdict -> headline.
HEADLINES = {
    (SIGNATURE_ITSELF, VALID): N_("The signature is valid."),
    (SIGNATURE_ITSELF, NOT_VALID): N_("The signature is NOT valid."),
    (CERTIFICATE, VALID): N_("The certificate is valid."),
    (CERTIFICATE, NOT_VALID): N_("The certificate is NOT valid."),
}

#: What is judged -> headline of something valid with gaps.
WITH_GAPS = {
    SIGNATURE_ITSELF: N_("The signature is valid; {gaps}."),
    CERTIFICATE: N_("The certificate is valid; {gaps}."),
}

#: Check, code that leaves a signature unproven -> headline; the first that fits.
NO_PROOF = {
    ("content", "no-attributes"): N_("The signature could NOT be judged."),
    ("purpose", "authentication"): N_("The signature is NOT for documents: it was made with a key for signing in."),
}

#: Facts of which the day is enough.
DAYS = ("from", "to")

#: Purpose of a root of J-LIS -> its name.
ROOTS = {
    AUTHENTICATION: N_("J-LIS, CA for user authentication, generation {generation}"),
    SIGNATURE: N_("J-LIS, CA for digital signatures, generation {generation}"),
}


def lines(findings: Iterable[Finding]) -> list[str]:
    """A line or more for each finding."""
    findings = list(findings)
    first = max(columns.width(_(MARKS[it.result])) for it in findings)
    names = [f"{columns.pad(_(MARKS[it.result]), first)}  {_(CHECKS[it.check])}" for it in findings]
    return columns.table(zip(names, map(sentence, findings), strict=True), indent=2)


def sentence(finding: Finding) -> str:
    """A finding in words."""
    facts = {name: _in_words(name, value) for name, value in finding.facts.items()}
    if finding.code == "published-root":
        facts["issuer_name"] = _(ROOTS[str(finding.facts["purpose"])], **facts)
    text = _(SENTENCES[finding.check, finding.code])
    return text.format_map(facts) if facts else text


def headline(judged: str, findings: Iterable[Finding]) -> str:
    """The verdict in words, with what was not checked."""
    findings = list(findings)
    found = verdict(findings)
    if found == UNPROVEN:
        keys = {(it.check, it.code) for it in findings}
        return next(_(text) for key, text in NO_PROOF.items() if key in keys)
    gaps = [_(GAPS[key]) for key in _gaps(findings)] if found == VALID else []
    return _(WITH_GAPS[judged], gaps=_(", ").join(gaps)) if gaps else _(HEADLINES[judged, found])


def not_checked(findings: Iterable[Finding]) -> list[str]:
    """The codes of what a headline names as not checked, for programs."""
    return [code for _check, code in _gaps(findings)]


def _gaps(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    keys = {(it.check, it.code) for it in findings if it.result == OPEN}
    return [key for key in GAPS if key in keys]


def documents(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """For programs; the facts beside check, result and code."""
    return [{"check": it.check, "result": it.result, "code": it.code, **_plain(it.facts)} for it in findings]


def _plain(facts: Facts) -> dict[str, object]:
    return {name: fact.isoformat() if isinstance(fact, datetime) else fact for name, fact in facts.items()}


def _in_words(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return dates.day(value) if name in DAYS else dates.time(value)
    return str(value).upper().replace("SHA", "SHA-") if name == "digest" else value
