"""The authorities that issue the certificates of all software cards, as few authorities issue those of all real ones.

Their keys are not secret: a certificate of theirs says that a card is made of software, nothing else.
"""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from .certificates import Authority

FOLDER = Path(__file__).parent / "hierarchy"


def load(name: str) -> Authority:
    """The authority of that name: "auth_ca" or "sign_ca"."""
    certificate = x509.load_pem_x509_certificate((FOLDER / f"{name}.pem").read_bytes())
    key = load_pem_private_key((FOLDER / f"{name}.key").read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)  # noqa: S101 - our own file
    return Authority(key, certificate.subject, certificate.public_bytes(Encoding.DER))
