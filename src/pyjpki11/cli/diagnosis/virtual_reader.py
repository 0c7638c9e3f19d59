"""Whether other programs can put a software card into a reader of this computer.

vpcd, the virtual reader of vsmartcard, listens on every interface, and asks for no password. It cannot be bound to one:
a host name in DEVICENAME of /etc/reader.conf.d/vpcd has it call a card there instead.
Source: ifd-vpcd.c of vsmartcard 3.3 (IFDHCreateChannelByName), tried with Debian 12's package.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyjpki11.cli.diagnosis.finding import WARNING, Finding
from pyjpki11.cli.language import _

#: Debian's /etc/reader.conf.d/vpcd names the first; each of the two slots has one.
PORTS = (35963, 35964)
#: The kernel's tables, which every user may read. Spec: proc(5)
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTEN = "0A"
#: Addresses that only this computer reaches, as the tables have them: of IPv4 the first byte stands last.
LOOPBACK_4, LOOPBACK_6 = "7F", "00000000000000000000000001000000"


def examine() -> Iterator[Finding]:
    """The virtual readers that are waiting for cards."""
    found = [place for table in TABLES for place in listening(table) if place[1] in PORTS]
    if not found:
        return
    ports = ", ".join(str(port) for port in sorted({port for _address, port in found}))
    who = _("Every user of this computer and, unless a firewall prevents it, everyone on its networks")
    if all(_is_local(address) for address, _port in found):
        who = _("Every user of this computer")
    message = _(
        "A virtual reader (vsmartcard-vpcd) waits for cards on port {ports}. {who} can insert a software card into it "
        "and receives the PIN that you type for it.",
        ports=ports, who=who,
    )  # fmt: skip
    remedy = _(
        "If you test with software cards, have a firewall refuse these ports from other computers. If you do not: "
        "sudo apt purge vsmartcard-vpcd && sudo systemctl restart pcscd"
    )
    yield Finding(WARNING, "virtual-reader", message, remedy)


def listening(table: Path) -> Iterator[tuple[str, int]]:
    """The places in a table at which a program waits for connections: address in hex, port."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:  # a kernel without this table
        return
    for line in lines:
        _number, local, _remote, state, *_rest = line.split()
        address, _colon, port = local.partition(":")
        if state == LISTEN:
            yield address, int(port, 16)


def _is_local(address: str) -> bool:
    return address.endswith(LOOPBACK_4) if len(address) == 8 else address == LOOPBACK_6
