"""Classes of addresses: local, public, carrier NAT and others; and the names to allow for a host."""

import ipaddress

_LOCAL = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/4",
    )
]
"""The local networks: RFC 1918, RFC 6598, "this network" (0.0.0.0/8), loopback, link-local and multicast.

Every other address counts as public.
"""
_DEVICE_ID_LENGTH = 24
"""How many characters a device id has."""


def is_address(host: str) -> bool:
    """Whether a host is given as an IPv4 address, and not by name."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def is_local(address: str) -> bool:
    """Whether an IPv4 address is local, so no internet host can have it; False for text that is no address."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _LOCAL)


def is_carrier_nat(address: str) -> bool:
    """Whether an address is in 100.64.0.0/10, which providers use between their NAT and their customers (RFC 6598)."""
    try:
        return ipaddress.IPv4Address(address) in ipaddress.ip_network("100.64.0.0/10")
    except ValueError:
        return False


def is_translated(address: str) -> bool:
    """Whether an address is one that a host uses for IPv4 over IPv6 (464XLAT, RFC 7335)."""
    try:
        return ipaddress.IPv4Address(address) in ipaddress.ip_network("192.0.0.0/29")
    except ValueError:
        return False


def is_shared_by_routers(mac: str) -> bool:
    """Whether VRRP routers share a MAC address (RFC 9568 section 7.3), so it identifies neither a vendor nor a site."""
    return mac.lower().startswith("00:00:5e:00:01:")


def is_sinkhole(address: str) -> bool:
    """Whether an address is in 0.0.0.0/8 or 127.0.0.0/8: DNS filters answer with such addresses."""
    return address.partition(".")[0] in {"0", "127"}


def zone_of(host: str) -> str:
    """The name to allow for a host: `*.zone` if the first label is a device id, which differs for each device."""
    first, _, zone = host.partition(".")
    return f"*.{zone}" if len(first) == _DEVICE_ID_LENGTH and zone else host


def first_host(address: str, mask: str) -> str | None:
    """The first host of the subnet that `address` is in; None: the address or the mask is not valid."""
    try:
        return str(ipaddress.IPv4Network(f"{address}/{mask}", strict=False).network_address + 1)
    except ValueError:
        return None


def classful_mask(address: str) -> str:
    """The mask that lwIP assumes where a lease names none: the classful one (dhcp.c:1120-1142)."""
    first = address.partition(".")[0]
    number = int(first) if first.isdecimal() and len(first) < 4 else 0
    return "255.0.0.0" if number < 128 else "255.255.0.0" if number < 192 else "255.255.255.0"
