"""The checks that are judged: for each its judge, and the probes that it needs."""

from collections.abc import Callable
from typing import NamedTuple

from netpreflight.agent.judging import cloud, coap, dhcp, dns, ntp, path, portal, wifi
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.agent.selection import Selection
from netpreflight.probes.observations import Observations


class Judge(NamedTuple):
    """How one check is judged."""

    finding: Callable[[Observations, Profile], Finding]
    probes: tuple[str, ...]
    """The probes that have to run for it."""
    also: tuple[str, ...] = ()
    """Probes whose observations it uses too, where they run."""


_EXCHANGES = ("ntp", "portal", "coap", "cloud")

JUDGES: dict[str, Judge] = {
    "wifi.band": Judge(wifi.band, ("wifi",)),
    "wifi.shared-ssid": Judge(wifi.shared_ssid, ("wifi",)),
    "wifi.channel-width": Judge(wifi.channel_width, ("wifi",)),
    "wifi.channel": Judge(wifi.channel, ("wifi",)),
    "wifi.security": Judge(wifi.security, ("wifi",)),
    "wifi.mode": Judge(wifi.mode, ("wifi",)),
    "wifi.ssid": Judge(wifi.ssid, ("wifi",)),
    "wifi.signal": Judge(wifi.signal, ("wifi",)),
    "dhcp.offer": Judge(dhcp.offer, ("dhcp",)),
    "dhcp.lease": Judge(dhcp.lease, ("dhcp",)),
    "dhcp.servers": Judge(dhcp.servers, ("dhcp",)),
    "dns.resolve": Judge(dns.resolve, ("dhcp", "dns")),
    "dns.integrity": Judge(dns.integrity, ("dhcp", "dns"), also=_EXCHANGES),
    "ntp.reply": Judge(ntp.reply, ("dhcp", "dns", "ntp")),
    "portal": Judge(portal.portal, ("dhcp", "dns", "portal")),
    "coap.udp-5683": Judge(coap.udp_5683, ("dhcp", "dns", "coap"), also=(*_EXCHANGES, "path")),
    "cloud.transport": Judge(cloud.transport, ("dhcp", "dns", "coap", "cloud"), also=(*_EXCHANGES, "mapping", "path")),
    "path.egress": Judge(path.egress, ("dhcp", "dns", "coap", "cloud", "path"), also=_EXCHANGES),
}
"""The checks that this version measures, in the report's order."""


def probes_for(selection: Selection) -> set[str]:
    """The probes that the checks of a selection need."""
    probes = {probe for check_id, judge in JUDGES.items() if selection.includes(check_id) for probe in judge.probes}
    # The device tests the internet where its cloud fails: what that test needs is measured beside the cloud.
    return probes | {"tcp", "echo"} if selection.includes("cloud.transport") else probes
