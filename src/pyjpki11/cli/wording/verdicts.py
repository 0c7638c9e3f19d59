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
    ("content", "unchanged"): N_("it is what was signed ({digest})"),
    ("content", "changed"): N_("it is not what was signed"),
    ("content", "weak-digest"): N_("its hash {digest} is too weak to prove anything"),
    ("content", "no-attributes"): N_(
        "not judged: the signature has no signed attributes (CAdES demands them), so nothing tells what was meant"
    ),
    ("content", "other-content-type"): N_("the signature is for another type of content"),
    ("signature", "fits"): N_("made with the key of the signer's certificate ({digest})"),
    ("signature", "does-not-fit"): N_("not made with the key of the signer's certificate, or changed since"),
    ("signature", "not-judged"): N_("not judged, for the same reason"),
    ("signature", "weak-key"): N_("not accepted: the key is too short to prove anything"),
    ("signature", "no-certificate"): N_("the signer's certificate is not enclosed"),
    ("signature", "unsupported"): N_("too weak, or of an unknown kind: {algorithm}"),
    ("certificate", "named"): N_("the one that the signer named"),
    ("certificate", "another-named"): N_("the signer named another one"),
    ("certificate", "not-named"): N_("not named in what was signed (CMS without CAdES)"),
    ("signing-time", "stated"): N_("{time}, as the signer's clock had it; nothing proves it"),
    ("signing-time", "not-stated"): N_("not stated"),
    ("signing-time", "in-the-future"): N_("{time}, which has not come yet"),
    ("time-stamp", "time-stamp-not-checked"): N_("there is one, which was not checked"),
    ("issuer", "published-root"): N_("{issuer_name}"),
    ("issuer", "given-root"): N_("a root of --root"),
    ("issuer", "test-root"): N_("TEST CARD: this says nothing about any person"),
    ("issuer", "unknown-issuer"): N_(
        "none of the roots that J-LIS has published signed it; --root FILE names that of another issuer ({issuer})"
    ),
    ("issuer", "missing-issuer"): N_(
        "the issuer's certificate is missing: it is not enclosed; give it with --root FILE ({issuer})"
    ),
    ("issuer", "test-issuer"): N_("a test card or a card of software; --test-card accepts it"),
    ("issuer", "weak-key"): N_("the issuer's key is too short to prove anything"),
    ("issuer", "weak-hash"): N_("its signature's hash is too weak: {hash}"),
    ("validity", "valid"): N_("valid at {at} ({from} to {to})"),
    ("validity", "expired"): N_("expired on {to}"),
    ("validity", "not-yet-valid"): N_("not valid before {from}"),
    ("validity", "issuer-expired"): N_("the issuer's certificate expired on {to}"),
    ("validity", "issuer-not-yet-valid"): N_("the issuer's certificate is not valid before {from}"),
    ("at-signing", "valid"): N_("the certificate was valid at the signing time"),
    ("at-signing", "not-valid"): N_("the certificate was not valid at the signing time"),
    ("key-usage", "signs"): N_("the key may sign"),
    ("key-usage", "issues"): N_("the key may issue certificates"),
    ("key-usage", "unlimited"): N_("not stated"),
    ("key-usage", "no-signing"): N_("the key may not sign"),
    ("key-usage", "weak-key"): N_("the key is too short to prove anything"),
    ("key-usage", "unknown-extension"): N_("it has a critical extension of unknown meaning: {oid}"),
    ("purpose", "documents"): N_("documents"),
    ("purpose", "authentication"): N_(
        "signing in, not documents: any site that its holder signs in to could have had this signature made; "
        "--accept-auth accepts it"
    ),
    ("revocation", "not-asked"): N_(
        "not checked: J-LIS opens its CRL and OCSP to certified verifiers only; who may use them gives --crl or --ocsp"
    ),
    ("revocation", "no-issuer"): N_("not checked, since the issuer is not known"),
    ("revocation", "not-listed"): N_("not on the revocation list of {issued}"),
    ("revocation", "not-revoked"): N_("not revoked, says the OCSP responder at {issued}"),
    ("revocation", "revoked"): N_("revoked on {since}"),
    ("revocation", "revoked-later"): N_("revoked on {since}, after the time of --at"),
    ("revocation", "list-of-another-issuer"): N_("the revocation list is not one of this issuer"),
    ("revocation", "list-does-not-cover"): N_("the revocation list is for other certificates"),
    ("revocation", "list-not-allowed"): N_("the issuer's key may not sign revocation lists"),
    ("revocation", "list-weak-hash"): N_("the hash of the revocation list's signature is too weak"),
    ("revocation", "list-not-understood"): N_("the revocation list has a critical extension of unknown meaning"),
    ("revocation", "list-without-end"): N_("the revocation list does not say until when it holds"),
    ("revocation", "list-from-the-future"): N_("the revocation list is dated {issued}, which has not come yet"),
    ("revocation", "list-expired"): N_("the revocation list held until {until} only"),
    ("revocation", "list-too-late"): N_(
        "the revocation list of {issued} need not name the certificate, which had expired by then"
    ),
    ("revocation", "response-refused"): N_("the OCSP responder refused: {status}"),
    ("revocation", "response-of-another-issuer"): N_("the OCSP response is not one of this issuer"),
    ("revocation", "response-about-another"): N_("the OCSP response is about another certificate"),
    ("revocation", "response-weak-hash"): N_("the hash of the OCSP response's signature is too weak"),
    ("revocation", "response-not-understood"): N_("the OCSP response has a critical extension of unknown meaning"),
    ("revocation", "response-from-the-future"): N_("the OCSP response is dated {issued}, which has not come yet"),
    ("revocation", "response-expired"): N_("the OCSP response holds from {issued} to {until} only"),
    ("revocation", "response-too-late"): N_(
        "the OCSP response of {issued} says nothing about the certificate, which had expired by then"
    ),
    ("revocation", "response-unknown"): N_("the OCSP responder does not know the certificate"),
}

#: Check, code of what was not checked, or does not say what readers may take for granted -> its words in a headline.
GAPS = {
    ("issuer", "test-root"): N_("test card only"),
    ("purpose", "authentication"): N_("made for signing in"),
    ("time-stamp", "time-stamp-not-checked"): N_("time stamp not checked"),
    ("revocation", "not-asked"): N_("revocation not checked"),
    ("revocation", "revoked-later"): N_("revoked since then"),
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
    ("content", "no-attributes"): N_("The signature was NOT judged."),
    ("purpose", "authentication"): N_("The signature is NOT one for documents: it was made with a key for signing in."),
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
