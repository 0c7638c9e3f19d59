"""A tour: two tokens listed, a file signed with each key, both signatures verified with OpenSSL.

Everything goes through the built libpyjpki11.so from pkcs11-tool, a PKCS#11 client that is not ours. The card is
the software card, inside the client's process; no reader, no pcscd, no real card is touched.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from pyjpki11.cli.library import LIBRARY

#: Token, its PIN on a new software card, its slot, the id of its key.
TOKENS = (("User Authentication", "1234", "0", "01"), ("Digital Signature", "ABC123", "1", "02"))


def run(*command: str) -> None:
    """Show a command as a person would type it, run it, stop the tour if it fails."""
    shown = " ".join("$MODULE" if word == str(LIBRARY) else shlex.quote(word) for word in command)
    print(f"\n$ {shown}", flush=True)
    if subprocess.run(command, timeout=60).returncode != 0:
        sys.exit(f"demo: {command[0]} failed")


def sign_and_verify(token: str, pin: str, slot: str, key_id: str) -> None:
    """One signature with one key, judged by OpenSSL with the certificate from the card."""
    print(f"\n=== Sign with the {token} key")
    signature, certificate, public_key = f"signature-{key_id}", f"certificate-{key_id}.der", f"key-{key_id}.pem"
    client = ["pkcs11-tool", "--module", str(LIBRARY), "--slot-index", slot, "--login", "--pin", pin, "--id", key_id]
    run(*client, "--sign", "-m", "SHA256-RSA-PKCS", "-i", "document.txt", "-o", signature)
    run(*client, "--read-object", "--type", "cert", "-o", certificate)
    run("openssl", "x509", "-inform", "DER", "-in", certificate, "-noout", "-pubkey", "-out", public_key)
    run("openssl", "dgst", "-sha256", "-verify", public_key, "-signature", signature, "document.txt")


def main() -> None:
    """The tour."""
    print(f"MODULE={LIBRARY}")
    with tempfile.TemporaryDirectory(prefix="pyjpki11-demo-") as folder:
        os.chdir(folder)
        os.environ["PYJPKI11_READER"] = f"softcard:{folder}/card"
        os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"  # this card is gone tomorrow: no use in remembering it
        Path("document.txt").write_text("こんにちは、マイナンバーカード\n", encoding="utf-8")
        print("\n=== A software My Number card: one reader, two tokens")
        run("pkcs11-tool", "--module", str(LIBRARY), "--list-token-slots")
        for token in TOKENS:
            sign_and_verify(*token)
        os.chdir("/")
    print(NEXT.format(library=LIBRARY))


NEXT = """
Done: two tokens listed, a file signed with each key, both signatures verified by OpenSSL.

With a card reader and your own card (install pcscd if you have not):
    MODULE={library}
    pkcs11-tool --module $MODULE -L
    pkcs11-tool --module $MODULE --login --sign -m SHA256-RSA-PKCS --id 01 -i FILE -o SIGNATURE
    ssh-keygen -D $MODULE | head -n 1      # your card's key, for ~/.ssh/authorized_keys
    ssh -I $MODULE HOST
The PIN asked for is the 4-digit authentication PIN (利用者証明用暗証番号); three wrong ones block it."""


if __name__ == "__main__":
    main()
