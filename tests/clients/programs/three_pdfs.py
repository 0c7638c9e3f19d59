"""Signs a letter three times in one session with sign_pdf.py's parts: three_pdfs MODULE PASSWORD_AGAIN(yes|no)."""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path

from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import sign_pdf
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

from examples.sign_pdf import KEY_ID, PADES, TOKEN

password = getpass("PIN: ")
again = {"pin": password} if sys.argv[2] == "yes" else {}
with open_pkcs11_session(sys.argv[1], token_criteria=TokenCriteria(label=TOKEN), user_pin=password) as session:
    signer = PKCS11Signer(session, cert_id=KEY_ID, base_sign_kwargs=again)
    for number in range(3):
        with open("letter.pdf", "rb") as letter:
            signed = sign_pdf(IncrementalPdfFileWriter(letter), PADES, signer)
        Path(f"signed{number}.pdf").write_bytes(signed.getvalue())
