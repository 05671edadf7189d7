"""Palo Alto Networks PAN-OS: `set` commands of the configuration mode.

Palo Alto Networks, "PAN-OS CLI Quick Start", "Components of a Security Policy Rule", "Create a Custom Service" and
"Maintain Custom Timeouts for Data Center Applications" (a time-out for one service).
"""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import idle_s_to_set, label, name_of, source_of

IDLE_S = 30
"""The default of the UDP session time-out."""
NOTES = (
    "In configure mode, line by line, without the lines that begin with #; trust and untrust stand for your zones.",
    "The rule is put at the top: move it to where it belongs, then commit.",
)


def lines(rules: list[Rule]) -> Iterator[str]:
    """Addresses, a service and a security rule for each rule."""
    for number, rule in enumerate(rules, 1):
        name, host = label(number), name_of(rule, "exact")
        yield f"set address {name}-from ip-netmask {source_of(rule)}"
        destinations = [f"{name}-to-{place}" for place in range(1, (1 if host else len(rule.addresses)) + 1)]
        for destination, address in zip(destinations, [host] if host else rule.addresses, strict=True):
            yield f"set address {destination} {'fqdn' if host else 'ip-netmask'} {address}"
        yield f"set service {name} protocol {rule.protocol} port {rule.port}"
        if idle_s := idle_s_to_set(rule, IDLE_S):
            yield f"set service {name} protocol {rule.protocol} override yes timeout {idle_s}"
        yield (
            f"set rulebase security rules {name} from trust to untrust source {name}-from "
            f"destination {_several(destinations)} application any service {name} action allow"
        )
        yield f"move rulebase security rules {name} top"


def _several(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[ {' '.join(names)} ]"
