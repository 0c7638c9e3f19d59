"""Judges changed signatures, revocation lists and OCSP responses: `document_fuzzer.main("cms", CASES, SEED)`.

What is accepted may differ from what was signed in bytes only that nobody signs. Nothing but our own errors is raised,
and no case takes long or much memory. Prints how often each came out.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from support.authority import DAY, NOW, POINT, Authority, Holder, usage
from support.signer import SoftKey, cms, openssl_cms
from torture.choices import Corpus
from torture.mutations import mutated

from pyjpki11.certificates import chain
from pyjpki11.certificates.anchors import PUBLISHED, Anchor
from pyjpki11.certificates.errors import BadRevocationData
from pyjpki11.certificates.findings import GOOD, is_good
from pyjpki11.certificates.response import by_response
from pyjpki11.certificates.revocation_list import by_list
from pyjpki11.documents import envelope
from pyjpki11.documents.errors import NotSignedData
from pyjpki11.documents.files import hashes_of, pieces_of
from pyjpki11.documents.judging import SignedDocument

MAX_MEMORY_LEN = 768 << 20  # bytes of address space
MAX_CASE_S = 1.0  # seconds of the processor; a usual case takes a thousandth of it

AUTHORITY = Authority()
SIGNER, OTHER = AUTHORITY.issue("signer"), AUTHORITY.issue("other")
ROOTS = [Anchor(AUTHORITY.certificate, PUBLISHED, "sign", 3)]
CONTENT = b"what is signed"

Signed = tuple[Hashable, ...]  # what a signature covers


class Outcome(NamedTuple):
    """What came of a case: words for it, and what is covered by the signatures that were accepted."""

    said: str
    accepted: Sequence[Signed] = ()


Judge = Callable[[bytes, datetime], Outcome]


# -- signatures ---------------------------------------------------------------------------------------------


def signatures() -> list[bytes]:
    """Genuine ones, ours and OpenSSL's, in DER and in BER."""
    key = SoftKey(SIGNER, AUTHORITY)
    made = [cms(key, CONTENT), cms(key, CONTENT * 9, "sha512"), cms(SoftKey(OTHER, None), b"something else")]
    curve = AUTHORITY.issue("curve", key=ec.derive_private_key(7, ec.SECP384R1()))
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "content").write_bytes(CONTENT)
        for signers, options in (
            ([SIGNER], ["-stream", "-cades"]),
            ([SIGNER], ["-keyopt", "rsa_padding_mode:pss"]),
            ([SIGNER, OTHER], []),
            ([curve], ["-md", "sha384"]),
        ):
            made.append(openssl_cms(folder, signers, "-outform", "DER", "-nodetach", *options).read_bytes())
    return made


def judge_signature(data: bytes, now: datetime) -> Outcome:
    """As `pyjpki11 verify` does."""
    try:
        parts = envelope.open_envelope(data)
        document = SignedDocument(parts.skeleton)
        pieces = list(pieces_of(data, parts.pieces or ()))
        found = document.judge(hashes_of(pieces, document.digests), now)
    except NotSignedData as error:
        return Outcome(error.reason)
    findings = [it for one in found for it in one.findings]
    if any(one.certificate is None for one in found):
        return Outcome("no certificate")
    findings += [it for one in found if one.certificate for it in chain.judge(one.certificate, ROOTS, now)]
    if not is_good(findings):
        return Outcome(next(f"{it.check} {it.code}" for it in findings if not is_good([it])))
    infos = asn1.ContentInfo.load(parts.skeleton)["content"]["signer_infos"]
    attributes = [info["signed_attrs"].untag().dump() for info in infos]
    certificates = [one.certificate.tbs_certificate_bytes for one in found if one.certificate]
    return Outcome("accepted", [(b"".join(pieces), *it) for it in zip(attributes, certificates, strict=True)])


# -- revocation ---------------------------------------------------------------------------------------------


