"""Signs files with PyKCS11, each into a file of its own with the suffix .sig."""

from __future__ import annotations

import argparse
from getpass import getpass
from pathlib import Path

import PyKCS11  # type: ignore[import-untyped]

TOKENS = {"authentication": "JPKI (User Authentication PIN)", "signature": "JPKI (Digital Signature PIN)"}
V15 = PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS)
PSS = PyKCS11.RSA_PSS_Mechanism(
    PyKCS11.CKM_SHA256_RSA_PKCS_PSS, PyKCS11.CKM_SHA256, PyKCS11.CKG_MGF1_SHA256, 32
)  # the only parameters that the card knows


def open_session(module: str, label: str) -> PyKCS11.Session:
    """A session with the token of that label."""
    library = PyKCS11.PyKCS11Lib()
    library.load(module)
    for slot in library.getSlotList(tokenPresent=True):
        if library.getTokenInfo(slot).label.strip() == label:
            return library.openSession(slot)
    raise SystemExit(f"no card in a reader has the token {label}")


def sign(session: PyKCS11.Session, pin: str, data: bytes, mechanism: object) -> bytes:
    """A signature. A login for each, because the signature key makes one in a login."""
    session.login(pin)
    try:
        (key,) = session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)])
        return bytes(session.sign(key, data, mechanism))
    finally:
        session.logout()


def main() -> None:
    """Ask for the PIN once, then sign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pss", action="store_true", help="sign with RSA-PSS, where the card makes it")
    parser.add_argument("module", help="what `pyjpki11 module-path` prints")
    parser.add_argument("token", choices=TOKENS)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    label = TOKENS[chosen.token]
    session = open_session(chosen.module, label)
    pin = getpass(f"PIN of {label}: ")
    for file in chosen.files:
        signature = sign(session, pin, file.read_bytes(), PSS if chosen.pss else V15)
        file.with_name(f"{file.name}.sig").write_bytes(signature)


if __name__ == "__main__":
    main()
