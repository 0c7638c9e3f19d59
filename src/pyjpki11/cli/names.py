"""Distinguished names as one line of text."""

from __future__ import annotations

from typing import Any

#: Types of asn1crypto that have a short name. Spec: RFC 4514 3
SHORT = {
    "country_name": "C",
    "organization_name": "O",
    "organizational_unit_name": "OU",
    "locality_name": "L",
    "state_or_province_name": "ST",
    "common_name": "CN",
}


def distinguished(name: Any) -> str:
    """An asn1crypto Name in the order in which the certificate has it."""
    parts = (part for relative in name.chosen for part in relative)
    return ", ".join(f"{SHORT.get(part['type'].native, part['type'].dotted)}={part['value'].native}" for part in parts)
