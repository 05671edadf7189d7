"""Judging DNS: `dns.resolve`, `dns.integrity`."""

from dataclasses import dataclass
from typing import Any

import msgspec

from netpreflight.agent.judging.addresses import is_address, is_local, is_sinkhole
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.icmp import named, no_route
from netpreflight.agent.judging.unseen import no_resolver, of_another_run
from netpreflight.agent.judging.witnessed import answered_addresses
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import Finding, Flow, Named
from netpreflight.probes.observations import Attempt, Dns, Lookup, Observations

NTP_SERVER = "pool.ntp.org"
_PORT = 53
_UNRELATED = 3
"""From this many unrelated names, all with the same address, there is a warning."""


@dataclass(frozen=True, slots=True)
class _Need:
    """Names of which the device needs at least one.

    Attributes:
        required: whether the device fails without; False: that is a warning only.
        known_names: names of the same cloud that are known to exist.
    """

    names: list[str]
    required: bool
    known_names: list[str]


def resolve(view: DeviceView) -> Finding:
    """Whether a device gets an address for every name that it asks for."""
    seen, profile = view.seen, view.profile
    needs = _needs(profile)
    if not needs:
        hosts = ", ".join(profile.cloud.hosts.value)
        return Finding(
            status="pass", summary=f"The device asks for no name: its cloud is {hosts}", rests_on=[profile.cloud.hosts]
        )
    dns = seen.dns
    if dns is None or dns.not_run or not dns.resolvers:
        return no_resolver(seen)
    evidence = _evidence(dns)
    if dns.assumed:
        return _assumed(dns, evidence)
    if never := [name for need in needs for name in need.names if not dns.of(name)]:
        return of_another_run(f"{never[0]} was not asked for in this run", profile, evidence)
    keeps = profile.dns.resolvers
    kept = view.kept or dns
    asked = kept.resolvers
    failing = [need for need in needs if all(_failure(kept, name) for name in need.names)]
    if doubtful := [need for need in failing if _may_not_exist(kept, need)]:
        name = doubtful[0].names[0]
        return Finding(
            status="unknown",
            summary=f"{name} does not exist, but perhaps it should not",
            problem="name-may-not-exist",
            reason="The device id in this name belongs to no device, and it is not confirmed that the cloud has names "
            "for such ids.",
            remedy=f"Ask for the real device's name here: nslookup <device id>.{name.partition('.')[2]} "
            f"{dns.resolvers[0]}",
            owner="device owner",
            evidence=evidence,
            rests_on=[profile.cloud.hosts, *([profile.cloud.known_names] if profile.cloud.known_names else [])],
        )
    if failing:
        others_work = any(lookup.addresses for lookup in dns.lookups if lookup.resolver not in asked)
        finding = _names_fail(kept, failing, seen, profile, evidence)
        rests_on: list[Fact[Any]] = [keeps] if others_work else []
        if (fallback := profile.cloud.fallback_address) is not None:
            rests_on.append(fallback)
            reason = f"{finding.reason} Without a name the device tries {fallback.value}, which was not measured."
            finding = msgspec.structs.replace(finding, status="unknown", reason=reason)
        return msgspec.structs.replace(finding, rests_on=rests_on)
    used = {name: kept.as_device(name) for need in needs for name in need.names}
    late = [lookup for lookup in used.values() if lookup and lookup.resolver != dns.resolvers[0]]
    if late:
        first = dns.resolvers[0]
        why = next((lookup.failure for lookup in dns.of(late[0].name) if lookup.resolver == first), None) or "no answer"
        patience = profile.dns.patience_s
        return Finding(
            status="warn",
            summary=f"Resolver {first} fails ({why}); a device gets by with {late[0].resolver}",
            problem="first-resolver-fails",
            named=Named(address=first),
            reason=f"A device asks {first} first, each time"
            + (f", and waits {patience.value:g} s before it asks the second." if why == "no answer" else "."),
            remedy=f"Repair the resolver {first}, or take it out of DHCP option 6.",
            owner="network administrator",
            evidence=evidence,
            rests_on=[keeps, patience],
        )
    if slow := _aaaa_in_the_way(kept, profile):
        return msgspec.structs.replace(slow, evidence=evidence)
    slowest = max((lookup.elapsed_ms for lookup in used.values() if lookup), default=0.0)
    names = "the device's names" if len(used) > 1 else next(iter(used))
    return Finding(status="pass", summary=f"{dns.resolvers[0]} resolves {names} in {slowest:.0f} ms", evidence=evidence)


