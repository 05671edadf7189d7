"""Judging DNS: `dns.resolve`, `dns.integrity`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from netpreflight.agent.judging.addresses import is_address, is_local, is_sinkhole, zone_of
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.doubt import Doubt
from netpreflight.agent.judging.resolver_reach import reach_of
from netpreflight.agent.judging.signature import is_another
from netpreflight.agent.judging.unseen import no_resolver, not_read, of_another_run
from netpreflight.agent.judging.witnessed import answered_addresses
from netpreflight.agent.profiles import Fact, Profile
from netpreflight.agent.results import Finding, Flow, Named
from netpreflight.agent.sentences import counted
from netpreflight.probes.observations import AS_ROOT, Dhcp, Dns, Lookup

NTP_SERVER = "pool.ntp.org"


@dataclass(frozen=True, slots=True)
class _Need:
    """Names of which the device needs at least one.

    Attributes:
        names: the names that the device asks for.
        required: whether the check fails if none of the names resolves; False: it only warns.
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
    evidence = [*_evidence(dns), *_one_id_only(dns, needs)]
    if dns.assumed:
        return _assumed(dns, view.seen.dhcp, evidence)
    if unasked := [name for need in needs for name in need.names if not dns.of(name)]:
        return of_another_run(f"{unasked[0]} was not asked for in this run", profile, evidence)
    keeps = profile.dns.resolvers
    kept = view.kept_lookups or dns
    kept_resolvers = kept.resolvers
    doubted = view.doubted
    failing = [need for need in needs if all(_failure(kept, name, doubted) for name in need.names)]
    if doubtful := [need for need in failing if _may_not_exist(kept, need, doubted)]:
        name = doubtful[0].names[0]
        return Finding(
            status="unknown",
            summary=f"{name} does not exist; perhaps the cloud has no name for the device id asked for",
            problem="name-may-not-exist",
            reason="The device id in this name belongs to no device, and it is not confirmed that the cloud has names "
            "for such ids.",
            remedy=f"Ask for the real device's name here: nslookup <device id>.{name.partition('.')[2]} "
            f"{dns.resolvers[0]}",
            owner="device owner",
            evidence=evidence,
            rests_on=[profile.cloud.hosts, *([profile.cloud.known_names] if profile.cloud.known_names else [])],
        )
    found = _other_id_servfail(kept, failing, doubted, evidence)
    if found or (found := _not_read(kept, [name for need in failing for name in need.names], evidence)):
        return found
    if failing:
        others_work = any(lookup.addresses for lookup in dns.lookups if lookup.resolver not in kept_resolvers)
        finding = _names_fail(kept, failing, view, evidence)
        rests_on: list[Fact[Any]] = [keeps] if others_work else []
        if (fallback := profile.cloud.fallback_address) is not None:
            rests_on.append(fallback)
            reason = f"{finding.reason} Without a name the device tries {fallback.value}, which was not measured."
            finding = msgspec.structs.replace(finding, status="unknown", reason=reason)
        return msgspec.structs.replace(finding, rests_on=rests_on)
    used = {name: kept.as_device(name) for need in needs for name in need.names}
    late = [lookup for lookup in used.values() if lookup and lookup.resolver != dns.resolvers[0]]
    if late:
        found = _not_read(kept, [late[0].name], evidence) or _first_fails(view, kept, late[0], evidence)
        return msgspec.structs.replace(found, rests_on=[keeps, *found.rests_on])
    if slow := _aaaa_in_the_way(kept, profile):
        return msgspec.structs.replace(slow, evidence=evidence)
    slowest = max((lookup.elapsed_ms for lookup in used.values() if lookup), default=0.0)
    names = "the device's names" if len(used) > 1 else next(iter(used))
    return Finding(status="pass", summary=f"{dns.resolvers[0]} resolves {names} in {slowest:.0f} ms", evidence=evidence)


