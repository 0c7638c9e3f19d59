"""`pyjpki11 sign`: sign files with a key of the card."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

import click
from cryptography import x509

from pyjpki11.card.layout import AUTHENTICATION
from pyjpki11.certificates.anchors import load
from pyjpki11.certificates.person import person_of
from pyjpki11.cli.card import cards
from pyjpki11.cli.card.card_key import CardKey, needs_consent
from pyjpki11.cli.card.cards import card_options
from pyjpki11.cli.card.pin_prompt import PinSource, pin_options
from pyjpki11.cli.keys import KEYS
from pyjpki11.cli.language import _
from pyjpki11.cli.terminal import columns, exits, files, output, progress
from pyjpki11.cli.terminal.click_help import command as make_command
from pyjpki11.cli.terminal.exits import ToolError
from pyjpki11.cli.terminal.options import Options, output_options
from pyjpki11.cli.wording import certificate_text
from pyjpki11.cli.wording.validity import Period
from pyjpki11.documents import envelope, signing
from pyjpki11.documents.files import armoured, chunks_of, hashes_of, unchanged

DER, PEM, RAW = "der", "pem", "raw"


class Kind(NamedTuple):
    """What kind of signature is wanted."""

    form: str
    is_detached: bool
    digest: str

    def suffix(self) -> str:
        """What is put behind a file's name to name its signature. Spec: RFC 8551 3.2.1"""
        if self.form == RAW:
            return ".sig"
        return (".p7s" if self.is_detached else ".p7m") + (".pem" if self.form == PEM else "")


class Job(NamedTuple):
    """A file to sign, and where its signature goes."""

    path: Path
    target: files.Target


class Made(NamedTuple):
    """A signature that was made."""

    job: Job
    moment: datetime


@make_command(
    "sign",
    help=_(
        "Sign files with a key on the card: auth, the user authentication key, or sign, the digital signature key, "
        "whose certificate contains its holder's name and address.\n\n"
        "A signature is CMS (CAdES-BES) and includes the file: FILE.p7m. With --detached the file is not included: "
        "FILE.p7s. --format raw makes a bare RSA signature: FILE.sig.\n\n"
        "The digital signature key asks for its password for every file, unless you give --one-consent or set "
        'signature_consent = "each-login".'
    ),
)
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
@click.option("--key", "key_name", type=click.Choice(list(KEYS)), required=True, help=_("The key to sign with."))
@click.option("--detached", is_flag=True, help=_("Do not include the file in the signature."))
@click.option(
    "--digest", type=click.Choice(signing.DIGESTS), default=signing.DIGESTS[0], help=_("The hash; default: sha256.")
)
@click.option(
    "--format",
    "form",
    type=click.Choice((DER, PEM, RAW)),
    default=DER,
    help=_("The format; default: {form}.", form=DER),
)
@click.option(
    "--one-consent",
    is_flag=True,
    help=_("Ask for the password once; it is sent to the card again for every FILE."),
)
@output_options(_("Write to OUT; - is standard output."), metavar="OUT")
@card_options
@pin_options
@click.pass_obj
def command(
    options: Options,
    paths: tuple[str, ...],
    key_name: str,
    detached: bool,
    digest: str,
    form: str,
    one_consent: bool,
    target: str | None,
    force: bool,
    pin: PinSource,
) -> None:
    """See the help."""
    kind = Kind(form, detached or form == RAW, digest)
    jobs = _jobs(paths, target, kind, force)
    _check_consent(jobs, key_name, pin, one_consent)
    if options.json and jobs[0].target.is_stdout:
        raise click.UsageError(_("--json and -o - both write to standard output."))
    with cards.open_card(options) as card:
        key = CardKey(card, KEYS[key_name].layout, pin, one_consent)
        try:
            warned = _warn_before_the_pin(key, key_name)
            key.log_in()
            if not warned:
                _warn_if_not_valid(key.certificate)
            made = _sign_all(key, jobs, kind)
        finally:
            key.close()
    certificate = load(key.certificate)
    if jobs[0].target.is_stdout:
        return
    output.show(options, _document(made, kind, key_name, certificate), _text(made, certificate))


# -- before the card is asked -------------------------------------------------------------------------------


def _jobs(paths: Sequence[str], target: str | None, kind: Kind, may_replace: bool) -> list[Job]:
    """What is to be done, checked before a PIN is asked for.

    :raises OSError: a file cannot be read.
    :raises ToolError: a signature is there already.
    """
    if target is not None and len(paths) > 1:
        raise click.UsageError(_("-o can be used with one FILE only."))
    if files.STDIN in paths:
        message = _("Standard input cannot be signed, because a file is read twice.")
        raise ToolError(exits.USAGE, "no-file", message, _("Save it to a file first and sign that."))
    contents = list(dict.fromkeys(map(Path, paths)))
    targets = {path: target or f"{path}{kind.suffix()}" for path in contents}
    for path in contents:
        _check_content(path, targets.values())
    return [Job(path, files.look(targets[path], may_replace, is_binary=kind.form != PEM)) for path in contents]