def may_not_exist(dns: Dns, profile: Profile) -> bool:
    """Whether the cloud's name may not exist at all, because the device id in it belongs to no device."""
    need = _cloud_need(profile)
    return need is not None and _may_not_exist(dns, need)


def _aaaa_in_the_way(dns: Dns, profile: Profile) -> Finding | None:
    """A warning where the AAAA query that the device sends first delays it (lwIP's netdb_hal.cpp:43-63)."""
    first = profile.dns.aaaa_first
    if not first.value:
        return None
    for host in profile.cloud.hosts.value:
        lookups = dns.aaaa(host)
        silent = [lookup for lookup in lookups if lookup.rcode is None]
        if lookups and len(silent) == len(lookups):
            wait = profile.dns.patience_s.value * len(silent)
            return Finding(
                status="warn",
                summary=f"{', '.join(lookup.resolver for lookup in silent)} leaves AAAA queries for {host} unanswered",
                problem="aaaa-unanswered",
                named=Named(address=silent[0].resolver),
                reason=f"The device asks for AAAA before A, and waits {wait:g} s for it at each connection.",
                remedy=f"Let the resolver {silent[0].resolver} answer AAAA queries, even if the answer has no record.",
                owner="network administrator",
                rests_on=[first, profile.dns.patience_s],
            )
        found = next((lookup for lookup in lookups if lookup.addresses), None)
        if found is not None:
            return Finding(
                status="warn",
                summary=f"{found.resolver} gives {host} an IPv6 address, {found.addresses[0]}",
                problem="ipv6-address",
                named=Named(address=found.resolver),
                reason="The device asks for AAAA before A and has no IPv6 on Wi-Fi: it tries the IPv6 address, "
                "which fails, and only then the IPv4 address.",
                remedy=f"Switch off DNS64 (or IPv6 addresses for {host}) on {found.resolver}, if devices connect late.",
                owner="network administrator",
                rests_on=[first],
            )
    return None


def integrity(view: DeviceView) -> Finding:
    """Whether DNS answers are the real ones, and not rewritten."""
    seen = view.seen
    dns = seen.dns
    if dns is None or dns.not_run or not dns.resolvers:
        return no_resolver(seen)
    evidence = _evidence(dns)
    for lookup in dns.lookups:
        if lookup.kind == "random" and lookup.addresses:
            return Finding(
                status="fail",
                summary=f"Resolver {lookup.resolver} invents answers: a random name resolves to {lookup.addresses[0]}",
                problem="answers-invented",
                named=Named(address=lookup.resolver),
                reason=f"{lookup.name} does not exist, and {lookup.resolver} gave it an address.",
                remedy=f"Switch off the rewriting of names that do not exist on {lookup.resolver}; where a captive "
                "portal does it, let the device past the portal.",
                owner="network administrator",
                evidence=evidence,
            )
    if dns.assumed:
        return _assumed(dns, evidence)
    local = [(query, address) for query in dns.lookups for address in query.addresses if is_local(address)]
    if local:
        return _local_answers(seen, local, evidence)
    randoms = [query for query in dns.lookups if query.kind == "random" and query.rcode]
    denied = any(query.rcode in {"NXDOMAIN", "NOERROR"} for query in randoms)
    # A resolver may also refuse names that it does not know; that proves something only if it resolves other names.
    if not denied and not (randoms and any(query.addresses for query in dns.lookups)):
        return Finding(
            status="unknown",
            summary="Not known whether answers are rewritten",
            problem="no-denial",
            reason=f"No resolver said of a random name that it does not exist ({', '.join(dns.resolvers)}).",
            remedy="Do what dns.resolve says, if anything, then run netpreflight again.",
            owner="network administrator",
            due_to="dns.resolve",
            evidence=evidence,
        )
    if same := _one_for_all(seen, dns):
        return Finding(
            status="warn",
            summary=f"Unrelated names all resolve to {same}",
            problem="one-address-for-all",
            named=Named(address=dns.resolvers[0]),
            reason=f"{same} is the only address that this run was given, and nothing there answered as it should.",
            remedy="Compare with another network: if the names have other addresses there, "
            f"{dns.resolvers[0]} rewrites answers.",
            owner="network administrator",
            evidence=evidence,
        )
    return Finding(
        status="pass", summary="A random name does not resolve, and no name has a local address", evidence=evidence
    )


