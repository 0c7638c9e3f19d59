"""Why a file is not a signature that can be verified, and the way on."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyjpki11.cli.language import N_, _
from pyjpki11.cli.terminal.exits import NOT_VALID, Failure


class Reason(NamedTuple):
    """A reason in words, and what to do."""

    sentence: str
    remedy: str = ""


GET_IT_AGAIN = N_("Ask for the file to be sent again; it may have been cut off or changed in transit.")

#: Reason of NotSignedData -> its words.
REASONS = {
    "empty": Reason(N_("it is empty"), GET_IT_AGAIN),
    "cut-off": Reason(N_("its end is missing"), GET_IT_AGAIN),
    "trailing": Reason(N_("extra data follows the signature"), GET_IT_AGAIN),
    "damaged": Reason(N_("it is damaged"), GET_IT_AGAIN),
    "bad-pem": Reason(N_("its PEM is damaged or is not that of a signature"), GET_IT_AGAIN),
    "several-pems": Reason(
        N_("it contains more than one PEM block, and programs differ in which one they read"),
        N_("Save each block in its own file."),
    ),
    "ambiguous": Reason(N_("an item that may occur only once occurs twice")),
    "no-signer": Reason(N_("it has no signer")),
    "too-many-signers": Reason(N_("it has too many signers or certificates")),
    "too-many-parts": Reason(N_("it has too many parts for its length")),
    "too-deep": Reason(N_("its parts are nested too deeply")),
    "too-long": Reason(N_("it is too long for a signature")),
    "other-cms": Reason(N_("it is CMS, but not a signature")),
    "other-content": Reason(N_("its content is of an unknown type")),
    "not-cms": Reason(
        N_("it is something else"),
        N_("Specify the signature, not the signed file; `pyjpki11 sign` writes it to FILE.p7m, FILE.p7s or FILE.sig."),
    ),
    "certificate": Reason(N_("it is a certificate"), N_("`pyjpki11 cert verify FILE` verifies certificates.")),
    "pdf": Reason(
        N_("it is a PDF document"),
        N_("For a signature inside a PDF document, see examples/pdf.md. If the signature is a separate file, specify "
           "that file, and the document with --content FILE."),
    ),
    "mail": Reason(
        N_("it is a mail that contains more than its signature"),
        N_("Save the signature and the signed content in two files; specify the content with --content FILE."),
    ),
    "bare": Reason(
        N_("it is as long as a bare RSA signature"),
        N_("Specify the signer's certificate and the signed file: --certificate FILE --content FILE"),
    ),
    "not-rsa": Reason(N_("a bare signature can be verified only with an RSA key, and the certificate has another kind "
                         "of key")),
}  # fmt: skip


def explain(error: Any) -> Failure:
    """What a NotSignedData means to the user."""
    reason = REASONS[error.reason]
    message = _("The file is not a signature that can be verified.")
    words = _(reason.remedy), _(reason.sentence)
    return Failure(NOT_VALID, "no-signature", message, *words, {"reason": error.reason})