def _first_fails(view: DeviceView, kept: Dns, used: Lookup, evidence: list[str]) -> Finding:
    """The warning where the first resolver fails, so a device has to ask the second."""
    first, patience = kept.resolvers[0], view.profile.dns.patience_s
    why = next((lookup.failure for lookup in kept.of(used.name) if lookup.resolver == first), None) or "no answer"
    return Finding(
        status="warn",
        summary=f"Resolver {first} fails ({why}); a device uses {used.resolver} instead",
        problem="first-resolver-fails",
        named=Named(address=first),
        reason=f"A device asks {first} first, each time"
        + (f", and waits {patience.value:g} s before it asks the second." if why == "no answer" else "."),
        remedy=f"{reach_of(first, kept, view.seen).step}; or take {first} out of DHCP option 6.",
        owner="network administrator",
        evidence=evidence,
        rests_on=[patience],
    )


def _not_read(dns: Dns, names: list[str], evidence: list[str]) -> Finding | None:
    """The finding where an answer for one of these names may have come, but was not read; None: all were read."""
    asked_for = {own for name in names for own in dns.with_other_ids(name)}
    silent = (lookup for lookup in dns.lookups if lookup.name in asked_for and not lookup.rcode and lookup.type == "A")
    found = (not_read(f"{lookup.resolver}, UDP 53", lookup.attempts, evidence) for lookup in silent)
    return next(filter(None, found), None)


def may_not_exist(dns: Dns, profile: Profile, doubted: Mapping[str, Doubt]) -> bool:
    """Whether the cloud's name may not exist at all, because the device id in it belongs to no device."""
    need = _cloud_need(profile)
    return need is not None and _may_not_exist(dns, need, doubted)


def _aaaa_in_the_way(dns: Dns, profile: Profile) -> Finding | None:
    """The warning where the AAAA query that the device sends first delays it (lwIP's netdb_hal.cpp:43-63)."""
    first = profile.dns.aaaa_first
    if not first.value:
        return None
    for host in profile.cloud.hosts.value:
        lookups = dns.aaaa(host)
        silent = [lookup for lookup in lookups if lookup.rcode is None and not not_read("", lookup.attempts, [])]
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
                remedy=f"Switch off DNS64 (or IPv6 addresses for {zone_of(host)}) on {found.resolver}, if devices "
                "connect late.",
                owner="network administrator",
                rests_on=[first],
            )
    return None


def _switch_off(dns: Dns) -> str:
    """The remedy for invented answers, in the same words for every check that meets them."""
    inventing = [lookup.resolver for lookup in dns.lookups if lookup.kind == "random" and lookup.addresses]
    where = ", ".join(dict.fromkeys(inventing or dns.resolvers))
    return f"Switch off the rewriting of answers on {where}; where a portal does it, let the device past the portal."


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
                remedy=_switch_off(dns),
                owner="network administrator",
                evidence=evidence,
            )
    if found := _of_a_filter(view, dns, evidence):
        return found
    if dns.assumed:
        return _assumed(dns, view.seen.dhcp, evidence)
    local = [(query, address) for query in dns.lookups for address in query.addresses if is_local(address)]
    if local:
        return _local_answers(view, local, evidence)
    randoms = [query for query in dns.lookups if query.kind == "random" and query.rcode]
    denied = any(query.rcode in {"NXDOMAIN", "NOERROR"} for query in randoms)
    # A resolver may also refuse names that it does not know; that proves something only if it resolves other names.
    if not denied and not (randoms and any(query.addresses for query in dns.lookups)):
        return Finding(
            status="unknown",
            summary="It is not known whether answers are rewritten",
            problem="no-denial",
            reason=f"No resolver said of a random name that it does not exist ({', '.join(dns.resolvers)}).",
            remedy="Do what dns.resolve says, if anything, then run netpreflight again.",
            owner="network administrator",
            due_to="dns.resolve",
            evidence=evidence,
        )
    if found := _may_be_of_a_filter(view, dns, evidence):
        return found
    return Finding(
        status="pass", summary="A random name does not resolve, and no name has a local address", evidence=evidence
    )


