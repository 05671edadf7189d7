"""What the dialects share: names for objects, destinations, netmasks."""

import ipaddress
from typing import Literal

from netpreflight.agent.report.changes import Rule

Names = Literal["none", "exact", "zones"]
"""The names that a product takes for a destination: none, those of one host, or those of a whole zone (`*.`) too."""


def label(number: int) -> str:
    """The name of the rule of this number, and the start of the names of its objects."""
    return f"netpreflight-{number}"


def name_of(rule: Rule, names: Names) -> str | None:
    """The destination's name, where the product takes it; None: the addresses are what there is."""
    if names == "none" or rule.host is None or (names == "exact" and rule.host.startswith("*")):
        return None
    return rule.host


def source_and_mask(rule: Rule) -> tuple[str, str] | None:
    """The device's subnet as its address and netmask; None: not known."""
    if rule.source is None:
        return None
    network = ipaddress.IPv4Network(rule.source)
    return str(network.network_address), str(network.netmask)


def source_and_wildcard(rule: Rule) -> tuple[str, str] | None:
    """The device's subnet as its address and wildcard mask; None: not known."""
    if rule.source is None:
        return None
    network = ipaddress.IPv4Network(rule.source)
    return str(network.network_address), str(network.hostmask)


def longer(rule: Rule, usual_s: int) -> int | None:
    """The idle time to set, where the product's own default is too short; None where it will do."""
    return rule.idle_s if rule.idle_s is not None and rule.idle_s > usual_s else None
