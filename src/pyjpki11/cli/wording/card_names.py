"""What the card's applications and files are called."""

from __future__ import annotations

from pyjpki11.cli.language import N_

JPKI = bytes.fromhex("D392F000260100000001")
TEXT = bytes.fromhex("D3921000310001010408")

#: AID -> name. Card: notes 1.1
APPLICATIONS = {
    JPKI: N_("JPKI (public certification)"),
    TEXT: N_("input assist (card text)"),
    bytes.fromhex("D3921000310001010402"): N_("visual (card face)"),
    bytes.fromhex("D3921000310001010401"): N_("basic resident registry"),
    bytes.fromhex("D3921000310001010100"): N_("common card"),
    bytes.fromhex("A0000001510000"): N_("issuer security domain"),
}

VISUAL = bytes.fromhex("D3921000310001010402")
COMMON = bytes.fromhex("D3921000310001010100")

#: AID, EF -> name. Card: notes 1.3, 1.4, 7
FILES = {
    (JPKI, 0x0001): N_("digital signature certificate"),
    (JPKI, 0x0002): N_("CA certificate for digital signatures"),
    (JPKI, 0x0006): N_("token information"),
    (JPKI, 0x0008): N_("which certificates exist"),
    (JPKI, 0x000A): N_("user authentication certificate"),
    (JPKI, 0x000B): N_("CA certificate for user authentication"),
    (JPKI, 0x0017): N_("user authentication key"),
    (JPKI, 0x0018): N_("user authentication PIN"),
    (JPKI, 0x001A): N_("digital signature key"),
    (JPKI, 0x001B): N_("digital signature password"),
    (TEXT, 0x0001): N_("My Number"),
    (TEXT, 0x0002): N_("name, address, birth date and sex"),
    (TEXT, 0x0003): N_("signature over number and attributes"),
    (TEXT, 0x0004): N_("card-verifiable certificate"),
    (TEXT, 0x0005): N_("application information"),
    (TEXT, 0x0011): N_("card text PIN"),
    (TEXT, 0x0014): N_("verification number A"),
    (TEXT, 0x0015): N_("verification number B"),
    (VISUAL, 0x0001): N_("birth date"),
    (VISUAL, 0x0002): N_("card face"),
    (VISUAL, 0x0003): N_("signature over the card face"),
    (VISUAL, 0x0004): N_("card-verifiable certificate"),
    (VISUAL, 0x0005): N_("picture of My Number"),
    (VISUAL, 0x0011): N_("birth date as a PIN"),
    (VISUAL, 0x0012): N_("verification number B"),
    (VISUAL, 0x0013): N_("verification number A"),
    (COMMON, 0x0001): N_("card number and expiry"),
}
