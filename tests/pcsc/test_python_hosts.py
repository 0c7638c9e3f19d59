"""Programs in Python that end without closing anything, which leaves it to the end of their Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.clients import NewRaw
from support.pcsc_card import PcscCard
from support.process import run

LONGER_THAN_A_TEST = "card_timeout = 600\n"
SECURITY_STATUS_NOT_SATISFIED = "6982"
PYKCS11 = """
import sys
import PyKCS11
library = PyKCS11.PyKCS11Lib()
library.load(sys.argv[1])
session = library.openSession(library.getSlotList(tokenPresent=True)[0])
session.login("1234")
(key,) = session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)])
session.sign(key, b"data", PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS))
"""
PYTHON_PKCS11 = """
import sys
import pkcs11
session = pkcs11.lib(sys.argv[1]).get_token(token_label="JPKI (User Authentication PIN)").open(user_pin="1234")
key = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY)
key.sign(b"data", mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)
"""


@pytest.mark.parametrize("program", [PYKCS11, PYTHON_PKCS11], ids=["PyKCS11", "python-pkcs11"])
def test_a_program_that_just_ends(
    card: PcscCard, module_path: Path, new_raw: NewRaw, tmp_path: Path, program: str
) -> None:
    """It ends without waiting for a thread that cannot run any more, and the card has forgotten the PIN."""
    (tmp_path / "config.toml").write_text(LONGER_THAN_A_TEST)
    run([sys.executable, "-c", program, module_path], env={"PYJPKI11_CONFIG": str(tmp_path / "config.toml")})
    assert new_raw(card.reader).signing_status("authentication") == SECURITY_STATUS_NOT_SATISFIED
