"""The changes that the network needs: for each thing that blocks the device, the smallest change that unblocks it.

A firewall change is a `Rule` of validated values. A saved run may come from somebody else, and must not be able to add
a line, a quote or a destination to the text that an administrator pastes into a firewall. Any other change (an entry in
an allow-list, a DHCP option, a router setting) is the remedy of the check that asks for it.
"""

import ipaddress
import math
import re
from typing import Literal

from msgspec import Struct, field

from netpreflight.agent.judging.addresses import is_address, is_local, zone_of
from netpreflight.agent.judging.doubt import doubts
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.owner import Owner
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Check, Flow, Where
from netpreflight.probes.observations import Dhcp, Observations, Plain, ipv4_networks

IDLE_MARGIN_S = 10
"""By how much a device's keep-alive may be late, because of its timers or a packet that is sent again."""
MOST_ADDRESSES = 8
"""At most this many addresses of one name go into one rule."""
_PREFIXES = range(8, 31)
"""Plausible prefix lengths of a device's subnet; any other mask is a mistake, or made up."""
_WIDEST_SOURCE = 16
"""A subnet with a shorter prefix is not let out as a whole: the run may come from a stranger, and the subnet may be
that of a whole company."""
_PRIVATE_ZONES = ("local", "lan", "home", "corp", "internal", "intranet", "private", "home.arpa")
"""Zones of names that are not public: RFC 6762 section 3 and appendix G, RFC 8375."""
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?", re.ASCII)
"""A host name by RFC 952 and RFC 1123 section 2.1, perhaps with a leading `*.` for a whole zone; the last label begins
with a letter."""
_LONGEST_NAME = 253
_MAC = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}", re.ASCII)


class Rule(Struct, frozen=True, kw_only=True):
    """One exchange that a firewall has to let out, and its answers in; every value is validated.

    Attributes:
        host: the name of the destination, with `*.` for a whole zone; None: the destination has no name.
        addresses: the addresses of the destination in this run; the addresses of a name can change.
        source: the device's subnet; None: not known, or too wide.
        is_wide: whether the subnet is too wide to be let out as a whole (a prefix shorter than /16).
        mac: the device's own MAC address; None: its profile does not state a full one.
        idle_s: for UDP, how long in seconds an idle conversation has to be kept; None: the device's profile states no
            keep-alive.
    """

    protocol: Literal["udp", "tcp"]
    port: int
    host: str | None
    addresses: list[str]
    source: str | None
    is_wide: bool = False
    mac: str | None = None
    idle_s: int | None = None

    @property
    def line(self) -> str:
        """The rule as one sentence, for no particular product."""
        seen = ", ".join(self.addresses)
        where = f"{self.host} (now {seen}; its addresses change)" if self.host else seen
        unknown = ", wider than /16, has to be filled in" if self.is_wide else " is not known"
        source = self.source or f"the device (its subnet{unknown})"
        device = f"{source}{f' (MAC {self.mac})' if self.mac else ''}"
        idle = f"; keep an idle conversation for at least {self.idle_s} s" if self.idle_s else ""
        unproxied = ", without any proxy or inspection in between" if self.protocol == "tcp" else ""
        return (
            f"Allow outbound {self.protocol.upper()} from {device} to {where}, destination port {self.port}, "
            f"with replies{unproxied}{idle}."
        )


class Change(Struct, frozen=True, kw_only=True):
    """One change to the network.

    Attributes:
        checks: the checks that ask for the change.
        problems: the problem that each of these checks found, in the same order.
        needed: whether the device needs the change; False: it works without, but with a warning.
        line: the change as one sentence, for no particular product.
        rules: what a firewall has to let through; empty: something other than a firewall has to be changed.
    """

    checks: list[str]
    problems: list[Plain | None] = field(default_factory=list)
    needed: bool
    where: Where
    owner: Owner | None
    line: str
    rules: list[Rule] = field(default_factory=list)


def changes(checks: list[Check], seen: Observations, profile: Profile) -> list[Change]:
    """The changes that let the device online; the changes that it needs come first.

    A finding that is only a consequence of another one (`due_to`) has no change of its own.
    """
    wanted = [row for row in checks if _asks_for_change(row, checks)]
    found: dict[str, Change] = {}
    for check in sorted(wanted, key=lambda check: check.level != "required"):
        change = _change(check, checks, seen, profile)
        same_line = found.get(change.line)
        found[change.line] = Change(
            checks=[*(same_line.checks if same_line else []), *change.checks],
            problems=[*(same_line.problems if same_line else []), *change.problems],
            needed=change.needed or (same_line is not None and same_line.needed),
            where=change.where,
            owner=change.owner,
            line=change.line,
            rules=change.rules,
        )
    return list(found.values())


def remaining(checks: list[Check], needed: list[Change]) -> list[Check]:
    """The checks whose remedies are not among the changes, one for each remedy.

    Checks that fail only because of another listed check are left out.
    """
    changed = {check_id for change in needed for check_id in change.checks}
    lines = {change.line for change in needed}
    listed = [
        check
        for check in checks
        if check.status in {"fail", "warn", "unknown"} and check.remedy and check.level != "reported"
    ]
    ids = {check.id for check in listed}
    found: dict[str | None, Check] = {}
    for check in listed:
        if check.id not in changed and check.remedy not in lines and check.due_to not in ids:
            found.setdefault(check.remedy, check)
    return list(found.values())


