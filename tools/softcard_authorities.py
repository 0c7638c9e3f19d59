"""Makes the authorities of the software cards anew: tools/softcard_authorities.py, then reinstall, issue cards anew.

Their certificates are written twice, because the module knows them by sight as it knows those of real cards.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from jpki_softcard.issuing import authorities, certificates

SOURCES = Path(__file__).parents[1] / "src"
MODULE = SOURCES / "pyjpki11" / "certificates" / "softcard"
#: Long enough for the certificates of any card that a test asks for; the end is the last moment that UTCTime can name.
PERIOD = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC))
UNITS = {"auth_ca": certificates.AUTH_UNIT, "sign_ca": certificates.SIGN_UNIT}


def main() -> None:
    """Write keys and certificates."""
    hierarchy = SOURCES / authorities.FOLDER.relative_to(Path(authorities.__file__).parents[2])
    for name, unit in UNITS.items():
        key = rsa.generate_private_key(65537, 2048)
        made = certificates.authority(key, unit, PERIOD)
        pem = x509.load_der_x509_certificate(made.der).public_bytes(Encoding.PEM)
        for folder in (hierarchy, MODULE):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.pem").write_bytes(pem)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (hierarchy / f"{name}.key").write_bytes(private)


if __name__ == "__main__":
    main()
