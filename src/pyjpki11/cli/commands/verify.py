"""`pyjpki11 verify`: whether a signature is one of a file, and whose."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
from cryptography import x509

from pyjpki11.certificates import anchors, inputs
from pyjpki11.certificates.chain import for_documents
from pyjpki11.certificates.findings import BAD, GOOD, NOT_VALID, UNPROVEN, VALID, Finding, is_good, verdict
from pyjpki11.certificates.person import person_of
from pyjpki11.cli.commands.trust_options import Trust, trust_options
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import columns, exits, files, output, progress
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.terminal.options import Options, json_option, output_options
from pyjpki11.cli.wording import certificate_text, verdicts
from pyjpki11.documents import envelope
from pyjpki11.documents.ber import Data
from pyjpki11.documents.envelope import Opened
from pyjpki11.documents.files import chunks_of, hashes_of, opened, pieces_of, unchanged
from pyjpki11.documents.judging import STRONG, Signature, SignedDocument, judge_bare

#: Bytes of a bare signature; the longest RSA keys in use have 2,048.
MAX_BARE_LEN = 4096

#: Verdict -> exit status.
EXIT_STATUSES = {VALID: exits.OK, UNPROVEN: exits.UNPROVEN, NOT_VALID: exits.NOT_VALID}


class Beliefs(NamedTuple):
    """What the user said to believe."""

    trust: Trust
    accepts_authentication: bool


class Judged(NamedTuple):
    """A signer with everything that was found."""

    signature: Signature
    findings: list[Finding]


@make_command(
    "verify",
    help=_(
        "Verify a CMS signature in DER or PEM, and show who signed what and when. If the signature is detached, "
        "specify the signed file with --content; if it includes the file, -o extracts it. SIGNATURE may be - for "
        "standard input.\n\n"
        "With --certificate, a bare RSA signature is verified with the key of that certificate.\n\n"
        "The exit status is 0 only if there is no problem with any of the signers: the content is unchanged, and the "
        "certificate leads to a root published by J-LIS, is for documents, and is valid now or at the time of --at. "
        "It is 10 if the signature is correct, but does not prove that its signer meant to sign this document. The "
        "first line names what was not checked."
    ),
)
@click.argument("signature", metavar="SIGNATURE")
@click.option("--content", metavar="FILE", help=_("The signed file."))
@click.option(
    "--certificate",
    metavar="FILE",
    help=_("The signer's certificate, if SIGNATURE is a bare RSA signature."),
)
@output_options(_("Write the signed content to FILE if no problem was found; - is standard output."))
@click.option(
    "--accept-auth",
    is_flag=True,
    help=_("Also accept the user authentication key, which signs what sites send without its holder seeing it."),
)
@trust_options(takes_signing=True)
@json_option
@click.pass_obj
def command(
    options: Options,
    signature: str,
    content: str | None,
    certificate: str | None,
    target: str | None,
    accept_auth: bool,
    force: bool,
    trust: Trust,
) -> int:
    """See the help."""
    path = Path(files.input_path(signature))
    content = content and files.input_path(content)
    place = _look(options, certificate, target, force)
    if certificate is not None:
        judged = [_judge_bare(path, content, certificate, Beliefs(trust, accept_auth))]
    else:
        with opened(path) as data:
            judged, hashes = _judge_cms(data, path, content, Beliefs(trust, accept_auth))
            if place is not None and all(is_good(it.findings) for it in judged):
                _write_content(data, hashes, place, _most(path, judged))
    if place is not None and place.is_stdout:
        output.print_lines(_text(judged), sys.stderr)
    else:
        output.show(options, _document(judged), _text(judged))
    return EXIT_STATUSES[verdict(_all(judged))]


def _look(options: Options, certificate: str | None, target: str | None, force: bool) -> files.Target | None:
    """Where the content goes, if it is wanted. See files.look for what it raises."""
    if target is None:
        return None
    if certificate is not None:
        raise click.UsageError(_("-o can extract the content only if the signature includes it."))
    place = files.look(target, force, is_binary=True)
    if options.json and place.is_stdout:
        raise click.UsageError(_("--json and -o - both write to standard output."))
    return place


def _judge_cms(
    data: Data, path: Path, content: str | None, beliefs: Beliefs
) -> tuple[list[Judged], Mapping[str, bytes]]:
    """What is to be said of each signer, and the content's hashes.

    :raises NotSignedData: the file is not a signature.
    :raises ToolError: it is not clear what was signed.
    """
    parts = envelope.open_envelope(data)
    document = SignedDocument(parts.skeleton)
    with progress.shown(_("Reading the file")), _content(data, parts, path, content) as chunks:
        hashes = hashes_of(chunks, document.digests)
    found = document.judge(hashes, datetime.now(UTC))
    return [_with_certificate(it, document.certificates, beliefs) for it in found], hashes


@contextmanager
def _content(data: Data, parts: Opened, path: Path, content: str | None) -> Iterator[Iterable[bytes]]:
    if parts.pieces is not None:
        if content is not None:
            message = _("The signature includes its content. Leave --content out.")
            raise ToolError(exits.USAGE, "two-contents", message)
        yield progress.counted(pieces_of(data, parts.pieces), len(data))
        return
    if content is None:
        raise _no_content(path)
    with Path(content).open("rb") as file:
        yield progress.counted(chunks_of(file), os.fstat(file.fileno()).st_size)


def _judge_bare(path: Path, content: str | None, certificate_path: str, beliefs: Beliefs) -> Judged:
    if content is None:
        raise _no_content(path)
    certificate, *others = anchors.load_all(inputs.read(certificate_path, inputs.MAX_CERTIFICATES_LEN))
    with progress.shown(_("Reading the file")), Path(content).open("rb") as file:
        hashes = hashes_of(progress.counted(chunks_of(file), os.fstat(file.fileno()).st_size), STRONG)
    return _with_certificate(judge_bare(certificate, hashes, inputs.read(path, MAX_BARE_LEN)), others, beliefs)


def _no_content(path: Path) -> ToolError:
    message = _("The signature does not include its content.")
    return ToolError(exits.USAGE, "no-content", message, _("Specify it: --content {file}", file=path.with_suffix("")))


def _with_certificate(signature: Signature, candidates: Sequence[x509.Certificate], beliefs: Beliefs) -> Judged:
    certificate = signature.certificate
    if certificate is None:
        return Judged(signature, signature.findings)
    purpose = for_documents(certificate, beliefs.accepts_authentication)
    found = beliefs.trust.judge(certificate, candidates, signature.signing_time)
    return Judged(signature, [*signature.findings, *_at_signing(signature), *purpose, *found])


def _at_signing(signature: Signature) -> list[Finding]:
    """Whether the certificate was valid when the signature was made, as far as that is known."""
    moment, certificate = signature.signing_time, signature.certificate
    if moment is None or certificate is None:
        return []
    was_valid = certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc
    facts = {"time": moment}
    return [Finding("at-signing", GOOD if was_valid else BAD, "valid" if was_valid else "not-valid", facts)]


def _most(signature: Path, judged: Sequence[Judged]) -> int:
    """The mode that the content has at most: that of the signature, and none for others where a holder is named."""
    certificates = [it.signature.certificate for it in judged]
    is_private = any(it is not None and person_of(it) is not None for it in certificates)
    return (files.PRIVATE if is_private else files.ORDINARY) & files.mode_of_copy(signature.stat())


def _write_content(data: Data, hashes: Mapping[str, bytes], target: files.Target, most: int) -> None:
    """The content that was verified, and no other."""
    pieces = envelope.open_envelope(data).pieces
    if pieces is None:
        message = _("-o can extract the content only if the signature includes it.")
        raise ToolError(exits.USAGE, "no-content-inside", message)
    with files.writing(target, most) as file, progress.shown(_("Writing the content")):
        file.writelines(unchanged(progress.counted(pieces_of(data, pieces), len(data)), hashes))


# -- what is said of it -------------------------------------------------------------------------------------


def _all(judged: Sequence[Judged]) -> list[Finding]:
    return list(itertools.chain.from_iterable(it.findings for it in judged))


def _document(judged: Sequence[Judged]) -> dict[str, object]:
    found = _all(judged)
    summary = {"valid": is_good(found), "verdict": verdict(found), "not_checked": verdicts.not_checked(found)}
    return {**summary, "signers": [_signer(it) for it in judged]}


def _signer(judged: Judged) -> dict[str, object]:
    signature = judged.signature
    return {
        "valid": is_good(judged.findings),
        "signing_time": signature.signing_time.isoformat() if signature.signing_time else None,
        "digest": signature.digest or None,
        "checks": verdicts.documents(judged.findings),
        "certificate": certificate_text.document(signature.certificate) if signature.certificate else None,
    }


def _text(judged: Sequence[Judged]) -> Iterator[str]:
    yield from columns.wrap(verdicts.headline(verdicts.SIGNATURE_ITSELF, _all(judged)), columns.room(sys.stdout))
    for it in judged:
        yield ""
        yield _("Signer")
        if it.signature.certificate is not None:
            yield from columns.table(_signer_rows(it.signature.certificate), indent=2)
            yield ""
        yield from verdicts.lines(it.findings)


def _signer_rows(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    person = person_of(certificate)
    yield from certificate_text.person_rows(person) if person else ()
    yield _("Subject"), certificate_text.subject(certificate)
    yield _("Serial"), certificate_text.serial_number(certificate)