def _cloud_need(profile: Profile) -> _Need | None:
    """The names of the device's cloud; None: every host of the cloud is given as an address."""
    names = [host for host in profile.cloud.hosts.value if not is_address(host)]
    known = profile.cloud.known_names.value if profile.cloud.known_names else []
    # If one host is given as an address, the device can do without the names of the others.
    return _Need(names, required=names == profile.cloud.hosts.value, known_names=known) if names else None


def _needs(profile: Profile) -> list[_Need]:
    """All names that the device asks for: those of its cloud, and that of its time server if it uses one."""
    needs = [need for need in (_cloud_need(profile),) if need is not None]
    if profile.internet_test.method.value == "ntp":
        needs.append(_Need([NTP_SERVER], required=profile.level("ntp.reply") == "required", known_names=[]))
    return needs


def _one_id_only(dns: Dns, needs: list[_Need]) -> list[str]:
    """Evidence for each name that an earlier version asked for with one device id only."""
    names = [name for need in needs for name in need.names if zone_of(name) != name and dns.of(name)]
    return [
        f"{zone_of(name)}: asked for with one device id; whether others resolve was not measured then"
        for name in names
        if dns.with_other_ids(name) == [name]
    ]


def _failure(dns: Dns, name: str, doubted: Mapping[str, Doubt]) -> str | None:
    """Why a device gets no true address for `name`, with the id asked for or another; None: each device gets one."""
    for own in dns.with_other_ids(name):
        if why := _failure_of(dns, own, doubted):
            return why if own == name else f"{why} for another device's name"
    return None


def _failure_of(dns: Dns, name: str, doubted: Mapping[str, Doubt]) -> str | None:
    """Why a device that asks for exactly this name gets no true address; None: it gets one."""
    lookups = dns.of(name)
    if not lookups:
        return "not asked"
    used = dns.as_that_device(name)
    if used is None:
        return "; ".join(dict.fromkeys(lookup.failure or "" for lookup in lookups))
    if is_sinkhole(used.addresses[0]):
        return f"{used.addresses[0]}, a sinkhole"
    found = (doubted[address] for address in used.addresses if address in doubted)
    doubt = next((doubt for doubt in found if doubt.is_certain), None)
    return f"{used.addresses[0]}, {doubt.words}" if doubt else None


def _other_id_servfail(
    dns: Dns, failing: list[_Need], doubted: Mapping[str, Doubt], evidence: list[str]
) -> Finding | None:
    """The finding where the only fault is a SERVFAIL for the name of another device id; None: that is not so.

    No resolver has that name in its cache, so it may show a fault that soon passes.
    """
    names = [name for need in failing for name in need.names]
    if not names or any(_failure_of(dns, name, doubted) for name in names):
        return None
    failed = [own for name in names for own in dns.with_other_ids(name) if _failure_of(dns, own, doubted)]
    if any(lookup.rcode != "SERVFAIL" for own in failed for lookup in dns.of(own)):
        return None
    return Finding(
        status="unknown",
        summary=f"{zone_of(names[0])}: one device's name resolves, and another device's brings SERVFAIL",
        problem="resolver-fails",
        named=Named(address=dns.resolvers[0]),
        reason="Every device asks for a name of its own. A resolver that fails once looks like this, and so does a "
        "filter that lets only one name through.",
        remedy="Run netpreflight again: it then asks for another id.",
        owner="network administrator",
        evidence=evidence,
    )


def _may_not_exist(dns: Dns, need: _Need, doubted: Mapping[str, Doubt]) -> bool:
    """Whether the needed names get NXDOMAIN while a name of the same cloud that is known to exist resolves."""
    missing = all(lookup.rcode == "NXDOMAIN" for name in need.names for lookup in dns.of(name))
    return missing and any(not _failure(dns, name, doubted) for name in need.known_names)


