"""Writes firewall rules as text for the administrator of one product. There is one module for each product (dialect).

Only validated values of the rules get into the text, also into its comments.
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
from netpreflight.reports.firewall.common import SUBNET, Names, name_of


class Dialect(NamedTuple):
    """How to write the rules for one product."""

    title: str
    comment: str
    """The characters that begin a comment line."""
    notes: Sequence[str]
    """What the administrator has to know or fill in."""
    lines: Callable[[list[Rule]], Iterable[str]]
    names: Names = "none"
    """The kind of host names in rules for which `name_note` is shown."""
    name_note: str = ""
    """What the administrator has to know if a rule has such a host name."""


DIALECTS = {
    "nftables": Dialect("nftables (Linux)", "#", nftables.NOTES, nftables.lines),
    "iptables": Dialect("iptables (Linux)", "#", iptables.NOTES, iptables.lines),
    "pf": Dialect("pf (OpenBSD, FreeBSD)", "#", pf.NOTES, pf.lines),
    "windows": Dialect("Windows Defender Firewall", "#", windows.NOTES, windows.lines),
    "ios": Dialect("Cisco IOS, IOS XE", "!", ios.NOTES, ios.lines),
    "asa": Dialect("Cisco ASA", "!", asa.NOTES, asa.lines, asa.NAMES, asa.NAME_NOTE),
    "fortios": Dialect("Fortinet FortiOS", "#", fortios.NOTES, fortios.lines, fortios.NAMES, fortios.NAME_NOTE),
    "panos": Dialect("Palo Alto Networks PAN-OS", "#", panos.NOTES, panos.lines),
    "srx": Dialect("Juniper SRX", "#", srx.NOTES, srx.lines),
    "routeros": Dialect("MikroTik RouterOS", "#", routeros.NOTES, routeros.lines),
    "opnsense": Dialect("OPNsense", "#", opnsense.NOTES, opnsense.lines),
    "pfsense": Dialect("pfSense", "#", pfsense.NOTES, pfsense.lines),
    "unifi": Dialect("UniFi Network", "#", unifi.NOTES, unifi.lines),
    "meraki": Dialect("Cisco Meraki MX", "#", meraki.NOTES, meraki.lines, meraki.NAMES, meraki.NAME_NOTE),
}
"""Every product, by its name on the command line."""


REPLACED = (
    "The addresses in this report are replaced by tokens. For this text, run netpreflight rules on the complete run."
)


FILL_IN = (
    f"FILL IN: {SUBNET} (with its PREFIX, mask or wildcard; in FortiOS, an address object) stands for the subnet that "
    "the device is in. Until it is filled in, the product refuses these lines."
)


def _told(number: int, rule: Rule) -> Iterable[str]:
    """Two comments on a rule: what it lets through, and which of its values are from the run and were not verified."""
    yield f"{number}: {rule.line}"
    values = [*([rule.source] if rule.source else []), *rule.addresses]
    yield f"{number}: not verified, as the run has it: {', '.join(values)}"


def _is_for_pasting(rule: Rule) -> bool:
    """Whether a rule has real values, and not tokens that replace them (`reports/sharing/`)."""
    values = [*rule.addresses, rule.source, rule.mac]
    return all(value[:1] in "0123456789ABCDEF" for value in values if value)


def render(changes: list[Change], dialect: str) -> str:
    """The firewall changes as text for a product; its comments list the checks that no firewall rule can fix."""
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
        if any(name_of(rule, product.names) for rule in rules):
            head.append(product.name_note)
        head += [line for number, rule in enumerate(rules, 1) for line in _told(number, rule)]
        head += [f"Not needed to get online: the change for {', '.join(change.checks)}" for change in optional]
    if others:
        head.append(f"Not fixed by a firewall rule: {', '.join(others)}. The report says what to change instead.")
    if not changes:
        head.append(
            "Nothing was found that has to be changed, unless a page ever asked to sign in: there is no rule to add."
        )
    body = [*product.lines(rules)] if rules else []
    if any(SUBNET in line for line in body):
        head.append(FILL_IN)
    return "\n".join([*(f"{product.comment} {line}" for line in head), *body]) + "\n"
