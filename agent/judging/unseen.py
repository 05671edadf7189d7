"""Findings for what could not be measured: always `unknown`, with the reason and the step that would settle it."""

from collections.abc import Iterable

import msgspec
from msgspec import UNSET

from netpreflight.agent.profiles import Profile
from netpreflight.agent.results import Finding
from netpreflight.agent.sentences import capitalised
from netpreflight.probes.observations import AS_ROOT, TOO_MUCH, Attempt, Dhcp, Dns, Observation, Observations
from netpreflight.probes.quoting import in_quotes

CONNECT = "Connect this laptop to the network in question, run netpreflight again, and let it finish."
"""The remedy where a probe could not run and states no step of its own."""
_AS_ROOT = f"Run netpreflight again {AS_ROOT}."


def not_looked(observation: Observation | None, summary: str) -> Finding:
    """The finding where a probe could not run, failed, or was cut short; `summary` names what is missing."""
    reason = (observation.not_run if observation else None) or "the run was cut short"
    return Finding(
        status="unknown",
        summary=summary,
        problem="not-looked",
        reason=f"{capitalised(reason)}.",
        remedy=(observation.unlocked_by if observation else None) or CONNECT,
        owner="device owner",
    )


def why_not(observation: Observation | None) -> str:
    """Why a probe measured nothing, in a few words."""
    return (observation.not_run if observation else None) or "it was left out, or the run was cut short"


def not_sent(what: str, where: str, error: str, evidence: list[str]) -> Finding:
    """The finding where this laptop's own system refused to send."""
    return Finding(
        status="unknown",
        summary=f"This laptop could not send {what}",
        problem="not-sent",
        reason=f"Sending to {where} failed here: {error}.",
        remedy="Look at this laptop's own firewall, then run netpreflight again.",
        owner="device owner",
        evidence=evidence,
    )


def not_read(where: str, attempts: Iterable[Attempt], evidence: list[str]) -> Finding | None:
    """The finding where an answer may have come, but was not read; None: everything that came was read."""
    why = next((attempt.detail or "" for attempt in attempts if attempt.outcome == "unread"), None)
    return None if why is None else unread(where, why, evidence)


def unread(where: str, why: str, evidence: list[str]) -> Finding:
    """The finding where an answer may have come, but was not read; `why` is the reason."""
    return Finding(
        status="unknown",
        summary=f"An answer from {where} may have come, but was not read",
        problem="not-read",
        reason=f"{capitalised(why)}. So its silence proves nothing.",
        remedy="Find out what sends so much to this laptop, and stop it; then run netpreflight again."
        if why == TOO_MUCH
        else "Run netpreflight again; if it says the same, attach the JSON report to a ticket for its developers.",
        owner="network administrator" if why == TOO_MUCH else "device owner",
        evidence=evidence,
    )


def of_another_run(summary: str, profile: Profile, evidence: list[str] | None = None) -> Finding:
    """The finding where a saved run did not ask what this device needs."""
    device = "FILE.toml" if profile.origin.endswith(".toml") else profile.origin  # whose path may name somebody
    version = f" --os {profile.os_version}" if profile.os_version else ""
    return Finding(
        status="unknown",
        summary=summary,
        problem="other-run",
        reason="The run was made for another Device OS version or another set of devices.",
        remedy=f"Run netpreflight check --device {device}{version} on the network itself.",
        owner="device owner",
        evidence=evidence or [],
    )


def has_joined_as_device(seen: Observations) -> bool:
    """Whether what is beyond the air was measured by a station that had joined the network as the device.

    Reports of earlier versions, which do not record which network this laptop was on, count as not joined: they are
    judged as those versions did.
    """
    run, join = seen.as_device, seen.join
    if run is UNSET or join is UNSET:
        return False
    return run.not_run is None and run.laptop_ssid is not UNSET and join.joined is not None


def on_same_network(seen: Observations) -> bool:
    """Whether this laptop is known to have been on the network of the device, in a run that was the device."""
    run, join = seen.as_device, seen.join
    if run is UNSET:
        return False
    own = seen.scope.ssid if run.laptop_ssid is UNSET else run.laptop_ssid
    return run.way == "cable" or (join is not UNSET and own is not None and own == join.ssid)


def laptop_elsewhere(seen: Observations) -> tuple[str, str] | None:
    """The SSIDs of this laptop and of the device, where they are known to differ; else None."""
    run, join = seen.as_device, seen.join
    if run is UNSET or join is UNSET or run.laptop_ssid is UNSET or not has_joined_as_device(seen):
        return None
    return (run.laptop_ssid, join.ssid) if run.laptop_ssid and join.ssid and run.laptop_ssid != join.ssid else None


