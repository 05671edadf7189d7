"""The leases that this laptop's own DHCP clients have recorded; read-only, and as an ordinary user."""

import contextlib
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from netpreflight.probes.observations import Lease
from netpreflight.systems.programs import output_of

_LARGEST_FILE = 1 << 20
_DHCLIENT_FILES = (
    "/var/lib/dhcp/dhclient*.lease*",
    "/var/lib/dhclient/dhclient*.lease*",
    "/var/lib/NetworkManager/dhclient-*.lease",
)
_DHCLIENT_BLOCK = re.compile(r"lease\s*\{(.*?)\}", re.DOTALL)
_DHCLIENT_LINE = re.compile(r"^\s*(?:option\s+)?([\w-]+)\s+(.*?);\s*$", re.MULTILINE)


async def leases(interface: str) -> AsyncIterator[Lease]:
    """What NetworkManager, systemd-networkd, dhclient and dhcpcd have recorded; one is asked after the other."""
    if lease := await _networkmanager(interface):
        yield lease
    if lease := parse_networkd(_read(Path(f"/run/systemd/netif/leases/{_index(interface)}"))):
        yield lease
    for lease in _dhclient(interface):
        yield lease
    if lease := await _dhcpcd(interface):
        yield lease


def parse_networkmanager(text: str) -> Lease | None:
    """A lease from `nmcli --terse --fields DHCP4 device show`: lines such as `DHCP4.OPTION[3]:routers = 10.0.0.1`."""
    options = dict(re.findall(r"^DHCP4\.OPTION\[\d+\]:\s*(\w+) = (.*)$", text, re.MULTILINE))
    return _lease("NetworkManager", options, "dhcp_server_identifier", "ip_address", "domain_name_servers", "routers")


def parse_networkd(text: str) -> Lease | None:
    """A lease from systemd-networkd's `/run/systemd/netif/leases/`."""
    options = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))
    return _lease("systemd-networkd", options, "SERVER_ADDRESS", "ADDRESS", "DNS", "ROUTER", "NETMASK")


def parse_dhclient(text: str, interface: str) -> list[Lease]:
    """The leases of an interface in ISC dhclient's file, newest first (dhclient.leases(5))."""
    found = []
    for block in _DHCLIENT_BLOCK.findall(text):
        options = {name: value.strip('"') for name, value in _DHCLIENT_LINE.findall(block)}
        if options.get("interface") != interface:
            continue
        lease = _lease("dhclient", options, "dhcp-server-identifier", "fixed-address", "domain-name-servers", "routers")
        if lease:
            found.append(lease)
    return found[::-1]


def parse_dhcpcd(text: str) -> Lease | None:
    """A lease from `dhcpcd -U`: shell assignments such as `routers='10.0.0.1'`."""
    options = {name: value.strip("'\"") for name, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)}
    return _lease("dhcpcd", options, "dhcp_server_identifier", "ip_address", "domain_name_servers", "routers")


def _lease(
    source: str,
    options: dict[str, str],
    server_key: str,
    address_key: str,
    resolvers_key: str,
    routers_key: str,
    mask_key: str = "subnet_mask",
) -> Lease | None:
    """Make a lease from the options that a DHCP client recorded.

    `server_key` to `mask_key` are that client's names for the options. None: no address was recorded.
    """
    if address_key not in options:
        return None
    return Lease(
        source=source,
        server=options.get(server_key),
        address=options[address_key],
        mask=options.get(mask_key) or options.get("subnet-mask"),
        routers=_addresses(options.get(routers_key, "")),
        resolvers=_addresses(options.get(resolvers_key, "")),
        captive_portal=options.get("captive_portal")
        or options.get("CAPTIVE_PORTAL")
        or options.get("v4-captive-portal"),
    )


def _addresses(text: str) -> list[str]:
    """The IPv4 addresses in a text, between spaces or commas."""
    return [part for part in re.split(r"[\s,]+", text) if re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", part)]


def _dhclient(interface: str) -> list[Lease]:
    """The leases in all of ISC dhclient's files, newest file first."""
    files = [file for pattern in _DHCLIENT_FILES for file in Path("/").glob(pattern[1:])]

    def age(file: Path) -> float:
        """A number that is the smaller the newer the file is."""
        with contextlib.suppress(OSError):
            return -file.stat().st_mtime
        return 0.0

    return [lease for file in sorted(files, key=age) for lease in parse_dhclient(_read(file), interface)]


async def _networkmanager(interface: str) -> Lease | None:
    return parse_networkmanager(await output_of("nmcli", "--terse", "--fields", "DHCP4", "device", "show", interface))


async def _dhcpcd(interface: str) -> Lease | None:
    return parse_dhcpcd(await output_of("dhcpcd", "-4", "-U", interface))


def _read(path: Path) -> str:
    """The text of a file, up to 1 MiB; empty: it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE).decode(errors="backslashreplace")
    except OSError:
        return ""


def _index(interface: str) -> int:
    """The index of an interface; 0: there is no such interface."""
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        return 0
