"""What each exception means to the user: exit status, message, remedy; imported only when one has happened."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any, NamedTuple

import click

from jpki_softcard.errors import SoftcardError
from jpki_softcard.vpcd_client import NobodyListens
from pyjpki11 import errors
from pyjpki11.card.text import NoTextApplication
from pyjpki11.certificates.errors import BadCertificate, BadRevocationData, FileTooLong, ResponderFailed, UnfitRoot
from pyjpki11.cli.language import N_, _, ngettext
from pyjpki11.cli.terminal import usage
from pyjpki11.cli.terminal.exits import (
    BROKE_OFF,
    FAILED,
    NO_CARD,
    NO_READER,
    OFFICE,
    PIN_BLOCKED,
    PIN_FORM,
    WRONG_PIN,
    Failure,
    ToolError,
)
from pyjpki11.cli.wording import pin_form, unreadable
from pyjpki11.cli.wording.annotation import status_word
from pyjpki11.documents.errors import ContentChanged, NotSignedData
from pyjpki11.iso7816 import apdu


class Row(NamedTuple):
    """What an exception means; `is_detailed`: its own text says more than ours."""

    kind: type[Exception]
    exit_status: int
    code: str
    message: str
    remedy: str = ""
    is_detailed: bool = False


#: The first row that fits is taken.
ROWS = (
    Row(
        errors.ServiceUnavailable,
        NO_READER,
        "no-service",
        N_("The PC/SC service cannot be used."),
        N_("Install pcscd (sudo apt install pcscd), and start it: sudo systemctl enable --now pcscd.socket"),
        is_detailed=True,
    ),
    Row(
        errors.ReaderGone, NO_READER, "reader-gone", N_("The reader was unplugged."),
        N_("Connect it, then run the command again."),
    ),
    Row(
        errors.ReaderBusy, BROKE_OFF, "reader-busy", N_("Another program has exclusive use of the reader."),
        N_("Close that program, then run the command again."),
    ),
    Row(
        errors.CardAbsent, NO_CARD, "no-card", N_("There is no card in the reader."),
        N_("Place your card on the reader, or insert it chip first, then run the command again."),
    ),
    Row(
        NoTextApplication, NO_CARD, "no-text-application", N_("There is no text to read on this card."),
        N_("The text is on the card itself, not on phones: put your My Number card on the reader."),
    ),
    Row(
        errors.CardNotRecognized, NO_CARD, "foreign-card", N_("The card in the reader is not a My Number card."),
        N_("Replace it with your My Number card."),
    ),
    Row(
        errors.CardRemoved, BROKE_OFF, "card-removed", N_("The card was removed while it was in use."),
        N_("Do not move the card until the command has ended."),
    ),
    Row(
        errors.CardDisturbed, BROKE_OFF, "card-disturbed", N_("Other programs keep resetting the card."),
        N_("Close them, then run the command again."),
    ),
    Row(
        errors.CardMute, BROKE_OFF, "card-mute", N_("The card does not answer."),
        N_("Take the card out and insert it again; clean its chip, or move it to the middle of the reader."),
        is_detailed=True,
    ),
    Row(
        errors.BadCardData, BROKE_OFF, "bad-card-data", N_("The card returned malformed data."),
        is_detailed=True,
    ),
    Row(
        errors.WrongSignature, BROKE_OFF, "wrong-signature",
        N_("The card made a signature that does not verify with its certificate."),
    ),
    Row(errors.PinBlocked, PIN_BLOCKED, "pin-blocked", N_("The PIN is blocked: it has no tries left."), OFFICE),
    Row(
        ContentChanged, FAILED, "content-changed", N_("The file changed while it was being read."),
        N_("Run the command again."),
    ),
    Row(BadCertificate, FAILED, "bad-certificate", N_("The file is not a certificate, or it is damaged.")),
    Row(
        FileTooLong, FAILED, "too-long", N_("The file is too long for a file of this kind."), is_detailed=True,
    ),
    Row(
        UnfitRoot, FAILED, "unfit-root", N_("A certificate given with --root may not issue certificates."),
        is_detailed=True,
    ),
    Row(
        BadRevocationData, FAILED, "bad-revocation-data",
        N_("The file is neither a revocation list nor an OCSP response, or it is damaged."),
    ),
    Row(
        ResponderFailed, FAILED, "responder-failed", N_("The OCSP responder did not answer."), is_detailed=True,
    ),
    Row(
        NobodyListens, FAILED, "no-virtual-reader",
        N_("The virtual reader of pcscd (vpcd) cannot be reached."),
        N_("Install vsmartcard-vpcd and pcscd, then start them: sudo systemctl start pcscd.socket"),
    ),
    Row(
        SoftcardError, FAILED, "softcard", N_("The software card cannot be used."), is_detailed=True,
    ),
)  # fmt: skip

#: The system's own texts are English whatever the language is.
OS_ERRORS = {
    errno.ENOENT: N_("there is no such file or folder"),
    errno.EACCES: N_("permission denied"),
    errno.EPERM: N_("permission denied"),
    errno.EISDIR: N_("it is a folder"),
    errno.ENOTDIR: N_("a part of the path is not a folder"),
    errno.EEXIST: N_("it already exists"),
    errno.ENOSPC: N_("no space is left on the device"),
    errno.EDQUOT: N_("the disk quota is used up"),
    errno.EROFS: N_("the file system is read-only"),
    errno.EIO: N_("input or output failed"),
    errno.EBADF: N_("it is closed"),
    errno.ENXIO: N_("no program is reading from it"),
}


def failure(error: BaseException) -> Failure:
    """What an exception means to the user; unknown ones are a bug of ours, and say so."""
    for kind, answer in EXPLAINED:
        if isinstance(error, kind):
            return answer(error)
    for row in ROWS:
        if isinstance(error, row.kind):
            detail = _detail(error) if row.is_detailed else ""
            return Failure(row.exit_status, row.code, _(row.message), _(row.remedy), detail)
    remedy = _("This is a fault in pyjpki11. Please report it with the text in brackets.")
    return Failure(FAILED, "internal", _("Something unexpected happened."), remedy, f"{type(error).__name__}: {error}")


def _detail(error: BaseException) -> str:
    """What happened, without the log's remedy; ours is in the user's language."""
    return error.message if isinstance(error, errors.JpkiError) else str(error)


def _explain_tool_error(error: Any) -> Failure:
    return Failure(error.exit_status, error.code, error.message, error.remedy)


def _explain_wrong_pin(error: Any) -> Failure:
    left = error.tries_left
    facts = {"tries_left": left}
    if left is None:
        return Failure(WRONG_PIN, "wrong-pin", _("The PIN is wrong."), facts=facts)
    message = ngettext("The PIN is wrong; {count} try is left.", "The PIN is wrong; {count} tries are left.", left)
    remedy = _("One more wrong PIN will block it. If you are not certain, do not try again.") if left == 1 else ""
    return Failure(WRONG_PIN, "wrong-pin", message, remedy, facts=facts)


def _explain_form(error: Any) -> Failure:
    code = "pin-length" if isinstance(error, errors.PinLengthOutOfRange) else "pin-characters"
    return Failure(PIN_FORM, code, pin_form.fault(error), _(pin_form.NOT_SENT), facts={"fault": error.fault})


def _explain_refusal(error: Any) -> Failure:
    message = _(
        "The card refused {command}: {status}.",
        command=apdu.NAMES.get(error.ins, f"INS {error.ins:02X}"),
        status=status_word(error.sw),
    )
    return Failure(BROKE_OFF, "card-refused", message, facts={"status_word": f"{error.sw:04X}"})


def _explain_os_error(error: Any) -> Failure:
    reason = _(OS_ERRORS.get(error.errno or 0, "")) or error.strerror or str(error)
    place = error.filename or _("the output")
    code = errno.errorcode.get(error.errno or 0, "os-error")
    return Failure(FAILED, code, _("{place}: {reason}.", place=place, reason=reason))


def _explain_click_error(error: Any) -> Failure:
    remedy = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        remedy = _("Try '{command} {option}' for help.", command=error.ctx.command_path, option="--help")
    return Failure(error.exit_code, "usage", usage.sentence(error), remedy)


#: Those whose message depends on more than their kind; they come before ROWS.
EXPLAINED: tuple[tuple[type[BaseException], Callable[[Any], Failure]], ...] = (
    (ToolError, _explain_tool_error),
    (errors.PinRejected, _explain_wrong_pin),
    (errors.PinFormError, _explain_form),
    (errors.StatusWordError, _explain_refusal),
    (NotSignedData, unreadable.explain),
    (click.ClickException, _explain_click_error),
    (OSError, _explain_os_error),
)
