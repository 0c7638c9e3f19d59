"""An HTTPS site that asks for the card's certificate."""

from __future__ import annotations

import _ssl
import contextlib
import ctypes
import html
import http.server
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "localhost"
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
DEMANDS = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}
IDLE_S = 300.0  # a person may be typing a PIN in the middle of a handshake
GOODBYE_S = 1.0
HANDSHAKE, CERTIFICATE_VERIFY = 22, 15  # content type, message type. Spec: RFC 8446 B.3
SCHEMES = {  # Spec: RFC 8446 4.2.3, RFC 9963 2
    0x0201: "rsa_pkcs1_sha1",
    0x0401: "rsa_pkcs1_sha256",
    0x0420: "rsa_pkcs1_sha256_legacy",
    0x0501: "rsa_pkcs1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
}
NO_SIGNATURE = ""


class Visit(NamedTuple):
    """What the site saw of one connection."""

    protocol: str
    """As OpenSSL calls it: TLSv1.3."""
    scheme: str
    """The signature scheme that the client signed with; empty when it signed nothing."""
    certificate: bytes
    """The client's certificate, DER; empty when it sent none."""
    error: str
    """Why the handshake failed; empty when it did not."""

    @property
    def name(self) -> str:
        """The common name in the client's certificate."""
        return common_name(self.certificate) if self.certificate else ""


class TlsSite:
    """A running site: a page for whoever has a card."""

    def __init__(self, folder: Path, context: ssl.SSLContext) -> None:
        self.ca = folder / "site_ca.pem"
        """The authority that vouches for the site, PEM."""
        self.visits: list[Visit] = []
        """The finished handshakes, good or bad."""
        self._server = _Server(context, self.visits)
        self.host, self.port = HOST, int(self._server.server_address[1])
        self.url = f"https://{self.host}:{self.port}/"

    @property
    def connections(self) -> int:
        """How many there were, with a finished handshake or without."""
        return self._server.connections

    @property
    def sign_ins(self) -> list[tuple[str, str, str]]:
        """Protocol, signature scheme, name, for every handshake with a certificate."""
        return [(visit.protocol, visit.scheme, visit.name) for visit in self.visits if visit.certificate]

    @contextlib.contextmanager
    def open(self) -> Iterator[TlsSite]:
        """Serve while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


NewSite = Callable[..., TlsSite]


def new_site(folder: Path, authority: bytes, version: str, certificate: str) -> TlsSite:
    """A site for one TLS version, "1.2" or "1.3", or for both, "1.2-1.3"; it is not served yet.

    `authority`: the certificate, DER, of the only CA whose clients it lets in. `certificate`: whether it asks for
    one: "required", "optional", "none".
    """
    folder.mkdir()
    accepted = folder / "client_ca.pem"
    accepted.write_text(ssl.DER_cert_to_PEM_cert(authority))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    lowest, _, highest = version.partition("-")
    context.minimum_version, context.maximum_version = VERSIONS[lowest], VERSIONS[highest or lowest]
    context.load_cert_chain(*_issue(folder))
    context.verify_mode = DEMANDS[certificate]
    context.load_verify_locations(accepted)
    _name_authority(context, accepted)
    context.options |= ssl.OP_NO_TICKET  # each visit signs
    context.num_tickets = 0
    return TlsSite(folder, context)


class _Page(http.server.BaseHTTPRequestHandler):
    """Says who came."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    visit: Visit

    def do_GET(self) -> None:
        if self.path != "/":
            return self.send_error(404)
        title = f"Signed in as {self.visit.name}" if self.visit.certificate else "Not signed in"
        text = html.escape(f"{title}, {self.visit.protocol}, {self.visit.scheme or 'no signature'}")
        body = f"<!DOCTYPE html><title>{html.escape(title)}</title><p>{text}</p>\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on stderr."""


class _Server(http.server.ThreadingHTTPServer):
    """Makes each handshake in the connection's own thread, so that a client that waits for a PIN stops no other."""

    def __init__(self, context: ssl.SSLContext, visits: list[Visit]) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self._context = context
        self._visits = visits
        self.connections = 0
        self._schemes: dict[ssl.SSLSocket, str] = {}
        context._msg_callback = self._saw  # type: ignore[attr-defined]

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        connection, address = self.socket.accept()
        self.connections += 1
        connection.settimeout(IDLE_S)
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def finish_request(self, request: Any, client_address: Any) -> None:
        try:
            request.do_handshake()
        except OSError as error:  # ssl.SSLError is one
            self._record(request, str(error))
            return
        visit = self._record(request, "")
        with contextlib.suppress(OSError):  # it hung up
            type("Page", (_Page,), {"visit": visit})(request, client_address, self)

    def shutdown_request(self, request: Any) -> None:
        """Say goodbye in TLS first, without which OpenSSL speaks of an unexpected end."""
        request.settimeout(GOODBYE_S)
        with contextlib.suppress(OSError, ValueError):  # it hung up, or there never was a handshake
            request = request.unwrap()
        super().shutdown_request(request)

    def _record(self, connection: ssl.SSLSocket, error: str) -> Visit:
        scheme = self._schemes.pop(connection, NO_SIGNATURE)
        certificate = b"" if error else connection.getpeercert(binary_form=True) or b""
        self._visits.append(Visit(connection.version() or "", scheme, certificate, error))
        return self._visits[-1]

    def _saw(self, connection: ssl.SSLSocket, direction: str, *message: Any) -> None:
        """Read the signature scheme off the client's CertificateVerify. Spec: RFC 8446 4.4.3, RFC 5246 7.4.8"""
        _version, content_type, message_type, data = message
        if (direction, content_type, message_type) == ("read", HANDSHAKE, CERTIFICATE_VERIFY):
            number = int.from_bytes(data[4:6], "big")  # behind type and length of the message
            self._schemes[connection] = SCHEMES.get(number, f"{number:#06x}")


def common_name(certificate: bytes) -> str:
    """The common name of whom a certificate, DER, is for."""
    subject = x509.load_der_x509_certificate(certificate).subject
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _name_authority(context: ssl.SSLContext, accepted: Path) -> None:
    """Have the site tell clients whose certificates it takes, as real ones do; Python's ssl has no call for it."""
    openssl = ctypes.CDLL(_ssl.__file__)  # the very library that the context is of
    openssl.SSL_load_client_CA_file.restype = ctypes.c_void_p
    names = ctypes.c_void_p(openssl.SSL_load_client_CA_file(str(accepted).encode()))
    first_member = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)  # SSL_CTX *
    openssl.SSL_CTX_set_client_CA_list(first_member, names)


def _issue(folder: Path) -> tuple[Path, Path]:
    """The site's own certificate and key, and its CA beside them."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name, name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in (f"Test site CA {secrets.token_hex(4)}", HOST)
    )
    authority = _builder(ca_name, ca_name, authority_key).add_extension(x509.BasicConstraints(True, 0), True)
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ip_address("127.0.0.1"))])
    site = _builder(name, ca_name, key).add_extension(names, False)
    site = site.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    _write(folder / "site_ca.pem", authority.sign(authority_key, SHA256()).public_bytes(Encoding.PEM))
    certificate = _write(folder / "site.pem", site.sign(authority_key, SHA256()).public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate, _write(folder / "site.key", pem)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
