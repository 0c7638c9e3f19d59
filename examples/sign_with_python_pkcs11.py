"""Signs files with python-pkcs11, each into a file of its own with the suffix .sig."""

from __future__ import annotations

import argparse
from getpass import getpass
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import MGF, Mechanism, ObjectClass

TOKENS = {"authentication": "JPKI (User Authentication PIN)", "signature": "JPKI (Digital Signature PIN)"}
V15: dict[str, Any] = {"mechanism": Mechanism.SHA256_RSA_PKCS}
PSS: dict[str, Any] = {
    "mechanism": Mechanism.SHA256_RSA_PKCS_PSS,
    "mechanism_param": (Mechanism.SHA256, MGF.SHA256, 32),  # the only parameters that the card knows
}


def main() -> None:
    """Ask for the PIN once, then sign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pss", action="store_true", help="sign with RSA-PSS, where the card makes it")
    parser.add_argument("module", help="what `pyjpki11 module-path` prints")
    parser.add_argument("token", choices=TOKENS)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    token = pkcs11.lib(chosen.module).get_token(token_label=TOKENS[chosen.token])
    pin = getpass(f"PIN of {token.label}: ")
    with token.open(user_pin=pin) as session:
        key: Any = session.get_key(ObjectClass.PRIVATE_KEY)
        # The signature key makes one signature in a login; `pin` gives it the password again for each.
        again = {"pin": pin} if key[pkcs11.Attribute.ALWAYS_AUTHENTICATE] else {}
        for file in chosen.files:
            signature = key.sign(file.read_bytes(), **(PSS if chosen.pss else V15), **again)
            file.with_name(f"{file.name}.sig").write_bytes(signature)


if __name__ == "__main__":
    main()
