"""Whether an authority has issued a certificate, which its name does not tell: all generations share one.

Card: notes 6.2
"""

from __future__ import annotations

from pyjpki11.card.certificate import signed_part
from pyjpki11.cryptoki import ckm
from pyjpki11.cryptoki.mechanisms import MECHANISMS
from pyjpki11.provider import digest
from pyjpki11.provider.rsa import PublicKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyjpki11.card.certificate import Certificate

#: How the authorities sign. Card: notes 6.2, 6.3
SHA256_PREFIX = MECHANISMS[ckm.SHA256_RSA_PKCS].prefix


def has_issued(authority: Certificate, certificate: Certificate) -> bool:
    """Whether the authority's key verifies the certificate's signature, sha256WithRSAEncryption."""
    if authority.modulus is None or authority.exponent is None or authority.subject != certificate.issuer:
        return False
    signed, signature = signed_part(certificate.der)
    return PublicKey(authority.modulus, authority.exponent).is_v15(
        signature, SHA256_PREFIX + digest.of("sha256", signed)
    )
