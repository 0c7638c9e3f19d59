"""Signs an XML document with the signature key; the signature goes to the end of its root element."""

from __future__ import annotations

import argparse
from getpass import getpass
from pathlib import Path
from typing import Any, cast

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree  # type: ignore[import-untyped]
from pkcs11 import MGF, Attribute, Mechanism, ObjectClass
from signxml import CanonicalizationMethod, SignatureMethod, XMLSigner
from signxml.processor import XMLProcessor
from signxml.xades import XAdESSigner

TOKEN = "JPKI (Digital Signature PIN)"  # noqa: S105 - its label
CERTIFICATE_IDS = (b"\x02", b"\x04")  # the cardholder's and the CA's
V15 = (SignatureMethod.RSA_SHA256, {"mechanism": Mechanism.SHA256_RSA_PKCS})
PSS = (
    SignatureMethod.SHA256_RSA_MGF1,
    {"mechanism": Mechanism.SHA256_RSA_PKCS_PSS, "mechanism_param": (Mechanism.SHA256, MGF.SHA256, 32)},
)
INCLUSIVE = CanonicalizationMethod.CANONICAL_XML_1_0
EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
DS = "{http://www.w3.org/2000/09/xmldsig#}"


class InUtf8(XMLProcessor):
    """SignXML copies documents as ASCII, in which an element cannot have a Japanese name."""

    def _tostring(self, xml_node: Any, **kwargs: Any) -> Any:
        return etree.tostring(xml_node, encoding="UTF-8", **kwargs)


class PlainSigner(InUtf8, XMLSigner):
    """Makes XML signatures."""


class XadesSigner(InUtf8, XAdESSigner):
    """Makes XAdES signatures."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.signature_annotators.append(self._say_canonicalization)

    def _say_canonicalization(self, signature: Any, signing_settings: object) -> None:
        """SignXML canonicalizes its own references as it was told, but does not say so in the signature."""
        for reference in signature.iterfind(f"{DS}SignedInfo/{DS}Reference"):
            if reference.find(f"{DS}Transforms") is None:
                transforms = etree.Element(f"{DS}Transforms")
                etree.SubElement(transforms, f"{DS}Transform", Algorithm=self.c14n_alg.value)
                reference.insert(0, transforms)


class CardKey:
    """As much of a private key as SignXML uses."""

    def __init__(self, session: pkcs11.Session, how: dict[str, Any]) -> None:
        self._key: Any = session.get_key(ObjectClass.PRIVATE_KEY)
        self._how = how

    def sign(self, data: bytes, padding: object, algorithm: object) -> bytes:
        """A signature by the card. Padding and hash are those of the method that the signer was made with."""
        return bytes(self._key.sign(data, **self._how))


def certificates(session: pkcs11.Session) -> list[x509.Certificate]:
    """The chain, the cardholder's certificate first."""
    found = [
        next(iter(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.ID: number})))
        for number in CERTIFICATE_IDS
    ]
    return [x509.load_der_x509_certificate(each[Attribute.VALUE]) for each in found]


def sign(document: Any, signer: XMLSigner, session: pkcs11.Session, how: dict[str, Any], element: str | None) -> Any:
    """The document with its signature."""
    key = cast(RSAPrivateKey, CardKey(session, how))
    chain = certificates(session)
    return signer.sign(document, key=key, cert=chain, reference_uri=element, always_add_key_value=False)


def options() -> argparse.Namespace:
    """What the user chose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xades", action="store_true", help="say in the signature when and by whom it was made")
    parser.add_argument("--exclusive", action="store_true", help="canonicalize so that other documents can include it")
    parser.add_argument("--element", metavar="ID", help="sign only the element with this Id attribute")
    parser.add_argument("--pss", action="store_true", help="sign with RSA-PSS, where the card makes it")
    parser.add_argument("module", help="what `pyjpki11 module-path` prints")
    parser.add_argument("document", type=Path)
    parser.add_argument("signed", help="where the signed document goes")
    return parser.parse_args()


def main() -> None:
    """Ask for the password, then sign."""
    chosen = options()
    method, how = PSS if chosen.pss else V15
    signer_class = XadesSigner if chosen.xades else PlainSigner
    signer = signer_class(signature_algorithm=method, c14n_algorithm=EXCLUSIVE if chosen.exclusive else INCLUSIVE)
    document = etree.parse(chosen.document, etree.XMLParser(resolve_entities=False)).getroot()
    password = getpass(f"PIN of {TOKEN}: ")
    with pkcs11.lib(chosen.module).get_token(token_label=TOKEN).open(user_pin=password) as session:
        signed = sign(document, signer, session, how, chosen.element)
    etree.ElementTree(signed).write(chosen.signed, encoding="UTF-8", xml_declaration=True)


if __name__ == "__main__":
    main()
