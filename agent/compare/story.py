"""How two runs are related: one network at two times, two networks, or it cannot be told."""

import ipaddress
from collections.abc import Iterable
from typing import Literal, NamedTuple

from netpreflight.agent.compare.parts import Story
from netpreflight.agent.judging.addresses import is_shared_by_routers
from netpreflight.agent.report.changes import subnet_of
from netpreflight.probes.observations import Observations, Scope, ipv4_networks
from netpreflight.probes.quoting import in_quotes

_HOTSPOT_SUBNETS = {
    "172.20.10.0/28": "an iPhone's or iPad's hotspot",
    "192.168.43.0/24": "a hotspot of Android up to 10",
    "192.168.49.0/24": "Wi-Fi Direct, which some phones' hotspots use",
    "192.168.137.0/24": "a hotspot of Windows",
}
"""The default subnets of hotspots. Later Androids use any subnet of 192.168.0.0/16."""
_HOTSPOT_NAMES = ("iphone", "ipad", "androidap", "androidhotspot")
"""How default names of hotspots begin or end."""


class StoryFinding(NamedTuple):
    """How two runs are related, whether that is proved, and the evidence."""

    story: Story
    sure: bool
    evidence: list[str]


class _Place(NamedTuple):
    """What identifies the network that a laptop is on."""

    subnet: ipaddress.IPv4Network | None
    gateway: str | None
    gateway_macs: frozenset[str]
    """The gateway's MAC address, from ARP."""
    server_macs: frozenset[str]
    """The MAC addresses from which DHCP servers, or their relays, answered."""
    ssid: str | None
    bssid: str | None


def find_story(a: Observations, b: Observations) -> StoryFinding:
    """Find out from the observations of two runs how they are related: one network, two, or not known."""
    here, there = _place(a), _place(b)
    addressing, servers = _addressing(here, there), _servers(here, there)
    same_bss = here.bssid is not None and here.bssid == there.bssid
    named = here.ssid is not None and there.ssid is not None
    same_name, other_name = named and here.ssid == there.ssid, named and here.ssid != there.ssid
    evidence = _reasons(here, there)
    if addressing == "same":
        proved = servers == "same" or same_bss
        if other_name:  # one LAN with two names, or two LANs with the same subnet and gateway
            return StoryFinding("two-networks" if servers == "other" else "not-told", servers == "other", evidence)
        return (
            StoryFinding("two-networks", sure=False, evidence=evidence)
            if servers == "other"
            else StoryFinding("before-and-after", proved, evidence)
        )
    if addressing == "other":
        if same_bss:
            return StoryFinding("not-told", sure=False, evidence=evidence)
        return StoryFinding("two-networks", other_name or servers == "other", evidence)
    if other_name or servers == "other":
        return StoryFinding("two-networks", other_name, evidence)
    if same_bss or servers == "same" or same_name:
        return StoryFinding("before-and-after", same_bss or servers == "same", evidence)
    return StoryFinding(
        "not-told",
        sure=False,
        evidence=evidence or ["neither names nor addresses of the networks are known in both runs"],
    )


def hotspot(seen: Observations) -> str | None:
    """Why a network is likely a phone's or laptop's hotspot (no proof); None: nothing suggests it."""
    place = _place(seen)
    if place.subnet is not None and (usual := _HOTSPOT_SUBNETS.get(str(place.subnet))):
        return f"{place.subnet} is the usual subnet of {usual}"
    name = place.ssid or ""
    if any(name.lower().startswith(word) or name.lower().endswith(word) for word in _HOTSPOT_NAMES):
        return f"{in_quotes(name)} is a usual name of a hotspot"
    return None


def network_words(seen: Observations) -> str:
    """The network that the laptop was on, in words."""
    place = _place(seen)
    wifi = None
    if place.ssid is not None:
        wifi = f"Wi-Fi {in_quotes(place.ssid)}" + (f" ({place.bssid})" if place.bssid else "")
    cable = "by cable" if seen.scope.medium == "wired" else None
    subnet = str(place.subnet) if place.subnet else "no subnet known"
    return ", ".join(filter(None, (wifi or cable, subnet, f"gateway {place.gateway or 'not known'}")))


