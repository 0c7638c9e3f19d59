"""Programs in Python that end without closing anything, which leaves it to the end of their Python."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from support.clients import OPENSC, NewRaw
from support.pcsc_card import PcscCard
from support.process import background, run

LONGER_THAN_A_TEST = "card_timeout = 600\n"
END_S = 60
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
# PyKCS11 keeps Python's lock during its calls, and we keep the card for a moment after the first contact.
TWO_MODULES = """
import sys
import PyKCS11
for path in sys.argv[1:] * 2:
    library = PyKCS11.PyKCS11Lib()
    library.load(path)
    print(len(library.getSlotList(tokenPresent=True)))
"""
DAEMON = """
import os, sys, time
import PyKCS11
library = PyKCS11.PyKCS11Lib()
library.load(sys.argv[1])
library.getSlotList(tokenPresent=True)
if os.fork():
    os._exit(0)
print("the child lives", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("program", [PYKCS11, PYTHON_PKCS11], ids=["PyKCS11", "python-pkcs11"])
def test_a_program_that_just_ends(
    card: PcscCard, module_path: Path, new_raw: NewRaw, tmp_path: Path, program: str
) -> None:
    """It ends without waiting for a thread that cannot run any more, and the card has forgotten the PIN."""
    (tmp_path / "config.toml").write_text(LONGER_THAN_A_TEST)
    run([sys.executable, "-c", program, module_path], env={"PYJPKI11_CONFIG": str(tmp_path / "config.toml")})
    assert new_raw(card.reader).signing_status("authentication") == SECURITY_STATUS_NOT_SATISFIED


def test_a_program_with_two_modules(card: PcscCard, module_path: Path) -> None:
    """The other one waits for the card with Python's lock in its hands, and gets it."""
    shown = run([sys.executable, "-c", TWO_MODULES, module_path, OPENSC[0]]).stdout
    assert shown.split() == ["2"] * 4


def test_a_program_that_becomes_a_daemon(card: PcscCard, module_path: Path, new_raw: NewRaw, tmp_path: Path) -> None:
    """Its child has the parent's line to the service, but not the card."""
    output = tmp_path / "output"
    with background([sys.executable, "-c", DAEMON, str(module_path)], output) as parent:
        try:
            parent.wait(END_S)
            assert new_raw(card.reader).signing_status("authentication") == SECURITY_STATUS_NOT_SATISFIED
            assert output.read_text() == "the child lives\n"
        finally:
            os.killpg(parent.pid, signal.SIGKILL)