def _cloud_need(profile: Profile) -> _Need | None:
    names = [host for host in profile.cloud.hosts.value if not is_address(host)]
    known = profile.cloud.known_names.value if profile.cloud.known_names else []
    # If one host is given as an address, the device can do without the names of the others.
    return _Need(names, required=names == profile.cloud.hosts.value, known_names=known) if names else None


def _needs(profile: Profile) -> list[_Need]:
    needs = [need for need in (_cloud_need(profile),) if need is not None]
    if profile.internet_test.method.value == "ntp":
        needs.append(_Need([NTP_SERVER], required=profile.level("ntp.reply") == "required", known_names=[]))
    return needs


def _failure(dns: Dns, name: str) -> str | None:
    """Why a device gets no real address for a name; None: it gets one."""
    lookups = dns.of(name)
    if not lookups:
        return "not asked"
    used = dns.as_device(name)
    if used is None:
        return "; ".join(dict.fromkeys(lookup.failure or "" for lookup in lookups))
    if is_sinkhole(used.addresses[0]):
        return f"{used.addresses[0]}, a sinkhole"
    invented = {address for lookup in dns.lookups if lookup.kind == "random" for address in lookup.addresses}
    if invented & set(used.addresses):
        return f"{used.addresses[0]}, the address of names that do not exist"
    return None


def _may_not_exist(dns: Dns, need: _Need) -> bool:
    """Whether the needed names get NXDOMAIN while a name of the same cloud that is known to exist resolves."""
    missing = all(lookup.rcode == "NXDOMAIN" for name in need.names for lookup in dns.of(name))
    return missing and any(not _failure(dns, name) for name in need.known_names)


def _names_fail(dns: Dns, failing: list[_Need], seen: Observations, profile: Profile, evidence: list[str]) -> Finding:
    names = [name for need in failing for name in need.names]
    whys = list(dict.fromkeys(_failure(dns, name) or "" for name in names))
    others = [lookup for lookup in dns.lookups if lookup.kind == "vendor" and lookup.addresses]
    resolvers = ", ".join(dns.resolvers)
    required = any(need.required for need in failing)
    unanswered: list[str] = []
    who = Named(address=dns.resolvers[0])
    if others and not any("address of names" in why for why in whys):
        problem = "names-withheld"
        summary = f"{resolvers} does not resolve {', '.join(names)} ({'; '.join(whys)}), but does resolve other names"
        reason = f"{others[0].name} resolves, so the resolver works and filters these names."
        remedy = f"Allow {', '.join(names)} on the resolver {resolvers}."
    elif others:
        problem = "answers-invented"
        summary = f"{resolvers} answers for {', '.join(names)} with {whys[0]}"
        reason = "The answers are invented; see dns.integrity."
        remedy = f"Switch off the rewriting of answers on {resolvers}."
    else:
        unanswered = _unanswered(dns)
        problem, who = _failing(dns, seen)
        summary = f"Resolver {resolvers}: {'; '.join(whys)} for {', '.join(names)}"
        tries = profile.dns.tries.value
        reason = (
            f"The resolvers from DHCP ({resolvers}) resolve no name at all, even if this laptop's own resolver does. "
            f"A device waits {profile.dns.patience_s.value:g} s for each, and tries {tries} "
            f"{'times' if tries > 1 else 'time'} before it gives up."
        )
        remedy = f"Repair the resolver {resolvers}, or hand out one that works in DHCP option 6."
    return Finding(
        status="fail" if required else "warn",
        summary=summary,
        problem=problem,
        named=who,
        reason=reason,
        remedy=remedy,
        owner="network administrator",
        evidence=evidence,
        to_allow=[Flow(protocol="udp", port=_PORT, address=resolver) for resolver in unanswered],
    )


