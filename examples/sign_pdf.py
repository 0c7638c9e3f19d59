"""Signs a PDF with the signature key, as PAdES baseline B."""

from __future__ import annotations

import argparse
from getpass import getpass
from pathlib import Path

from asn1crypto import algos
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, sign_pdf
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

TOKEN = "JPKI (Digital Signature PIN)"  # noqa: S105 - its label
KEY_ID = b"\x02"
CA_LABEL = "Digital Signature Certificate CA"
SHA256 = algos.DigestAlgorithm({"algorithm": "sha256"})
V15 = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
#: The only parameters that the card knows; pyHanko by itself would ask for a longer salt.
PSS_PARAMETERS = algos.RSASSAPSSParams(
    {
        "hash_algorithm": SHA256,
        "mask_gen_algorithm": algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": SHA256}),
        "salt_length": 32,
    }
)
PSS = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": PSS_PARAMETERS})
PADES = PdfSignatureMetadata(field_name="Signature", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)


def main() -> None:
    """Ask for the password, then sign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pss", action="store_true", help="sign with RSA-PSS, where the card makes it")
    parser.add_argument("module", help="what `pyjpki11 module-path` prints")
    parser.add_argument("document", type=Path)
    parser.add_argument("signed", type=Path, help="where the signed document goes")
    chosen = parser.parse_args()
    password = getpass(f"PIN of {TOKEN}: ")
    token = TokenCriteria(label=TOKEN)
    with (
        open_pkcs11_session(chosen.module, token_criteria=token, user_pin=password) as session,
        chosen.document.open("rb") as document,
    ):
        signer = PKCS11Signer(
            session,
            cert_id=KEY_ID,
            other_certs_to_pull=[CA_LABEL],
            signature_mechanism=PSS if chosen.pss else V15,
        )
        # The pages stay as they are, byte for byte: the signature is written behind them.
        signed = sign_pdf(IncrementalPdfFileWriter(document, strict=False), PADES, signer)
    chosen.signed.write_bytes(signed.getvalue())


if __name__ == "__main__":
    main()
