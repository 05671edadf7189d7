"""pfSense: its command easyrule (Netgate documentation, "Using EasyRule to Manage Firewall Rules").

easyrule accepts the name of an alias in place of an address (easyrule.inc, easyrule_parse_pass()), and refuses a name
that is not an alias.
"""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, label, name_of, source_of

IDLE_S = 60
"""The default of pf's time-out udp.multiple."""
NOTES = (
    "In a shell (console option 8, or Diagnostics > Command Prompt); lan stands for your interface. The rules are",
    "added at the end: in Firewall > Rules, move them before the one that blocks.",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """One command for each rule and destination."""
    for number, rule in enumerate(rules, 1):
        destinations = rule.addresses
        if host := name_of(rule, "exact"):
            destinations = [label(number).replace("-", "_")]
            yield f"# Before this: Firewall > Aliases, type Host(s), name {destinations[0]}, host {host}"
        if idle_s := idle_s_to_set(rule, IDLE_S):
            yield f"# In each rule's Advanced Options, set State timeout to {idle_s} seconds"
        yield from (
            f"easyrule pass lan {rule.protocol} {source_of(rule)} {destination} {rule.port}"
            for destination in destinations
        )