def _failing(dns: Dns, seen: Observations) -> tuple[str, Named]:
    """The problem where no name at all resolves, and the server or router to look at."""
    if any(lookup.rcode for lookup in dns.lookups):
        return "resolver-fails", Named(address=dns.resolvers[0])
    refused = next((attempt for lookup in dns.lookups for attempt in lookup.attempts if attempt.icmp), None)
    if refused is None or refused.icmp is None:
        return "no-answer", Named(address=dns.resolvers[0])
    if refused.icmp.source == refused.address:
        return "port-closed", Named(address=refused.address)
    return "no-route" if no_route(refused.icmp) else "rejected", named(refused.icmp.source, seen)


def _unanswered(dns: Dns) -> list[str]:
    """The resolvers that never answer, or to which a router on the way refuses queries."""
    asked = {resolver: [lookup for lookup in dns.lookups if lookup.resolver == resolver] for resolver in dns.resolvers}
    return [
        resolver
        for resolver, lookups in asked.items()
        if lookups and all(_may_be_stopped(attempt) for lookup in lookups for attempt in lookup.attempts)
    ]


def _may_be_stopped(attempt: Attempt) -> bool:
    """Whether a filter on the way can explain the outcome of an attempt."""
    if attempt.icmp is None:
        return attempt.outcome == "timeout"
    return attempt.icmp.source != attempt.address and not no_route(attempt.icmp)


def _local_answers(seen: Observations, local: list[tuple[Lookup, str]], evidence: list[str]) -> Finding:
    works = answered_addresses(seen)
    proved = all(address in works for _, address in local)
    lookup, address = next(((query, address) for query, address in local if address not in works), local[0])
    gateway = " (the gateway)" if address == seen.scope.gateway else ""
    return Finding(
        status="warn" if proved else "fail",
        summary=f"Resolver {lookup.resolver} gives {lookup.name} the local address {address}{gateway}",
        problem="local-address",
        named=Named(address=lookup.resolver),
        reason="A local address for a public name is an answer made by a server on this network"
        + ("; the server at that address does answer as it should." if proved else "."),
        remedy=f"Find out why {lookup.resolver} answers so for {lookup.name}: a portal, a filter, or a local server.",
        owner="network administrator",
        evidence=evidence,
    )


def _assumed(dns: Dns, evidence: list[str]) -> Finding:
    resolvers = ", ".join(dns.resolvers)
    return Finding(
        status="unknown",
        summary=f"Only this laptop's own resolver was asked ({resolvers})",
        problem="only-laptop-resolver",
        reason=f"Which resolvers DHCP hands out is not known. This laptop is set to {resolvers}, and a device may be "
        "given others.",
        remedy="Run netpreflight as root (sudo), without --skip dhcp: it then learns what a device is given.",
        owner="device owner",
        evidence=evidence,
    )


def _one_for_all(seen: Observations, dns: Dns) -> str | None:
    """The address that at least three unrelated names share, unless it answered as it should; None: there is none."""
    answers = {lookup.name: lookup.addresses[0] for lookup in dns.lookups if lookup.addresses and lookup.type == "A"}
    addresses = set(answers.values())
    if len(answers) < _UNRELATED or len(addresses) != 1 or addresses & answered_addresses(seen):
        return None
    return addresses.pop()


def _evidence(dns: Dns) -> list[str]:
    lines = []
    for lookup in dns.lookups:
        result = ", ".join(lookup.addresses) if lookup.addresses else lookup.failure
        lines.append(
            f"{lookup.resolver}: {lookup.name} {lookup.type} → {result} "
            f"({lookup.elapsed_ms:.0f} ms, {len(lookup.attempts)} attempts)"
        )
    return lines