def lists() -> list[bytes]:
    """Genuine ones, all of which leave SIGNER alone or not."""
    limits = {"only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False}
    point = x509.IssuingDistributionPoint(
        full_name=[POINT], relative_name=None, only_contains_user_certs=False,
        only_contains_attribute_certs=False, **limits,  # type: ignore[arg-type]
    )  # fmt: skip
    others = [OTHER.certificate, AUTHORITY.certificate]
    return [
        AUTHORITY.revocation_list(),
        AUTHORITY.revocation_list(others, point=point),
        AUTHORITY.revocation_list([*others, SIGNER.certificate]),
        AUTHORITY.revocation_list([SIGNER.certificate], point=point, until=NOW - DAY),
    ]


def judge_list(data: bytes, now: datetime) -> Outcome:
    """What it says of SIGNER."""
    try:
        found = by_list(SIGNER.certificate, AUTHORITY.certificate, data, now, now)
    except BadRevocationData:
        return Outcome("not a list")
    covered = [(x509.load_der_x509_crl(data).tbs_certlist_bytes,)] if found.result == GOOD else []
    return Outcome(found.code, covered)


def responses() -> list[bytes]:
    """Genuine ones, of the authority and of a responder of its."""
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
    extensions = [(usage(digital_signature=True), True), (purpose, False)]
    responder: Holder = AUTHORITY.issue("responder", extensions=extensions)
    return [
        AUTHORITY.answer(SIGNER.certificate),
        AUTHORITY.answer(SIGNER.certificate, responder=responder),
        AUTHORITY.answer(SIGNER.certificate, ocsp.OCSPCertStatus.REVOKED),
        AUTHORITY.answer(OTHER.certificate, responder=responder),
        AUTHORITY.answer(SIGNER.certificate, period=(NOW - 9 * DAY, NOW - 8 * DAY)),
    ]


def judge_response(data: bytes, now: datetime) -> Outcome:
    """What it says of SIGNER."""
    try:
        found = by_response(SIGNER.certificate, AUTHORITY.certificate, data, now, now)
    except BadRevocationData:
        return Outcome("not a response")
    covered = [(ocsp.load_der_ocsp_response(data).tbs_response_bytes,)] if found.result == GOOD else []
    return Outcome(found.code, covered)


# -- the fuzzer ---------------------------------------------------------------------------------------------

#: Name -> genuine files, and what judges them.
KINDS: dict[str, tuple[Callable[[], list[bytes]], Judge]] = {
    "cms": (signatures, judge_signature),
    "crl": (lists, judge_list),
    "ocsp": (responses, judge_response),
}


def main(kind: str, cases: int, seed: int) -> None:
    """Judge so many changed files."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_LEN, MAX_MEMORY_LEN))
    make, judge = KINDS[kind]
    genuine = make()
    signed = {covered for data in genuine for covered in judge(data, NOW).accepted}
    assert signed, "nothing genuine is accepted"
    corpus, outcomes = Corpus(seed), Counter[str]()
    longest = 0.0
    for _case in range(cases):
        choices = corpus.next()
        data = mutated(choices, choices.one_of(genuine), choices.one_of(genuine))
        begun = time.process_time()
        try:
            outcome = judge(data, NOW)
            longest = max(longest, time.process_time() - begun)
            assert signed.issuperset(outcome.accepted), "accepted, though nobody has signed it"
            assert longest < MAX_CASE_S, f"{longest} s"
        except BaseException:
            print(f"the file was {data.hex()}, the root {AUTHORITY.der.hex()}", file=sys.stderr)
            raise
        corpus.learn(choices, {outcome.said})
        outcomes[outcome.said] += 1
    for said, times in sorted(outcomes.items()):
        print(f"said {said}: {times}")
    print("cases", outcomes.total())
    print("accepted", outcomes["accepted"] + outcomes["not-listed"] + outcomes["not-revoked"])
    print("longest_ms", int(longest * 1000))
    print("peak_mib", _peak_mib())


def _peak_mib() -> int:
    """Of this program alone: what getrusage says begins with the memory of whoever started it. Spec: proc(5)"""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) >> 10


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
