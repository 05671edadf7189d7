"""pf of OpenBSD, FreeBSD and macOS: pf.conf(5), "GRAMMAR", "Stateful filtering" and `set timeout`."""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, label, source_of

IDLE_S = 60
"""The default of the time-out udp.multiple."""
NOTES = (
    "For pf.conf, before the rules that block; check with pfctl -nf. em0 stands for your LAN's interface.",
    "If outgoing traffic on the WAN is blocked, too, add the same rule there: pass out quick on ..., after NAT.",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """One pf rule for each firewall rule; pf keeps state, so replies pass without a rule of their own."""
    for number, rule in enumerate(rules, 1):
        options = f" (udp.multiple {idle_s})" if (idle_s := idle_s_to_set(rule, IDLE_S)) else ""
        several = len(rule.addresses) > 1
        where = f"{{ {', '.join(rule.addresses)} }}" if several else rule.addresses[0]
        yield (
            f"pass in quick on em0 inet proto {rule.protocol} from {source_of(rule)} to {where} port {rule.port} "
            f'keep state{options} label "{label(number)}"'
        )
