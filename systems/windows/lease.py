r"""What Windows' DHCP client has recorded, in Tcpip\Parameters\Interfaces of the registry.

DhcpRequestParams could give option 114, too. But if the client has not asked for that option before, the call sends an
INFORM, which would be missing from the run's count of packets. The run's own INFORM asks for that option.
"""

import ipaddress
from collections.abc import Iterable
from typing import Any

from netpreflight.probes.observations import Lease
from netpreflight.systems.windows import native

_INTERFACES = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces"
_NOBODY = ("0.0.0.0", "255.255.255.255")  # noqa: S104 - what the registry has where there is no address


def settings(guid: str) -> dict[str, Any]:
    """What is set for an interface, by its GUID."""
    return native.values("HKEY_LOCAL_MACHINE", f"{_INTERFACES}\\{guid}")


def leases(guid: str) -> list[Lease]:
    """The lease of an interface, by its GUID; empty: it has no lease."""
    told = settings(guid)
    address = next(iter(_addresses(told.get("DhcpIPAddress"))), None)
    if address is None or told.get("EnableDHCP") == 0:
        return []
    return [
        Lease(
            source="Windows",
            server=next(iter(_addresses(told.get("DhcpServer"))), None),
            address=address,
            mask=next(iter(_addresses(told.get("DhcpSubnetMask"), is_mask=True)), None),
            routers=_addresses(told.get("DhcpDefaultGateway")),
            resolvers=_addresses(told.get("DhcpNameServer")),
        )
    ]


def resolvers_of_lease(guid: str) -> list[str] | None:
    """The resolvers that an interface has from DHCP; None: its resolvers were set by hand."""
    told = settings(guid)
    return None if _addresses(told.get("NameServer")) else _addresses(told.get("DhcpNameServer"))


def _addresses(value: object, *, is_mask: bool = False) -> list[str]:
    """The IPv4 addresses in a value: a text with spaces or commas between them (REG_SZ), or several (REG_MULTI_SZ)."""
    texts: Iterable[object] = value if isinstance(value, list) else [value]
    found = []
    for text in texts:
        for part in text.replace(",", " ").split() if isinstance(text, str) else []:
            try:
                ipaddress.IPv4Address(part)
            except ValueError:
                continue
            if is_mask or part not in _NOBODY:
                found.append(part)
    return found[:16]
