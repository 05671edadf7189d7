"""MikroTik RouterOS: its manual's "Filter", "Address-lists" (an entry may be a DNS name), "Connection tracking"."""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, label, name_of, source_of

IDLE_S = 180
"""The default of udp-stream-timeout (3m)."""
NOTES = (
    "In a terminal, or as a file for /import. The rules are added at the end of the chain: move each before the one",
    "that drops. Replies need a rule that accepts established,related, which the default configuration has.",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """An address list and a filter rule for each rule."""
    idle_s = max((idle_s_to_set(rule, IDLE_S) or 0 for rule in rules), default=0)
    if idle_s:
        yield f"# Unless it is already longer: /ip firewall connection tracking set udp-stream-timeout={idle_s}s"
    yield "/ip firewall address-list"
    for number, rule in enumerate(rules, 1):
        host = name_of(rule, "exact")
        destinations = [host] if host else rule.addresses
        yield from (f"add list={label(number)} address={destination}" for destination in destinations)
    yield "/ip firewall filter"
    for number, rule in enumerate(rules, 1):
        mac = f"src-mac-address={rule.mac} " if rule.mac else ""
        yield (
            f"add action=accept chain=forward comment={label(number)} connection-state=new,established "
            f"src-address={source_of(rule)} {mac}"
            f"protocol={rule.protocol} dst-address-list={label(number)} dst-port={rule.port}"
        )
