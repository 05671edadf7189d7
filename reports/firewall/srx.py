"""Juniper SRX: `set` commands of Junos OS.

Juniper, "Security Policies User Guide" (address books, applications, security policies) and "CLI Reference"
(dns-name, inactivity-timeout).
"""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import address_names, idle_s_to_set, label, name_of, source_of

IDLE_S = 60
"""The default inactivity time-out of UDP ("Policy Application Timeout Configuration and Lookup", protocol-based
defaults)."""
NOTES = (
    "In configuration mode, with load set terminal; trust and untrust stand for your zones.",
    "The policy is added at the end of its zone pair: insert it before the one that denies, then commit.",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """The commands that create the address objects, the application and the policy of each rule."""
    for number, rule in enumerate(rules, 1):
        name, host = label(number), name_of(rule, "exact")
        book, policy = (
            "set security address-book global address",
            "set security policies from-zone trust to-zone untrust",
        )
        yield f"{book} {name}-from {source_of(rule)}"
        destinations = address_names(rule, name, host)
        if host:
            yield f"{book} {destinations[0]} dns-name {host}"
        else:
            for destination, address in zip(destinations, rule.addresses, strict=True):
                yield f"{book} {destination} {address}/32"
        yield f"set applications application {name} protocol {rule.protocol}"
        yield f"set applications application {name} destination-port {rule.port}"
        if idle_s := idle_s_to_set(rule, IDLE_S):
            yield f"set applications application {name} inactivity-timeout {idle_s}"
        yield f"{policy} policy {name} match source-address {name}-from"
        yield from (f"{policy} policy {name} match destination-address {destination}" for destination in destinations)
        yield f"{policy} policy {name} match application {name}"
        yield f"{policy} policy {name} then permit"