def network_of_laptop(seen: Observations) -> str | None:
    """The SSID of this laptop's own network, if it was measured there and another network is judged; else None."""
    target = seen.wifi.target if seen.wifi else None
    if target is None or has_joined_as_device(seen):
        return None
    return seen.scope.ssid if seen.scope.ssid != target else None


def of_another_network(seen: Observations, finding: Finding) -> Finding | None:
    """The finding for a check that was measured on another Wi-Fi network than the one judged; None: it was not."""
    laptop_ssid, target = network_of_laptop(seen), seen.wifi.target if seen.wifi else None
    if laptop_ssid is None or target is None:
        return None
    other_name, judged_name = in_quotes(laptop_ssid), in_quotes(target)
    return Finding(
        status="unknown",
        summary=f"Measured on {other_name}, not on {judged_name}",
        problem="other-network",
        reason=f"This laptop is on {other_name}, and {judged_name} may behave differently.",
        remedy=f"Join {judged_name} with this laptop, and run netpreflight again.",
        owner="device owner",
        evidence=[f"on {other_name}: {finding.status}, {finding.summary}", *finding.evidence],
    )


def without_ipv4(seen: Observations, finding: Finding) -> Finding | None:
    """The finding of a check that was not measured because only this laptop, not a device, gets no IPv4 address.

    None: the check was measured, or this is not the reason.
    """
    scope, dhcp = seen.scope, seen.dhcp
    if finding.problem != "not-looked" or scope.interface is None or scope.addresses or dhcp is None:
        return None
    granted = dhcp.granted.address if dhcp.granted else None
    if prefers_ipv6(dhcp):
        reason = (
            f"This laptop has given IPv4 up on {scope.interface}: the network prefers IPv6 (DHCP option 108, RFC "
            "8925), and this laptop follows that. A device does not ask for that option"
            + (f", and is given {granted}." if granted else ".")
        )
        remedy = (
            "Let this laptop have IPv4 for a run, connect it again, and run netpreflight again. With NetworkManager: "
            "nmcli connection modify <name> ipv4.dhcp-ipv6-only-preferred no. With systemd-networkd: IPv6OnlyMode=no "
            "under [DHCPv4] of its .network file. Elsewhere: set an IPv4 address by hand."
        )
    elif granted:
        reason = f"This laptop has no IPv4 address on {scope.interface}; DHCP gives an unknown device {granted}."
        remedy = "Let this laptop take an IPv4 address by DHCP, and run netpreflight again."
    else:
        return None
    return msgspec.structs.replace(finding, reason=reason, remedy=remedy)


def prefers_ipv6(dhcp: Dhcp | None) -> bool:
    """Whether a DHCP server asks clients to do without IPv4 (option 108), as IPv6-mostly networks do."""
    return dhcp is not None and any(message.ipv6_only_s is not None for message in dhcp.received)


def no_resolver(seen: Observations) -> Finding:
    """The finding of every check that needs DNS, where no resolver was asked."""
    dns, dhcp = seen.dns, seen.dhcp
    if dns is None or dns.not_run or dhcp is None:
        return not_looked(dns, "No resolver of this network was asked")
    if dhcp.exchange_denied:
        reason = f"The resolvers that DHCP hands out are not known: {dhcp.exchange_denied}."
    else:
        reason = "DHCP handed out no resolver, so there was none to ask; see dhcp.offer and dhcp.lease."
    return Finding(
        status="unknown",
        summary="No resolver of this network was asked",
        problem="no-resolver",
        reason=reason,
        remedy=(dhcp.unlocked_by or _AS_ROOT)
        if dhcp.exchange_denied
        else "Do what dhcp.offer and dhcp.lease say, then run netpreflight again.",
        due_to="dhcp.lease",
        owner="device owner" if dhcp.exchange_denied else "network administrator",
    )


def no_address(seen: Observations, names: list[str]) -> Finding:
    """The finding of a check whose server name did not resolve."""
    dns = seen.dns
    if dns is None or dns.not_run or not dns.resolvers:
        return no_resolver(seen)
    if not names:
        return not_looked(None, "No host was named")
    which = " or ".join(names)
    return Finding(
        status="unknown",
        summary=f"{which} has no address here, so nothing was sent",
        problem="no-address",
        reason=f"{names[0]} does not resolve ({_why(dns, names[0])}); see dns.resolve.",
        remedy="Do what dns.resolve says, then run netpreflight again.",
        owner="network administrator",
        due_to="dns.resolve",
    )


def _why(dns: Dns, name: str) -> str:
    """Why a name did not resolve, in words."""
    return (
        "; ".join(dict.fromkeys(lookup.failure for lookup in dns.of(name) if lookup.failure)) or "it was not asked for"
    )