def _names_fail(dns: Dns, failing: list[_Need], view: DeviceView, evidence: list[str]) -> Finding:
    """The finding where names that the device needs get no address: filtered, rewritten, or no name resolves."""
    seen, profile, doubted = view.seen, view.profile, view.doubted
    names = [name for need in failing for name in need.names]
    zones = ", ".join(dict.fromkeys(zone_of(name) for name in names))
    whys = list(dict.fromkeys(_failure(dns, name, doubted) or "" for name in names))
    others = [lookup for lookup in dns.lookups if lookup.kind == "vendor" and lookup.addresses]
    honest = next((lookup for lookup in others if not _failure_of(dns, lookup.name, doubted)), None)
    invented = any("the address of names that do not exist" in why for why in whys)
    resolvers = ", ".join(dns.resolvers)
    required = any(need.required for need in failing)
    to_allow: list[Flow] = []
    named = Named(address=dns.resolvers[0])
    if honest and not invented:
        problem = "names-withheld"
        summary = f"{resolvers} does not resolve {zones} ({'; '.join(whys)}), but does resolve other names"
        reason = f"{honest.name} resolves, so the resolver works and filters these names."
        if example := next((name for name in names if not _failure_of(dns, name, doubted)), None):
            reason += f" {example} resolves, but its id is an example: every device asks for a name of its own."
        remedy = f"Allow {zones} on the resolver {resolvers}."
    elif others:
        problem = "answers-invented"
        summary = f"{resolvers} answers for {zones} with {whys[0]}"
        reason = "The answers are invented; see dns.integrity."
        remedy = _switch_off(dns)
    else:
        reach = reach_of(dns.resolvers[0], dns, seen)
        problem, named = reach.problem, reach.named
        to_allow = [flow for resolver in dns.resolvers for flow in reach_of(resolver, dns, seen).to_allow]
        summary = f"Resolver {resolvers}: {'; '.join(whys)} for {zones}"
        if problem == "no-internet":
            summary = (
                f"There is most likely no internet here: {'; '.join(whys)} for {zones}, and 8.8.8.8 is silent as well"
            )
        elif problem == "not-reached":
            summary = f"Resolver {resolvers} is not reached: {'; '.join(whys)} for {zones}"
        tries = profile.dns.tries.value
        reason = (
            f"{reach.statement} The resolvers from DHCP ({resolvers}) resolve no name at all, even if this laptop's "
            f"own resolver does. A device waits {profile.dns.patience_s.value:g} s for each resolver, and tries "
            f"{tries} {'times' if tries > 1 else 'time'} before it gives up."
        )
        remedy = reach.remedy
    return Finding(
        status="fail" if required else "warn",
        summary=summary,
        problem=problem,
        named=named,
        reason=reason,
        remedy=remedy,
        owner="network administrator",
        evidence=evidence,
        to_allow=to_allow,
    )


def _local_answers(view: DeviceView, local: list[tuple[Lookup, str]], evidence: list[str]) -> Finding:
    """The finding where a public name gets a local address: a warning if the right server answers there."""
    seen = view.seen
    works = answered_addresses(seen) - {server.address for server in view.endpoints if is_another(server, view.profile)}
    proved = all(address in works for _, address in local)
    lookup, address = next(((query, address) for query, address in local if address not in works), local[0])
    gateway = " (the gateway)" if address == seen.scope.gateway else ""
    return Finding(
        status="warn" if proved else "fail",
        summary=f"Resolver {lookup.resolver} gives {lookup.name} the local address {address}{gateway}",
        problem="local-address",
        named=Named(address=lookup.resolver),
        reason="A local address for a public name is an answer made by a server on this network"
        + ("; that server answers as the real one does." if proved else "."),
        remedy=f"Find out why {lookup.resolver} answers so for {lookup.name}: a portal, a filter, or a local server.",
        owner="network administrator",
        evidence=evidence,
    )


