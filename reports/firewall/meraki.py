"""Cisco Meraki MX: layer 3 outbound rules, as JSON for the Dashboard API and as values for the Dashboard's page.

Meraki documentation, "Using Layer 3 Firewall Rules" (stateful; a destination may be a name) and Dashboard API v1,
"Update Network Appliance Firewall L3 Firewall Rules" (which replaces the whole list).
"""

import json
from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import Names, label, name_of, source_of

NOTES = (
    "Security & SD-WAN > Configure > Firewall > Layer 3 > Outbound rules: add these above the rule that denies.",
    "With the API, put them at the head of the list that GET appliance/firewall/l3FirewallRules gives: PUT replaces",
    "the whole list.",
)
NAME_NOTE = "A name works only if the devices' DNS passes through the MX."
NAMES: Names = "exact"
"""The host names that the MX accepts as destination."""


def lines(rules: list[Rule]) -> Iterator[str]:
    """The rules as JSON for the API; the keys correspond to the columns of the page."""
    wanted = [
        {
            "comment": label(number),
            "policy": "allow",
            "protocol": rule.protocol,
            "srcPort": "Any",
            "srcCidr": source_of(rule),
            "destPort": str(rule.port),
            "destCidr": name_of(rule, NAMES) or ",".join(f"{address}/32" for address in rule.addresses),
            "syslogEnabled": False,
        }
        for number, rule in enumerate(rules, 1)
    ]
    yield from json.dumps({"rules": wanted}, indent=2).splitlines()
