"""Addresses in doubt: those that a resolver gave for a name, but that most likely do not belong to that name.

A filter that answers with the public address of its block page looks like a resolver that works. An address where
something answers in the device's own protocol, or as a time server, is out of doubt; a web page there proves nothing.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from netpreflight.agent.judging import ladder
from netpreflight.agent.judging.addresses import is_local, is_sinkhole, zone_of
from netpreflight.agent.judging.signature import is_another
from netpreflight.agent.judging.witnessed import answered, answered_addresses
from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.probes.observations import Observations, PathTarget

_WEB_PORTS = {80, 443}
_ACCEPTED, _REFUSED = "SYN-ACK", "RST"
"""The values of `PathProbe.detail` for the answers of a TCP server."""


class BlockPage(NamedTuple):
    """The block page of one product."""

    product: str
    addresses: tuple[str, ...]
    source: str


BLOCK_PAGES = (
    BlockPage(
        "Cisco Umbrella",
        tuple(f"146.112.61.{last}" for last in (104, 105, 106, 107, 108, 110)),
        "Cisco, Learn the Umbrella Block Page IP Addresses, document 224799: "
        "www.cisco.com/c/en/us/support/docs/security/umbrella/224799-learn-the-umbrella-block-page-ip.html",
    ),
    BlockPage(
        "Cisco Umbrella",
        ("146.112.61.109",),
        "Pi-hole FTL, src/dnsmasq_interface.c: it takes 146.112.61.104 to .110 for Umbrella's, by an older state of "
        "Cisco's page (support.opendns.com, article 227986927)",
    ),
    BlockPage(
        "FortiGuard",
        ("208.91.112.55",),
        'Fortinet, FortiGate Administration Guide 7.4.4, Botnet C&C domain blocking: "set redirect-portal '
        '208.91.112.55"; Fortinet Community, articles 421739 and 260790',
    ),
)
"""The public addresses that filters answer with for blocked names, each with the source that says so."""

Kind = Literal["invented", "block-page", "shared", "perhaps-shared", "local", "web-server"]
_UNRELATED = 3
"""One address for names in this many zones is a sure sign of a filter; two zones may belong to one owner."""


class Doubt(NamedTuple):
    """Why an address most likely does not belong to the names for which a resolver gave it."""

    kind: Kind
    words: str
    """What the address is, to complete "ADDRESS is …"."""

    @property
    def is_certain(self) -> bool:
        """Whether the address certainly does not belong to the names; False: somebody has to check."""
        return self.kind in {"invented", "block-page", "shared"}


def doubts(seen: Observations, profile: Profile | None = None) -> dict[str, Doubt]:
    """The addresses in doubt, each with its strongest reason; with a profile, only this device's clouds count."""
    lookups = [lookup for lookup in (seen.dns.lookups if seen.dns else []) if lookup.type == "A"]
    given = {address for lookup in lookups for address in lookup.addresses if not is_sinkhole(address)}
    endpoints = seen.cloud.endpoints if seen.cloud else []
    clouds_asked = [server for server in endpoints if profile is None or server.host in profile.cloud.hosts.value]
    other_servers = {server.address for server in clouds_asked if profile is not None and is_another(server, profile)}
    proved = {answer.address for answer in answered(seen) if answer.speaks != "http"} - other_servers
    zones: dict[str, set[str]] = {}
    for lookup in lookups:
        if lookup.kind in {"device", "another-id"}:  # other vendors' names may share the servers of one CDN
            for address in lookup.addresses:
                zones.setdefault(address, set()).add(_registered(lookup.name))
    found: dict[str, Doubt] = {}
    web_servers = _web_servers(seen)
    clouds = {server.address for server in clouds_asked}
    for address in web_servers & clouds & given - proved:
        found[address] = Doubt("web-server", "a web server that does not answer on the device's cloud port")
    for address in given - (answered_addresses(seen) - other_servers):
        if is_local(address):
            found[address] = Doubt("local", "a local address")
    for address in given - proved:
        count = len(zones.get(address, ()))
        if count > 1 and not is_local(address):
            is_sure = count >= _UNRELATED or address in web_servers
            words = f"one address for names of different zones ({_listed(zones[address])})"
            found[address] = Doubt("shared" if is_sure else "perhaps-shared", words)
    for page in BLOCK_PAGES:
        for address in given & {*page.addresses}:
            found[address] = Doubt("block-page", f"the block page of {page.product}")
    for lookup in lookups:
        if lookup.kind == "random":
            found |= dict.fromkeys(lookup.addresses, Doubt("invented", "the address of names that do not exist"))
    return found


def _registered(name: str) -> str:
    """The zone of a name: its last two labels. If that is too wide (`co.uk`), it may hide a difference, not add one."""
    return ".".join(name.lower().split(".")[-2:])


def _listed(zones: set[str]) -> str:
    return ", ".join(sorted(zones))


def _web_servers(seen: Observations) -> set[str]:
    """The addresses where nothing answers on the device's cloud port, but a web server's port is open.

    An answer from a shorter distance than a router on the way comes from a proxy, and says nothing of the address.
    """
    targets = seen.path.targets if seen.path else []
    servers = seen.coap.servers if seen.coap else []
    found = {target.address for target in targets if _is_web_server(target)}
    return found | {
        server.address
        for server in servers
        if server.address and any(control.answered and control.protocol == "http" for control in server.controls)
    }


def _is_web_server(target: PathTarget) -> bool:
    """Whether nothing answers on the cloud port, and the target itself accepts connections on a web server's port."""
    if any(probe.outcome == "answered" and probe.detail != _REFUSED for probe in target.device.probes):
        return False
    routers = max((ttl for ttl, _ in ladder.all_routers(target)), default=0)
    return any(
        end.detail == _ACCEPTED and end.ttl > max(routers, 1)
        for control in target.controls
        if control.protocol == "tcp" and control.port in _WEB_PORTS and (end := ladder.end(control)) is not None
    )


def without_doubted(finding: Finding, doubted: Mapping[str, Doubt], problems: tuple[str, ...]) -> Finding:
    """The finding without advice to allow packets to an address in doubt.

    Args:
        finding: the finding of a check about an exchange.
        doubted: the addresses in doubt.
        problems: the problems that the check knows.
    """
    flow = next((flow for flow in finding.to_allow if flow.address in doubted), None)
    if flow is None:
        return finding
    doubt, name = doubted[flow.address], flow.host or flow.address
    if not doubt.is_certain:
        return msgspec.structs.replace(
            finding,
            reason=f"{finding.reason} But the address that the resolver gives is in doubt; see dns.integrity.",
            remedy=f"Look first whether {name} has the same address on a phone's hotspot. If it has, allow outbound "
            f"{flow.words} to {zone_of(name)}, with replies.",
            due_to="dns.integrity",
            to_allow=[],
        )
    return msgspec.structs.replace(
        finding,
        summary=f"{name} has no address of its own here: {flow.address} is {doubt.words}",
        problem="no-answer" if "no-answer" in problems else finding.problem,
        named=None,
        reason=f"{flow.words} to {flow.address} had no right answer, which says nothing of {flow.words} to "
        "the real address.",
        remedy="Settle dns.resolve and dns.integrity first, then run netpreflight again.",
        due_to="dns.resolve",
        to_allow=[],
    )
