"""UniFi Network 9 and later: the fields of a firewall policy (Ubiquiti Help Center, "Zone-Based Firewalls in UniFi").

There is no text to paste: a UniFi gateway is set up in its application.
"""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, label, source_of

IDLE_S = 120
"""The default of nf_conntrack_udp_timeout_stream, because the gateway runs Linux."""
NOTES = ("Settings > Zones (or Policy Engine) > Create Policy, with these fields; put it before the ones that block.",)


def lines(rules: list[Rule]) -> Iterator[str]:
    """The fields for each rule."""
    for number, rule in enumerate(rules, 1):
        yield f"Name: {label(number)}"
        yield "Source Zone: Internal (the zone of the device's network)"
        yield f"Source: IP, Specific: {source_of(rule)}; Port: Any"
        yield "Action: Allow; Auto Allow Return Traffic: on"
        yield "Destination Zone: External"
        yield f"Destination: IP, Specific: {', '.join(rule.addresses)}; Port, Specific: {rule.port}"
        yield f"IP Version: IPv4; Protocol: {rule.protocol.upper()}; Connection State: All"
        if idle_s := idle_s_to_set(rule, IDLE_S):
            yield f"On the gateway, idle time of UDP conversations: at least {idle_s} s"
