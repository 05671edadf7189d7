"""The change for one product: neutral rules in, text for its administrator out. One file for each dialect.

Nothing but the rules' validated values gets into the text, comments included.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from netpreflight.agent.report.changes import Change, Rule
from netpreflight.reports.firewall import (
    asa,
    fortios,
    ios,
    iptables,
    meraki,
    nftables,
    opnsense,
    panos,
    pf,
    pfsense,
    routeros,
    srx,
    unifi,
    windows,
)


class Dialect(NamedTuple):
    """How one product is told."""

    title: str
    comment: str
    """What begins a line that the product passes over."""
    notes: Sequence[str]
    """What an administrator has to know or fill in."""
    lines: Callable[[list[Rule]], Iterable[str]]


DIALECTS = {
    "nftables": Dialect("nftables (Linux)", "#", nftables.NOTES, nftables.lines),
    "iptables": Dialect("iptables (Linux)", "#", iptables.NOTES, iptables.lines),
    "pf": Dialect("pf (OpenBSD, FreeBSD)", "#", pf.NOTES, pf.lines),
    "windows": Dialect("Windows Defender Firewall", "#", windows.NOTES, windows.lines),
    "ios": Dialect("Cisco IOS, IOS XE", "!", ios.NOTES, ios.lines),
    "asa": Dialect("Cisco ASA", "!", asa.NOTES, asa.lines),
    "fortios": Dialect("Fortinet FortiOS", "#", fortios.NOTES, fortios.lines),
    "panos": Dialect("Palo Alto Networks PAN-OS", "#", panos.NOTES, panos.lines),
    "srx": Dialect("Juniper SRX", "#", srx.NOTES, srx.lines),
    "routeros": Dialect("MikroTik RouterOS", "#", routeros.NOTES, routeros.lines),
    "opnsense": Dialect("OPNsense", "#", opnsense.NOTES, opnsense.lines),
    "pfsense": Dialect("pfSense", "#", pfsense.NOTES, pfsense.lines),
    "unifi": Dialect("UniFi Network", "#", unifi.NOTES, unifi.lines),
    "meraki": Dialect("Cisco Meraki MX", "#", meraki.NOTES, meraki.lines),
}
"""Every product, by its name on the command line."""


REPLACED = (
    "The addresses in this report are replaced by tokens: netpreflight rules has the text, from the complete run."
)


def _is_for_pasting(rule: Rule) -> bool:
    """Whether a rule has its values, and not tokens in their place (`reports/sharing/`)."""
    values = [*rule.addresses, *([rule.source] if rule.source else []), *([rule.mac] if rule.mac else [])]
    return all(value[:1] in "0123456789ABCDEF" for value in values)


def render(changes: list[Change], dialect: str) -> str:
    """The firewall changes as text for a product; what no firewall can open is named at the end."""
    product = DIALECTS[dialect]
    if any(not _is_for_pasting(rule) for change in changes for rule in change.rules):
        return f"{product.comment} {REPLACED}\n"
    firewall = [change for change in changes if change.rules]
    rules = [rule for change in firewall for rule in change.rules]
    optional = [change for change in firewall if not change.needed]
    others = [check_id for change in changes if not change.rules for check_id in change.checks]
    head: list[str] = []
    if rules:
        head = [f"netpreflight, for {product.title}", *product.notes]
        head += [f"{number}: {rule.line}" for number, rule in enumerate(rules, 1)]
        head += [f"Not needed to get online: the change for {', '.join(change.checks)}" for change in optional]
    if others:
        head.append(f"Not a matter of a firewall rule: {', '.join(others)}. The report says what to change there.")
    if not changes:
        head.append("Nothing was found that has to be changed: there is no rule to add.")
    body = product.lines(rules) if rules else ()
    return "\n".join([*(f"{product.comment} {line}" for line in head), *body]) + "\n"
