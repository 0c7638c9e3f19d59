"""A PKCS#11 module for the Japanese My Number card (JPKI)."""

__version__ = "0.1.0"
