"""A document to sign."""

from __future__ import annotations

OBJECTS = [
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << >> >>",
    b"<< /Length 20 >>\nstream\n72 720 m 300 720 l S\nendstream",
]


def one_page() -> bytes:
    """A PDF of one page with a line on it. Spec: ISO 32000-1 7.5"""
    document, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(OBJECTS, start=1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(OBJECTS) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, entries)
    return document + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(document))
