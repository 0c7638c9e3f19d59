"""Why a file is not a signature that can be verified, and the way on."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal.exits import NOT_VALID, Failure


class Reason(NamedTuple):
    """A reason in words, and what to do."""

    sentence: str
    remedy: str = ""


GET_IT_AGAIN = N_("Have the file sent once more; it may have been cut off or changed on its way.")

#: Reason of NotSignedData -> its words.
REASONS = {
    "empty": Reason(N_("it is empty"), GET_IT_AGAIN),
    "cut-off": Reason(N_("its end is missing"), GET_IT_AGAIN),
    "trailing": Reason(N_("something follows the signature"), GET_IT_AGAIN),
    "damaged": Reason(N_("it is damaged"), GET_IT_AGAIN),
    "bad-pem": Reason(N_("its PEM is damaged, or is not that of a signature"), GET_IT_AGAIN),
    "several-pems": Reason(
        N_("there is more than one PEM block in it, and programs would differ in which they take"),
        N_("Save each block in a file of its own."),
    ),
    "ambiguous": Reason(N_("it says something twice that may be said once only")),
    "no-signer": Reason(N_("it has no signer")),
    "too-many-signers": Reason(N_("it has more signers or certificates than are judged")),
    "too-many-parts": Reason(N_("it has more parts than a signature of its length can need")),
    "too-deep": Reason(N_("its parts are nested too deep")),
    "too-long": Reason(N_("it is longer than any signature")),
    "other-cms": Reason(N_("it is CMS, but it is not signed")),
    "other-content": Reason(N_("its content is of an unknown kind")),
    "not-cms": Reason(
        N_("it is something else"),
        N_("Name the signature, not the file that was signed; `pyjpki11 sign` writes it into FILE.p7m, FILE.p7s or "
           "FILE.sig."),
    ),
    "certificate": Reason(N_("it is a certificate"), N_("`pyjpki11 cert verify FILE` verifies certificates.")),
    "pdf": Reason(
        N_("it is a PDF document"),
        N_("A signature inside a PDF document is verified as examples/pdf.md says. If the signature is a file beside "
           "it, name that one, and the document with --content FILE."),
    ),
    "mail": Reason(
        N_("it is a mail whose signature is not all that it holds"),
        N_("Save the signature and the signed content in two files; name the content with --content FILE."),
    ),
    "bare": Reason(
        N_("it is as long as a bare RSA signature"),
        N_("Name the signer's certificate and the signed file: --certificate FILE --content FILE"),
    ),
    "not-rsa": Reason(N_("a bare signature is verified with an RSA key only, and the certificate has another one")),
}  # fmt: skip


def explain(error: Any) -> Failure:
    """What a NotSignedData means to the user."""
    reason = REASONS[error.reason]
    message = _("The file is not a signature that can be verified.")
    words = _(reason.remedy), _(reason.sentence)
    return Failure(NOT_VALID, "no-signature", message, *words, {"reason": error.reason})
