"""Cisco IOS and IOS XE: the zone-based policy firewall.

Cisco, "Security Configuration Guide: Zone-Based Policy Firewall" and "Cisco IOS Security Command Reference"
(ip access-list extended, class-map type inspect, parameter-map type inspect, udp idle-time).
"""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, label, source_and_wildcard

IDLE_S = 30
"""The default of `udp idle-time` in an inspect parameter map."""
NOTES = (
    "In configuration mode. LAN-TO-WAN stands for the inspect policy map of your zone pair from the LAN to the WAN.",
    "An access list on the LAN interface (ip access-group ... in) needs the same permit line.",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """For each rule an access list, a class map for it, and a parameter map if the default idle time is too short."""
    for number, rule in enumerate(rules, 1):
        name, source = label(number), source_and_wildcard(rule)
        yield f"ip access-list extended {name}"
        for address in rule.addresses:
            yield f" permit {rule.protocol} {' '.join(source)} host {address} eq {rule.port}"
        if rule.source is None:
            yield " deny ip any any"  # so that the list is not empty if the placeholder above is refused
        yield f"class-map type inspect match-all {name}"
        yield f" match access-group name {name}"
        if idle_s := idle_s_to_set(rule, IDLE_S):
            yield f"parameter-map type inspect {name}"
            yield f" udp idle-time {idle_s}"
    yield "policy-map type inspect LAN-TO-WAN"
    for number, rule in enumerate(rules, 1):
        yield f" class type inspect {label(number)}"
        yield f"  inspect {label(number)}" if idle_s_to_set(rule, IDLE_S) else "  inspect"
