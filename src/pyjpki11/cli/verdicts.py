"""What checks found, in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pyjpki11.certificates.anchors import AUTHENTICATION, SIGNATURE
from pyjpki11.certificates.findings import BAD, GOOD, OPEN, Facts, Finding
from pyjpki11.cli import columns, dates
from pyjpki11.cli.language import N_, _

#: Result -> what stands before its line.
MARKS = {GOOD: N_("ok"), BAD: N_("BAD"), OPEN: "--"}

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
    "revocation": N_("Revocation"),
}

#: Check, code -> sentence; its places are the finding's facts.
SENTENCES = {
    ("content", "unchanged"): N_("it is what was signed ({digest})"),
    ("content", "changed"): N_("it is not what was signed"),
    ("content", "weak-digest"): N_("its hash {digest} is too weak to prove anything"),
    ("content", "no-attributes"): N_("the signature has no signed attributes, which CAdES demands"),
    ("content", "other-content-type"): N_("the signature is for another type of content"),
    ("signature", "fits"): N_("made with the key of the signer's certificate ({digest})"),
    ("signature", "does-not-fit"): N_("not made with the key of the signer's certificate, or changed since"),
    ("signature", "no-certificate"): N_("the signer's certificate is not enclosed"),
    ("signature", "unsupported"): N_("too weak, or of an unknown kind: {algorithm}"),
    ("certificate", "named"): N_("the one that the signer named"),
    ("certificate", "another-named"): N_("the signer named another one"),
    ("certificate", "not-named"): N_("not named in what was signed (CMS without CAdES)"),
    ("signing-time", "stated"): N_("{time}, as the signer's clock had it; nothing proves it"),
    ("signing-time", "not-stated"): N_("not stated"),
    ("time-stamp", "time-stamp-not-checked"): N_("there is one, which was not checked"),
    ("issuer", "published-root"): N_("{issuer_name}"),
    ("issuer", "given-root"): N_("a root of --root"),
    ("issuer", "test-root"): N_("TEST CARD: this says nothing about any person"),
    ("issuer", "unknown-issuer"): N_(
        "none of the roots of J-LIS that are known here signed it; for generation 2 give --root FILE ({issuer})"
    ),
    ("issuer", "test-issuer"): N_("a test card or a card of software; --test-card accepts it"),
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
    ("key-usage", "unknown-extension"): N_("it has a critical extension of unknown meaning: {oid}"),
    ("revocation", "not-asked"): N_(
        "not checked: J-LIS opens its CRL and OCSP to certified verifiers only; who may use them gives --crl or --ocsp"
    ),
    ("revocation", "no-issuer"): N_("not checked, since the issuer is not known"),
    ("revocation", "not-listed"): N_("not on the revocation list of {issued}"),
    ("revocation", "not-revoked"): N_("not revoked, says the OCSP responder at {issued}"),
    ("revocation", "revoked"): N_("revoked on {since}"),
    ("revocation", "list-of-another-issuer"): N_("the revocation list is not one of this issuer"),
    ("revocation", "list-does-not-cover"): N_("the revocation list is for other certificates"),
    ("revocation", "list-expired"): N_("the revocation list held until {until} only"),
    ("revocation", "response-refused"): N_("the OCSP responder refused: {status}"),
    ("revocation", "response-of-another-issuer"): N_("the OCSP response is not one of this issuer"),
    ("revocation", "response-about-another"): N_("the OCSP response is about another certificate"),
    ("revocation", "response-expired"): N_("the OCSP response holds from {from} to {until} only"),
    ("revocation", "response-unknown"): N_("the OCSP responder does not know the certificate"),
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


def documents(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """For programs; the facts beside check, result and code."""
    return [{"check": it.check, "result": it.result, "code": it.code, **_plain(it.facts)} for it in findings]


def _plain(facts: Facts) -> dict[str, object]:
    return {name: fact.isoformat() if isinstance(fact, datetime) else fact for name, fact in facts.items()}


def _in_words(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return dates.day(value) if name in DAYS else dates.time(value)
    return str(value).upper().replace("SHA", "SHA-") if name == "digest" else value
