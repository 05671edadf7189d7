"""Cisco ASA: extended access lists with network objects.

Cisco, "ASA Firewall CLI Configuration Guide", "Objects for Access Control" (fqdn objects: one host, no zone) and
"Access Rules"; "Command Reference", timeout udp.
"""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import Names, idle_s_to_set, label, name_of, source_and_mask

IDLE_S = 120
"""The default of `timeout udp` (Cisco ASA Series Firewall CLI Configuration Guide, "Configure Global Timeouts": 2
minutes)."""
NOTES = ("In configuration mode. INSIDE-IN stands for the access list that is bound to your LAN's interface.",)
NAME_NOTE = "The ASA resolves a name itself: it needs a DNS server group."
NAMES: Names = "exact"
"""The host names that the ASA accepts as destination."""


def lines(rules: list[Rule]) -> Iterator[str]:
    """A network object or group, and an entry at the head of the list, for each rule."""
    for number, rule in enumerate(rules, 1):
        name, source, host = label(number), source_and_mask(rule), name_of(rule, NAMES)
        if host:
            yield f"object network {name}"
            yield f" fqdn v4 {host}"
        else:
            yield f"object-group network {name}"
            yield from (f" network-object host {address}" for address in rule.addresses)
        yield (
            f"access-list INSIDE-IN line 1 extended permit {rule.protocol} {' '.join(source)} "
            f"{'object' if host else 'object-group'} {name} eq {rule.port}"
        )
    if idle_s := max((idle_s_to_set(rule, IDLE_S) or 0 for rule in rules), default=0):
        yield f"! Unless it is already longer: timeout udp {idle_s // 3600}:{idle_s // 60 % 60:02}:{idle_s % 60:02}"
