"""Address classes, as the contract defines them."""

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
"""RFC 1918, RFC 6598, this network, loopback, link-local and multicast; everything else counts as public."""


def is_address(host: str) -> bool:
    """Whether a host is given as an IPv4 address, and not by name."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def is_local(address: str) -> bool:
    """Whether an IPv4 address cannot be a host on the Internet; False for what is no address."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _LOCAL)


def is_carrier_nat(address: str) -> bool:
    """Whether an address is of a provider's own, between its NAT and its customers (RFC 6598)."""
    try:
        return ipaddress.IPv4Address(address) in ipaddress.ip_network("100.64.0.0/10")
    except ValueError:
        return False


def is_sinkhole(address: str) -> bool:
    """Whether an address leads nowhere, or back to who asks: what filters answer with."""
    return address.partition(".")[0] in {"0", "127"}


def first_host(address: str, mask: str) -> str | None:
    """The first host of the subnet that `address` is in, or None where these are no address and mask."""
    try:
        return str(ipaddress.IPv4Network(f"{address}/{mask}", strict=False).network_address + 1)
    except ValueError:
        return None
