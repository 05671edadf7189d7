"""iptables: iptables(8) and iptables-extensions(8) (conntrack, mac, comment), as commands for a shell."""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, label, source_of

IDLE_S = 120
"""The default of nf_conntrack_udp_timeout_stream (the kernel's nf_conntrack-sysctl)."""
NOTES = (
    "Run as root; each rule is put at the head of the chain FORWARD. Save the rules in your usual way (iptables-save).",
    "Replies need this rule, which nearly every ruleset has: -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """One command for each rule and address."""
    for number, rule in enumerate(rules, 1):
        if idle_s := idle_s_to_set(rule, IDLE_S):
            yield f"# Unless it is already longer: sysctl -w net.netfilter.nf_conntrack_udp_timeout_stream={idle_s}"
        mac = f"-m mac --mac-source {rule.mac} " if rule.mac else ""
        for address in rule.addresses:
            yield (
                f"iptables -I FORWARD -s {source_of(rule)} -d {address} -p {rule.protocol} {mac}--dport {rule.port} "
                f"-m conntrack --ctstate NEW,ESTABLISHED -m comment --comment {label(number)} -j ACCEPT"
            )