def _assumed(dns: Dns, dhcp: Dhcp | None, evidence: list[str]) -> Finding:
    """The finding where only this laptop's own resolver was asked, because DHCP's resolvers are not known."""
    resolvers = ", ".join(dns.resolvers)
    step = dhcp.unlocked_by if dhcp and dhcp.exchange_denied else None
    return Finding(
        status="unknown",
        summary=f"Only this laptop's own resolver was asked ({resolvers})",
        problem="only-laptop-resolver",
        reason=f"It is not known which resolvers DHCP hands out. This laptop is set to {resolvers}, and a device may "
        "be given others.",
        remedy=step or f"Run netpreflight {AS_ROOT}, without --skip dhcp: it then learns what a device is given.",
        owner="device owner",
        evidence=evidence,
    )


def _of_a_filter(view: DeviceView, dns: Dns, evidence: list[str]) -> Finding | None:
    """The finding where an answer is certainly a filter's own address; None where there is none."""
    for lookup in dns.lookups:
        for address in lookup.addresses:
            doubt = view.doubted.get(address)
            if doubt is None or doubt.kind not in {"block-page", "shared"}:
                continue
            zones = _zones_at(dns, address)
            return Finding(
                status="fail",
                summary=f"Resolver {lookup.resolver} gives {zone_of(lookup.name)} the address {address}: {doubt.words}",
                problem="block-page" if doubt.kind == "block-page" else "one-address-for-all",
                named=Named(address=lookup.resolver),
                reason=f"{address} is {doubt.words}, and nothing there answers as a server of these names does: "
                f"a filter answers for {zones}.",
                remedy=f"Allow {zones} in the filter behind the resolver {lookup.resolver}.",
                owner="network administrator",
                evidence=evidence,
            )
    return None


def _may_be_of_a_filter(view: DeviceView, dns: Dns, evidence: list[str]) -> Finding | None:
    """The finding where the cloud's address may be a filter's own; None where nothing speaks for that."""
    for address, doubt in view.doubted.items():
        lookup = next((lookup for lookup in dns.lookups if address in lookup.addresses), None)
        if doubt.kind not in {"web-server", "perhaps-shared"} or lookup is None:
            continue
        return Finding(
            status="unknown",
            summary=f"{address}, which {lookup.resolver} gives {zone_of(lookup.name)}, may be a filter's block page",
            problem="block-page-suspected",
            named=Named(address=lookup.resolver),
            reason=f"{address} is {doubt.words}. A filter's block page looks like this; so does a server of "
            "several services, whose port is blocked.",
            remedy=f"Look up {lookup.name} on a phone's hotspot: if it has another address there, a filter answers "
            f"here, and has to allow {_zones_at(dns, address)}.",
            owner="network administrator",
            evidence=evidence,
        )
    return None


def _zones_at(dns: Dns, address: str) -> str:
    """The names to allow: all those, except random ones, for which a resolver gave this address."""
    names = (lookup.name for lookup in dns.lookups if address in lookup.addresses and lookup.kind != "random")
    return ", ".join(dict.fromkeys(zone_of(name) for name in names))


def _shown(lookup: Lookup) -> str:
    """The name that was asked for; a made-up device id is left out, because it looks like a real one."""
    return f"<a made-up id>.{lookup.name.partition('.')[2]}" if lookup.kind == "another-id" else lookup.name


def _evidence(dns: Dns) -> list[str]:
    """A line of evidence for each lookup."""
    lines = []
    for lookup in dns.lookups:
        result = ", ".join(lookup.addresses) if lookup.addresses else lookup.failure
        lines.append(
            f"{lookup.resolver}: {_shown(lookup)} {lookup.type} → {result} "
            f"({lookup.elapsed_ms:.0f} ms, {counted(len(lookup.attempts), 'attempt')})"
        )
    return lines