def same_laptop(a: Scope, b: Scope) -> bool | None:
    """Whether the same laptop made both runs; None: not known.

    A laptop may use a random MAC address for each Wi-Fi network, so different locally administered addresses show
    nothing.
    """
    if a.os and b.os and a.os != b.os:
        return False
    if a.mac is None or b.mac is None:
        return None
    if a.mac.lower() == b.mac.lower():
        return True
    is_random = _is_local(a.mac) or _is_local(b.mac)
    return None if is_random or a.medium != b.medium or a.interface != b.interface else False


def _is_local(mac: str) -> bool:
    """Whether a MAC address is locally administered (IEEE 802, the second bit of the first octet)."""
    try:
        return bool(int(mac[:2], 16) & 2)
    except ValueError:
        return True


def _place(seen: Observations) -> _Place:
    """What identifies the network of a run: its subnet, gateway, DHCP servers and BSS."""
    received = seen.dhcp.received if seen.dhcp else []
    wifi = seen.wifi
    return _Place(
        subnet=_own_subnet(seen.scope) or subnet_of(seen),
        gateway=seen.scope.gateway,
        gateway_macs=_own_macs([seen.scope.gateway_mac]),
        server_macs=_own_macs(datagram.server_mac for datagram in received),
        ssid=seen.scope.ssid or (wifi.associated_ssid if wifi and wifi.interface == seen.scope.interface else None),
        bssid=seen.scope.bssid,
    )


def _own_macs(macs: Iterable[str | None]) -> frozenset[str]:
    """The MAC addresses that belong to one router, without the VRRP ones that any pair of routers may use."""
    return frozenset(mac.lower() for mac in macs if mac and not is_shared_by_routers(mac))


def _own_subnet(scope: Scope) -> ipaddress.IPv4Network | None:
    """The subnet of the laptop's first address that has one; None: no address has a mask shorter than /32."""
    return next((network for network in ipv4_networks(scope.addresses) if network.prefixlen < 32), None)


def _quoted(name: str | None) -> str | None:
    return None if name is None else in_quotes(name)


def _addressing(a: _Place, b: _Place) -> Literal["same", "other", "not-known"]:
    """Whether both runs had the same subnet and gateway; a different subnet is another network."""
    if a.subnet is None or b.subnet is None:
        return "not-known"
    if a.subnet != b.subnet:
        return "other"
    return "same" if a.gateway is not None and a.gateway == b.gateway else "not-known"


def _servers(a: _Place, b: _Place) -> Literal["same", "other", "not-known"]:
    """Whether both runs met the same routers and servers, by their MAC addresses."""
    if (a.gateway_macs | a.server_macs) & (b.gateway_macs | b.server_macs):
        return "same"
    known_pairs = ((a.gateway_macs, b.gateway_macs), (a.server_macs, b.server_macs))
    return "other" if any(group and other for group, other in known_pairs) else "not-known"


def _reasons(a: _Place, b: _Place) -> list[str]:
    """The evidence: what identifies the networks, is known in both runs, and is the same or differs."""
    found = []
    pairs: Iterable[tuple[str, object, object]] = (
        ("subnet", a.subnet, b.subnet),
        ("gateway", a.gateway, b.gateway),
        ("MAC address of the gateway", next(iter(a.gateway_macs), None), next(iter(b.gateway_macs), None)),
        ("SSID", _quoted(a.ssid), _quoted(b.ssid)),
        ("BSSID", a.bssid, b.bssid),
    )
    for what, first, second in pairs:
        if first is not None and second is not None:
            found.append(f"the same {what}, {first}" if first == second else f"another {what}: {first} and {second}")
    if both := sorted(a.server_macs & b.server_macs):
        found.append(f"DHCP answered from the same MAC address, {both[0]}")
    elif a.server_macs and b.server_macs:
        found.append(f"DHCP answered from other MAC addresses: {min(a.server_macs)} and {min(b.server_macs)}")
    return found