def _check_content(path: Path, targets: Iterable[str]) -> None:
    """A content is read more than once, and must survive."""
    if not path.is_file() and not path.is_dir() and path.exists():  # opening a pipe would wait for it
        message = _("{path} is a pipe or a device.", path=path)
        raise ToolError(exits.FAILED, "no-file", message, _("Save it to a file first and sign that."))
    with path.open("rb"):
        pass
    if any(Path(target).exists() and path.samefile(target) for target in targets):
        raise click.UsageError(_("The signature would overwrite {path}.", path=path))


def _check_consent(jobs: Sequence[Job], key_name: str, pin: PinSource, one_consent: bool) -> None:
    """A file with the password is not consent to several signatures, unless the user says so."""
    is_file = pin.file not in (None, "-")
    if is_file and len(jobs) > 1 and not one_consent and needs_consent(KEYS[key_name].layout):
        raise click.UsageError(
            _("Each signature with this key needs its own consent; use --one-consent to consent for all {count} files "
              "at once.",
              count=len(jobs))
        )  # fmt: skip


# -- signing ------------------------------------------------------------------------------------------------


def _sign_all(key: CardKey, jobs: Sequence[Job], kind: Kind) -> list[Made]:
    is_private = person_of(load(key.certificate)) is not None
    made: list[Made] = []
    try:
        for job in jobs:
            key.consent_to(job.path.name)
            made.append(_sign(key, job, kind, is_private))
    except BaseException:
        if made:
            output.note(_("Files signed before that: {files}", files=", ".join(str(it.job.path) for it in made)))
        raise
    return made


def _warn_before_the_pin(key: CardKey, key_name: str) -> bool:
    """What should be known before a PIN is typed; whether the certificate was part of it: phones do not show it yet."""
    if KEYS[key_name].layout is not AUTHENTICATION:
        return False  # its certificate is never shown before the password
    output.note(
        _("Warning: the user authentication key is for signing in, not for documents. It does not show who has "
          "signed, and `pyjpki11 verify` accepts its signatures only with --accept-auth.")
    )  # fmt: skip
    der = key.public_certificate()
    if der is not None:
        _warn_if_not_valid(der)
    return der is not None


def _warn_if_not_valid(der: bytes) -> None:
    from asn1crypto.x509 import Certificate

    warning = Period.of(Certificate.load(der)).warning(datetime.now(UTC))
    if warning:
        output.note(_("Warning: the certificate: {warning}", warning=warning))


def _sign(key: CardKey, job: Job, kind: Kind, is_private: bool) -> Made:
    """:param is_private: the certificate says who its holder is."""
    moment = datetime.now(UTC).replace(microsecond=0)
    with job.path.open("rb") as content:
        parts = _bare(key, content, kind) if kind.form == RAW else _cms(key, content, kind, moment)
        with files.writing(job.target, _most(content, kind, is_private)) as file:
            with progress.shown(_("Writing the signature")):
                file.writelines(parts)
    return Made(job, moment)


def _most(content: IO[bytes], kind: Kind, is_private: bool) -> int:
    """The mode that a signature has at most, for what is in it: the certificate, and the file."""
    if kind.form == RAW:
        return files.ORDINARY
    most = files.PRIVATE if is_private else files.ORDINARY
    return most if kind.is_detached else most & files.mode_of_copy(os.fstat(content.fileno()))


def _bare(key: CardKey, content: IO[bytes], kind: Kind) -> Iterable[bytes]:
    return [key.sign(kind.digest, _counted(content))]


def _counted(content: IO[bytes]) -> Iterator[bytes]:
    """A file from its beginning, with a progress display."""
    return progress.counted(chunks_of(content), os.fstat(content.fileno()).st_size)


def _cms(key: CardKey, content: IO[bytes], kind: Kind, moment: datetime) -> Iterable[bytes]:
    """The parts of a CMS signature. The content is read twice: it has to be hashed before it is written."""
    with progress.shown(_("Reading the file")):
        hashes = hashes_of(_counted(content), [kind.digest])
    length = content.tell()
    content.seek(0)
    fields = signing.sign(key, kind.digest, hashes[kind.digest], moment)
    before, after = envelope.wrap(fields.before, fields.after, None if kind.is_detached else length)
    middle = () if kind.is_detached else unchanged(_counted(content), hashes)
    parts = itertools.chain([before], middle, [after])
    return armoured(parts) if kind.form == PEM else parts


# -- what is said of it -------------------------------------------------------------------------------------


def _document(made: Sequence[Made], kind: Kind, key_name: str, certificate: x509.Certificate) -> dict[str, object]:
    return {
        "key": key_name,
        "format": kind.form,
        "detached": kind.is_detached,
        "digest": kind.digest,
        "signatures": [
            {"file": str(it.job.path), "signature": it.job.target.path, "signing_time": it.moment.isoformat()}
            for it in made
        ],
        "certificate": certificate_text.document(certificate),
    }


def _text(made: Sequence[Made], certificate: x509.Certificate) -> Iterator[str]:
    yield from columns.wrap(_("Signed by {signer}:", signer=certificate_text.holder(certificate)), columns.room())
    for it in made:
        yield f"  {it.job.path} -> {it.job.target.path}"
