"""pfSense: its command easyrule (Netgate documentation, "Using EasyRule to Manage Firewall Rules")."""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, name_of

IDLE_S = 60
"""pf's time-out udp.multiple."""
NOTES = (
    "In a shell (console option 8, or Diagnostics > Command Prompt); lan stands for your interface. The rules are",
    "added at the end: in Firewall > Rules, move them before the one that blocks.",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """One command for each exchange and address."""
    for rule in rules:
        if host := name_of(rule, "exact"):
            yield f"# Better than addresses: make an alias (Firewall > Aliases, Host(s)) with {host}, and use its name."
        if idle_s := idle_s_to_set(rule, IDLE_S):
            yield f"# In each rule's Advanced Options, set State timeout to {idle_s}"
        yield from (
            f"easyrule pass lan {rule.protocol} {rule.source or 'any'} {address} {rule.port}"
            for address in rule.addresses
        )
