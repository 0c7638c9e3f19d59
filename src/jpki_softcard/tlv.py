"""BER-TLV encoding of the objects stored on the card."""


def encode(tag: int, value: bytes) -> bytes:
    """Tag (as many bytes as the number needs), shortest length form, value. Spec: ISO/IEC 8825-1:2021 8.1"""
    return _number(tag) + length(len(value)) + value


def length(count: int) -> bytes:
    """The definite length octets of `count` bytes, shortest form."""
    if count < 0x80:
        return bytes([count])
    octets = _number(count)
    return bytes([0x80 | len(octets)]) + octets


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")
