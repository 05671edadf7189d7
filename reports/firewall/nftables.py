"""nftables: nft(8), "RULES" and "EXPRESSIONS"; time-outs: the kernel's nf_conntrack-sysctl.

An accept rule in a new chain would not help, because every chain of a hook has to accept a packet. So the rule is put
at the head of the chain that drops the packets.
"""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, label, source_of

IDLE_S = 120
"""The default of nf_conntrack_udp_timeout_stream."""
NOTES = (
    'Load with: nft -f FILE. "inet filter forward" stands for the table and chain that forwards for you.',
    "Replies need this rule, which nearly every ruleset has: ct state established,related accept",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """One nftables rule for each firewall rule."""
    for number, rule in enumerate(rules, 1):
        if idle_s := idle_s_to_set(rule, IDLE_S):
            yield f"# Unless it is already longer: sysctl -w net.netfilter.nf_conntrack_udp_timeout_stream={idle_s}"
        parts = [f"ether saddr {rule.mac.lower()}"] if rule.mac else []
        parts.append(f"ip saddr {source_of(rule)}")
        several = len(rule.addresses) > 1
        parts.append(f"ip daddr {'{ ' + ', '.join(rule.addresses) + ' }' if several else rule.addresses[0]}")
        parts.append(f"{rule.protocol} dport {rule.port} counter accept")
        yield f'insert rule inet filter forward {" ".join(parts)} comment "{label(number)}"'
