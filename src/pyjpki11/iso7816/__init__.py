"""ISO/IEC 7816-4: what holds for any smart card."""