def _asks_for_change(check: Check, checks: list[Check]) -> bool:
    """Whether a check asks for a change of its own: it fails or warns, has a remedy, and is no consequence of another.

    A warning asks for a change only if it names exchanges to allow, or if a check that the device needs fails because
    of it.
    """
    shown_ids = {row.id for row in checks if row.status in {"fail", "warn"} and row.level != "reported"}
    if check.level == "reported" or not check.remedy or check.due_to in shown_ids:
        return False
    return check.status == "fail" or (check.status == "warn" and (bool(check.to_allow) or _is_cause(check, checks)))


def _is_cause(check: Check, checks: list[Check]) -> bool:
    """Whether a check that the device needs fails because of this one."""
    return any((row.due_to, row.status, row.level) == (check.id, "fail", "required") for row in checks)


def _change(check: Check, checks: list[Check], seen: Observations, profile: Profile) -> Change:
    """The change that a check asks for: firewall rules if it names an exchange, else its remedy."""
    rules = [rule for flow in check.to_allow if (rule := _rule(flow, seen, profile)) is not None]
    return Change(
        checks=[check.id],
        problems=[check.problem],
        needed=check.level == "required" or _is_cause(check, checks),
        where="firewall" if rules else CHECKS[check.id].where,
        owner=check.owner,
        line=" ".join(rule.line for rule in rules) or check.remedy or check.summary,
        rules=rules,
    )


def _rule(flow: Flow, seen: Observations, profile: Profile) -> Rule | None:
    """The rule that lets an exchange through; None: it would stay in the device's subnet, or a value is invalid."""
    subnet = subnet_of(seen)
    addresses = [
        address
        for address in _addresses(flow, seen, profile)
        if subnet is None or ipaddress.IPv4Address(address) not in subnet
    ]
    if not addresses or not 1 <= flow.port <= 65535:
        return None
    is_wide = subnet is not None and subnet.prefixlen < _WIDEST_SOURCE
    keep_alive = profile.cloud.keep_alive_s if (flow.protocol, flow.port) == ("udp", profile.cloud.port.value) else None
    prefix = profile.mac_prefix.value if profile.mac_prefix else ""
    return Rule(
        protocol=flow.protocol,
        port=flow.port,
        host=_host(flow.host),
        addresses=addresses,
        source=str(subnet) if subnet and not is_wide else None,
        is_wide=is_wide,
        mac=prefix if _MAC.fullmatch(prefix) else None,
        idle_s=math.ceil(keep_alive.value) + IDLE_MARGIN_S if keep_alive else None,
    )


def _addresses(flow: Flow, seen: Observations, profile: Profile) -> list[str]:
    """The address that was tried, and others of its name; none that is doubtful, or private for a public name."""
    lookups = seen.dns.of(flow.host) if seen.dns and flow.host else []
    every = [flow.address, *(address for lookup in lookups for address in lookup.addresses)]
    doubted = doubts(seen, profile)
    public = flow.host is not None and _is_public(flow.host)
    found = [
        address
        for address in dict.fromkeys(every)
        if _is_host(address) and address not in doubted and not (public and is_local(address))
    ]
    return found[:MOST_ADDRESSES]


def _is_public(host: str) -> bool:
    """Whether a host is a name in the public DNS: neither an address nor a name in a private zone."""
    name = host.lower().rstrip(".")
    return not is_address(name) and "." in name and not name.endswith(tuple(f".{zone}" for zone in _PRIVATE_ZONES))


def _is_host(address: str) -> bool:
    """Whether this is an IPv4 address that a single host can have."""
    if not is_address(address):
        return False
    parsed = ipaddress.IPv4Address(address)
    return not (parsed.is_loopback or parsed.is_multicast or parsed.is_link_local or parsed.is_reserved) and (
        int(parsed) >> 24 != 0
    )


def _host(name: str | None) -> str | None:
    """The name to allow, in lower case; None: the host has no name, or no valid one."""
    allowed = zone_of(name) if name else ""
    return allowed.lower() if len(allowed) <= _LONGEST_NAME and _HOST_NAME.fullmatch(allowed) else None


def subnet_of(seen: Observations) -> ipaddress.IPv4Network | None:
    """The device's subnet: the one of a lease for an unknown device, else this laptop's; None: not known."""
    known = ipv4_networks([*_leased(seen.dhcp), *seen.scope.addresses])
    return next((network for network in known if network.prefixlen in _PREFIXES), None)


def _leased(dhcp: Dhcp | None) -> list[str]:
    """The subnets that DHCP granted or offered to an unknown device, as address and mask."""
    messages = [dhcp.granted, *dhcp.offers()] if dhcp else []
    return [f"{message.address}/{message.mask}" for message in messages if message and message.address and message.mask]
