"""Which version of each client program is on this machine."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import metadata

from support.process import run


def said(pattern: str, *argv: str) -> Callable[[], str]:
    """The part of what a program says, on stdout or stderr, that the pattern's group matches."""

    def find() -> str:
        result = run(argv, check=False)
        found = re.search(pattern, result.stdout + result.stderr)
        assert found, f"{argv} does not say its version: {result.stdout}{result.stderr}"
        return found[1]

    return find


def debian(package: str) -> Callable[[], str]:
    """The upstream version of a Debian package, for programs that do not say theirs."""
    return said(r"(?:\d+:)?([^-+~]+)", "dpkg-query", "--show", "--showformat=${Version}", package)


def python(distribution: str) -> Callable[[], str]:
    """The version of an installed Python distribution."""
    return lambda: metadata.version(distribution)


#: A program, by the name in the marks -> how to find its version.
VERSIONS: dict[str, Callable[[], str]] = {
    "OpenSSH": said(r"OpenSSH_([\w.]+)", "ssh", "-V"),
    "git": said(r"version ([\d.]+)", "git", "--version"),
    "OpenSSL engine (libp11)": debian("libengine-pkcs11-openssl"),
    "OpenSSL provider (pkcs11-provider)": debian("pkcs11-provider"),
    "curl": said(r"curl ([\d.]+)", "curl", "--version"),
    "GnuTLS": said(r"gnutls-cli ([\d.]+)", "gnutls-cli", "--version"),
    "NSS tools": debian("libnss3-tools"),
    "Java": said(r'version "([\w.]+)"', "java", "-version"),
    "PyKCS11": python("PyKCS11"),
    "python-pkcs11": python("python-pkcs11"),
    "pyHanko": python("pyHanko"),
    "pdfsig (poppler)": said(r"pdfsig version ([\d.]+)", "pdfsig", "-v"),
    "SignXML": python("signxml"),
    "p11-kit": debian("p11-kit"),
    "Firefox": said(r"Firefox ([\d.]+)", "firefox-esr", "--version"),
    "Chromium": said(r"Chromium ([\d.]+)", "chromium", "--version"),
}
