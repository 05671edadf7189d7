"""Windows Defender Firewall: New-NetFirewallRule of the PowerShell module NetSecurity (learn.microsoft.com)."""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import label

NOTES = (
    "In PowerShell, as administrator. Defender Firewall filters what this PC itself sends: this opens the way for a",
    "test from this PC. A device behind the PC (internet connection sharing, Hyper-V) needs its own firewall changed.",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """One command for each rule; the source is the PC itself."""
    for number, rule in enumerate(rules, 1):
        addresses = ", ".join(f"'{address}'" for address in rule.addresses)
        yield (
            f"New-NetFirewallRule -DisplayName '{label(number)}' -Direction Outbound -Action Allow "
            f"-Protocol {rule.protocol.upper()} -RemoteAddress {addresses} -RemotePort {rule.port}"
        )
