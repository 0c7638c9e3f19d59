"""Distinguished names as one line of text, in which nothing that a name holds reads as another part of it."""

from __future__ import annotations

import re
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


#: What has a meaning in a name, or at its beginning or end. Spec: RFC 4514 2.4
SPECIAL = re.compile(r'[",+;<>=\\]|^[ #]| $')


def distinguished(name: Any) -> str:
    """An asn1crypto Name in the order in which the certificate has it."""
    return ", ".join("+".join(_part(part) for part in relative) for relative in name.chosen)


def _part(part: Any) -> str:
    value = SPECIAL.sub(lambda match: f"\\{match[0]}", str(part["value"].native)).replace("\0", "\\00")
    return f"{SHORT.get(part['type'].native, part['type'].dotted)}={value}"
