"""What the dialects share: names for objects, destinations, netmasks."""

import ipaddress
from typing import Literal

from netpreflight.agent.report.changes import Rule

Names = Literal["none", "exact", "zones"]
"""The host names that a product accepts as destination: none, only exact ones, or also whole zones (`*.`)."""


def label(number: int) -> str:
    """The name of the rule with this number; the names of its objects begin with it."""
    return f"netpreflight-{number}"


def name_of(rule: Rule, names: Names) -> str | None:
    """The destination's host name, if the product accepts names like it; None: use the addresses instead."""
    if names == "none" or rule.host is None or (names == "exact" and rule.host.startswith("*")):
        return None
    return rule.host


SUBNET = "DEVICE-SUBNET"
"""Stands for a source that the administrator has to fill in. Every product refuses it, and none treats it as "any"."""


def source_of(rule: Rule) -> str:
    """The device's subnet with its prefix length, or a placeholder to fill in."""
    return rule.source or f"{SUBNET}/PREFIX"


def source_and_mask(rule: Rule) -> tuple[str, str]:
    """The device's subnet as its address and netmask, or placeholders to fill in."""
    if rule.source is None:
        return SUBNET, "DEVICE-MASK"
    network = ipaddress.IPv4Network(rule.source)
    return str(network.network_address), str(network.netmask)


def source_and_wildcard(rule: Rule) -> tuple[str, str]:
    """The device's subnet as its address and wildcard mask, or placeholders to fill in."""
    if rule.source is None:
        return SUBNET, "DEVICE-WILDCARD"
    network = ipaddress.IPv4Network(rule.source)
    return str(network.network_address), str(network.hostmask)


def idle_s_to_set(rule: Rule, usual_s: int) -> int | None:
    """The idle timeout in seconds to set, because the product's default `usual_s` is too short; None: it is enough."""
    return rule.idle_s if rule.idle_s is not None and rule.idle_s > usual_s else None


def address_names(rule: Rule, name: str, host: str | None) -> list[str]:
    """The names of a rule's destination objects: one for the host name if there is one, else one for each address."""
    objects = 1 if host else len(rule.addresses)
    return [f"{name}-to-{number}" for number in range(1, objects + 1)]
