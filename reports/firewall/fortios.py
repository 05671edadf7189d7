"""Fortinet FortiOS: firewall address, service and policy.

Fortinet, "FortiOS CLI Reference" (config firewall address, config firewall service custom, config firewall policy) and
"Using wildcard FQDN addresses in firewall policies" (FortiOS 6.2.2 and later).
"""

from collections.abc import Iterator

from netpreflight.agent.report.changes import Rule
from netpreflight.reports.firewall.common import (
    SUBNET,
    Names,
    address_names,
    idle_s_to_set,
    label,
    name_of,
    source_and_mask,
)

IDLE_S = 180
"""The default of the system's udp-idle-timer (Fortinet's technical tip 191228, "Session timeout settings")."""
NOTES = (
    'In the CLI. "lan" and "wan1" stand for your interfaces; set nat as in your other policies. The policy is added at',
    "the end: move it before the one that denies.",
)
NAME_NOTE = "The FortiGate learns the addresses of a name with * from the DNS answers that pass through it."
NAMES: Names = "zones"
"""The host names that the FortiGate accepts as destination."""


def lines(rules: list[Rule]) -> Iterator[str]:
    """The commands that create the address objects, the service and the policy of each rule."""
    for number, rule in enumerate(rules, 1):
        name, host = label(number), name_of(rule, NAMES)
        destinations = [f'"{destination}"' for destination in address_names(rule, name, host)]
        # If the FortiGate refused a placeholder as subnet, the new address object would match every address. So without
        # a known subnet, no object is made, and the policy names one that the administrator has to make.
        origin = f'"{name}-from"' if rule.source else f'"{SUBNET}"'
        yield "config firewall address"
        if rule.source:
            yield from _edit(origin, [f"set subnet {' '.join(source_and_mask(rule))}"])
        if host:
            yield from _edit(destinations[0], ["set type fqdn", f'set fqdn "{host}"'])
        else:
            for destination, address in zip(destinations, rule.addresses, strict=True):
                yield from _edit(destination, [f"set subnet {address} 255.255.255.255"])
        yield "end"
        yield "config firewall service custom"
        idle_s = idle_s_to_set(rule, IDLE_S)
        timer = [f"set udp-idle-timer {idle_s}"] if idle_s else []
        yield from _edit(f'"{name}"', [f"set {rule.protocol}-portrange {rule.port}", *timer])
        yield "end"
        yield "config firewall policy"
        yield from _edit(
            "0",
            [
                f'set name "{name}"',
                'set srcintf "lan"',
                'set dstintf "wan1"',
                f"set srcaddr {origin}",
                f"set dstaddr {' '.join(destinations)}",
                "set action accept",
                'set schedule "always"',
                f'set service "{name}"',
                "set nat enable",
            ],
        )
        yield "end"


def _edit(name: str, settings: list[str]) -> Iterator[str]:
    yield f"    edit {name}"
    yield from (f"        {setting}" for setting in settings)
    yield "    next"
