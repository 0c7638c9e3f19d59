"""What a program does with the module through python-pkcs11: python_pkcs11 MODULE KEY CHECK."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_der_x509_certificate
from pkcs11 import MGF, Attribute, KeyType, Mechanism, ObjectClass, exceptions
from support.clients import KEYS

DATA = b"what is signed"
PARTS = [b"what ", b"is ", b"signed"]
SHA256 = hashes.SHA256()
V15 = padding.PKCS1v15()
PSS = padding.PSS(padding.MGF1(SHA256), 32)
PSS_OF_CARD = (Mechanism.SHA256, MGF.SHA256, 32)
#: Mechanism -> hash, padding, parameter.
SIGNATURES: dict[Mechanism, tuple[Any, Any, Any]] = {
    Mechanism.SHA1_RSA_PKCS: (hashes.SHA1(), V15, None),  # noqa: S303 - as the card does
    Mechanism.SHA224_RSA_PKCS: (hashes.SHA224(), V15, None),
    Mechanism.SHA256_RSA_PKCS: (SHA256, V15, None),
    Mechanism.SHA384_RSA_PKCS: (hashes.SHA384(), V15, None),
    Mechanism.SHA512_RSA_PKCS: (hashes.SHA512(), V15, None),
    Mechanism.SHA256_RSA_PKCS_PSS: (SHA256, PSS, PSS_OF_CARD),
}
REFUSED_PSS = [
    (Mechanism.SHA512, MGF.SHA256, 32),
    (Mechanism.SHA256, MGF.SHA1, 32),
    (Mechanism.SHA256, MGF.SHA256, 20),
    (Mechanism.SHA256, MGF.SHA256, 0),
    None,
]
DIGESTS = {
    Mechanism.SHA_1: "sha1",
    Mechanism.SHA224: "sha224",
    Mechanism.SHA256: "sha256",
    Mechanism.SHA384: "sha384",
    Mechanism.SHA512: "sha512",
}
#: Mechanism, parameter, how `cryptography` decrypts it.
ENCRYPTIONS: list[tuple[Mechanism, Any, Any]] = [
    (Mechanism.RSA_PKCS, None, V15),
    *(
        (
            Mechanism.RSA_PKCS_OAEP,
            (mechanism, mgf, label),
            padding.OAEP(padding.MGF1(algorithm), algorithm, label),
        )
        for mechanism, mgf, algorithm in (
            (Mechanism.SHA_1, MGF.SHA1, hashes.SHA1()),  # noqa: S303 - the default of OAEP
            (Mechanism.SHA256, MGF.SHA256, SHA256),
            (Mechanism.SHA512, MGF.SHA512, hashes.SHA512()),
        )
        for label in (None, b"label")
    ),
]


class Client:
    """A logged-in session. The signature token wants the PIN again after each signature."""

    def __init__(self, path: str, key: str) -> None:
        self.key = KEYS[key]
        self.token = pkcs11.lib(path).get_token(token_label=self.key.token)
        self.consents = key == "signature"
        self.open()

    def open(self) -> None:
        """Log in."""
        self.session = self.token.open(user_pin=self.key.pin)
        self.private_key: Any = self.session.get_key(ObjectClass.PRIVATE_KEY)
        self.public_key: Any = self.session.get_key(ObjectClass.PUBLIC_KEY)
        wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.ID: bytes.fromhex(self.key.id)}
        (found,) = self.session.get_objects(wanted)
        self.verifier: Any = load_der_x509_certificate(found[Attribute.VALUE]).public_key()

    def sign(self, data: Any, mechanism: Mechanism, parameter: Any) -> bytes:
        """A signature, each after a login of its own where the token wants that."""
        signature = bytes(self.private_key.sign(data, mechanism=mechanism, mechanism_param=parameter))
        if self.consents:
            self.session.close()
            self.open()
        return signature


def check_signatures(client: Client) -> None:
    """Whole and in parts, verified by `cryptography` and by the module."""
    for mechanism, (algorithm, how, parameter) in SIGNATURES.items():
        for data in (DATA, iter(PARTS)):
            signature = client.sign(data, mechanism, parameter)
            client.verifier.verify(signature, DATA, how, algorithm)
            assert client.public_key.verify(DATA, signature, mechanism=mechanism, mechanism_param=parameter)
            assert client.public_key.verify(iter(PARTS), signature, mechanism=mechanism, mechanism_param=parameter)
            assert not client.public_key.verify(b"else", signature, mechanism=mechanism, mechanism_param=parameter)


def check_blocks(client: Client) -> None:
    """The two mechanisms that sign what they are given."""
    digest = hashlib.sha256(DATA).digest()
    signature = client.sign(digest, Mechanism.RSA_PKCS_PSS, PSS_OF_CARD)
    client.verifier.verify(signature, DATA, PSS, SHA256)
    assert client.public_key.verify(digest, signature, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=PSS_OF_CARD)
    signature = client.sign(DATA, Mechanism.RSA_PKCS, None)
    assert client.verifier.recover_data_from_signature(signature, V15, None) == DATA
    assert client.public_key.verify(DATA, signature, mechanism=Mechanism.RSA_PKCS)


def check_refused_pss(client: Client) -> None:
    """PSS that the card does not make."""
    for parameter in REFUSED_PSS:
        for mechanism in (Mechanism.SHA256_RSA_PKCS_PSS, Mechanism.RSA_PKCS_PSS):
            refused(exceptions.MechanismParamInvalid, client.sign, DATA, mechanism, parameter)


def check_foreign_keys(client: Client) -> None:
    """Encrypt and verify with a key that the card has never seen."""
    key = rsa.generate_private_key(65537, 3072)
    imported = imported_key(client, key)
    for mechanism, parameter, how in ENCRYPTIONS:
        encrypted = imported.encrypt(DATA, mechanism=mechanism, mechanism_param=parameter)
        assert key.decrypt(bytes(encrypted), how) == DATA, (mechanism, parameter)
    for mechanism, (algorithm, how, parameter) in SIGNATURES.items():
        signature = key.sign(DATA, how, algorithm)
        assert imported.verify(DATA, signature, mechanism=mechanism, mechanism_param=parameter)
        assert not imported.verify(DATA, signature[::-1], mechanism=mechanism, mechanism_param=parameter)
    imported.destroy()
    refused(exceptions.PKCS11Error, imported.encrypt, DATA, mechanism=Mechanism.RSA_PKCS)


def imported_key(client: Client, key: rsa.RSAPrivateKey) -> Any:
    """The public half as a session object."""
    numbers = key.public_key().public_numbers()
    template = {
        Attribute.CLASS: ObjectClass.PUBLIC_KEY,
        Attribute.KEY_TYPE: KeyType.RSA,
        Attribute.MODULUS: numbers.n.to_bytes(384, "big"),
        Attribute.PUBLIC_EXPONENT: b"\1\0\1",
        Attribute.TOKEN: False,
        Attribute.ENCRYPT: True,
        Attribute.VERIFY: True,
    }
    return client.session.create_object(template)


def check_objects(client: Client) -> None:
    """Data and certificates of the session: made, copied, changed, destroyed."""
    template = {Attribute.CLASS: ObjectClass.DATA, Attribute.VALUE: b"value", Attribute.TOKEN: False}
    made = client.session.create_object(template)
    made[Attribute.LABEL] = "label"
    copied = made.copy({Attribute.LABEL: "copy"})
    assert (made[Attribute.LABEL], copied[Attribute.LABEL], copied[Attribute.VALUE]) == ("label", "copy", b"value")
    found = list(client.session.get_objects({Attribute.LABEL: "copy"}))
    assert len(found) == 1
    made.destroy()
    copied.destroy()
    assert not list(client.session.get_objects({Attribute.CLASS: ObjectClass.DATA}))
    refused(exceptions.PKCS11Error, client.public_key.destroy)


def check_digests(client: Client) -> None:
    """Whole and in parts, as hashlib has them."""
    for mechanism, name in DIGESTS.items():
        expected = hashlib.new(name, DATA).digest()
        assert client.session.digest(DATA, mechanism=mechanism) == expected
        assert client.session.digest(iter(PARTS), mechanism=mechanism) == expected


def check_random(client: Client) -> None:
    """As many bytes as asked for, never the same."""
    made = [client.session.generate_random(bits) for bits in (8, 128, 128, 8192)]
    assert [len(one) for one in made] == [1, 16, 16, 1024] and made[1] != made[2]


def check_key(client: Client) -> None:
    """The public key is that of the certificate."""
    numbers = client.verifier.public_numbers()
    assert int.from_bytes(client.public_key[Attribute.MODULUS], "big") == numbers.n
    assert client.private_key[Attribute.MODULUS] == client.public_key[Attribute.MODULUS]
    assert not hasattr(client.private_key, "decrypt")  # python-pkcs11 goes by CKA_DECRYPT


def refused(expected: type[Exception], function: Any, *arguments: Any, **named: Any) -> None:
    """Call what has to fail."""
    try:
        function(*arguments, **named)
    except expected:
        return
    raise AssertionError(f"{function}{arguments} was not refused with {expected.__name__}")


CHECKS = {name.removeprefix("check_"): check for name, check in list(globals().items()) if name.startswith("check_")}

if __name__ == "__main__":
    CHECKS[sys.argv[3]](Client(sys.argv[1], sys.argv[2]))
