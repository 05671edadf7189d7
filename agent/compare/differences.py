"""What differs between the networks of two runs: Wi-Fi, addresses, resolvers and their answers, NTP, path."""

from msgspec import UNSET

from netpreflight.agent.compare.parts import Difference
from netpreflight.agent.judging.addresses import is_carrier_nat, is_local, is_translated
from netpreflight.agent.judging.dns import NTP_SERVER
from netpreflight.agent.profiles import Profile
from netpreflight.probes.observations import Icmp, Observations, Wifi, strength
from netpreflight.probes.quoting import in_quotes

_NOT_KNOWN = "not known"


def differences(a: Observations, b: Observations, profile: Profile) -> list[Difference]:
    """Everything that differs between two runs, in the order in which a device meets it."""
    here, there = _surroundings(a, profile), _surroundings(b, profile)
    return [
        Difference(what=what, a=here.get(what) or _NOT_KNOWN, b=there.get(what) or _NOT_KNOWN)
        for what in {**here, **there}
        if (here.get(what) or _NOT_KNOWN) != (there.get(what) or _NOT_KNOWN)
    ]


def address_class(address: str | None) -> str | None:
    """The kind of address that was measured from, in words."""
    if address is None:
        return None
    if is_translated(address):
        return "IPv4 over IPv6 (464XLAT)"
    if is_carrier_nat(address):
        return "carrier-grade NAT (100.64.0.0/10)"
    return "private" if is_local(address) else "public"


def routers(seen: Observations) -> list[str]:
    """The routers on the path to the device's cloud port and to the control ports, nearest first."""
    ladders = [
        ladder for target in (seen.path.targets if seen.path else []) for ladder in (target.device, *target.controls)
    ]
    steps = sorted({(probe.ttl, probe.source) for ladder in ladders for probe in ladder.probes
                    if probe.outcome == "time-exceeded" and probe.source})  # fmt: skip
    return list(dict.fromkeys(source for _, source in steps))


def _surroundings(seen: Observations, profile: Profile) -> dict[str, str | None]:
    """What a run saw of its network and of where it was measured from, as label and value."""
    scope = seen.scope
    ssid, bssid = _measured_on(seen)
    return {
        **_radio(seen.wifi),
        "Interface": ", ".join(filter(None, (scope.interface, scope.medium))) or None,
        "SSID measured on": in_quotes(ssid) if ssid is not None else None,
        "BSSID measured on": bssid,
        "MAC address measured from": scope.mac,
        "Address measured from": ", ".join(scope.addresses) or "none",
        "Kind of address": address_class(scope.address),
        "IPv6": ("yes" if scope.ipv6_addresses else "no") if scope.interface else None,
        "Gateway": scope.gateway,
        "MAC address of the gateway": scope.gateway_mac,
        "MTU of the interface": str(scope.mtu) if scope.mtu else None,
        **_dhcp(seen),
        **_exchanges(seen, profile),
        "Routers on the path": " → ".join(routers(seen)) or None,
        "VPN": in_quotes(scope.vpn) if scope.vpn else "none",
        "Tunnels": ", ".join(map(in_quotes, scope.tunnels)) or "none",
        "Proxy": ", ".join(f"{proxy.variable}={proxy.value}" for proxy in scope.proxy) or "none",
        "Run as": scope.privileges.user or None,
        "Operating system": scope.os or None,
    }


def _measured_on(seen: Observations) -> tuple[str | None, str | None]:
    """The SSID and the BSSID over which the run measured what is beyond the air: the laptop's, or those that it joined.

    In a run of an earlier version, the scope always has those of the laptop, even if the run joined a network itself.
    """
    join = seen.join
    if seen.as_device is not UNSET and join is not UNSET and join.joined is not None:
        return join.ssid, join.end_bssid or join.joined.bssid
    return seen.scope.ssid, seen.scope.bssid


def _radio(wifi: Wifi | None) -> dict[str, str | None]:
    """What the survey saw of the judged network, as label and value."""
    if wifi is None or wifi.not_run:
        return {}
    own_bss = sorted((bss for bss in wifi.bss if wifi.target is not None and bss.ssid == wifi.target),
                  key=lambda bss: (bss.frequency_mhz or 0, bss.bssid or ""))  # fmt: skip
    strongest = max((bss.signal_dbm for bss in own_bss if bss.signal_dbm is not None), default=None, key=strength)
    return {
        "Network judged": in_quotes(wifi.target) if wifi.target is not None else None,
        "Wi-Fi survey made by": wifi.source,
        "Access points of that network": str(len(own_bss)),
        "Bands": ", ".join(sorted({f"{bss.band} GHz" for bss in own_bss if bss.band})) or None,
        "2.4 GHz channels": ", ".join(
            dict.fromkeys(f"{bss.channel} ({bss.width_mhz or '?'} MHz)" for bss in own_bss if bss.band == "2.4")
        )
        or None,
        "Strongest signal": f"{strongest:.0f} dBm" if strongest is not None else None,
        "Security": ", ".join(sorted({kind for bss in own_bss for kind in bss.security or []})) or None,
        "Protected management frames": ", ".join(sorted({bss.pmf for bss in own_bss if bss.pmf})) or None,
    }


def _dhcp(seen: Observations) -> dict[str, str | None]:
    """What DHCP servers answered and granted, as label and value."""
    dhcp = seen.dhcp
    if dhcp is None or dhcp.not_run:
        return {}
    servers = dict.fromkeys(
        f"{message.server} ({message.server_mac})" if message.server_mac else message.server
        for message in dhcp.received
        if message.type in {"OFFER", "ACK"}
    )
    lease = dhcp.granted
    return {
        "DHCP servers": ", ".join(servers) or ("none answered" if dhcp.exchange_denied is None else None),
        "Mask from DHCP": lease.mask if lease else None,
        "Router from DHCP": ", ".join(lease.routers) or "none" if lease else None,
        "Resolvers from DHCP": ", ".join(dhcp.resolvers()) or None,
        "Lease time": f"{lease.lease_s} s" if lease and lease.lease_s is not None else None,
    }


def _exchanges(seen: Observations, profile: Profile) -> dict[str, str | None]:
    """What DNS, NTP, portal and cloud exchanges were answered, as label and value."""
    found: dict[str, str | None] = {}
    dns = seen.dns
    if dns is not None and not dns.not_run:
        for name in dict.fromkeys((*profile.cloud.hosts.value, NTP_SERVER)):
            lookups = dns.of(name)
            answer = dns.as_device(name)
            why = next((lookup.failure for lookup in lookups if lookup.failure), None)
            found[f"Address of {name}"] = ", ".join(sorted(answer.addresses)) if answer else why
        invented = sorted({address for query in dns.lookups if query.kind == "random" for address in query.addresses})
        found["Names that do not exist resolve to"] = ", ".join(invented) or "nothing"
    if seen.ntp is not None and not seen.ntp.not_run:
        good = seen.ntp.good
        found["NTP"] = f"stratum {good.stratum}" if good else "no good reply"
    if seen.portal is not None and not seen.portal.not_run:
        wrong = sum(not witness.right for witness in seen.portal.http)
        found["Portal checks answered wrongly"] = f"{wrong} of {len(seen.portal.http)}"
        found["Captive portal API"] = seen.portal.api.url if seen.portal.api else "none"
    return found | _large_packets(seen, profile)


def _large_packets(seen: Observations, profile: Profile) -> dict[str, str | None]:
    """Whether large packets to the cloud get out unfragmented, as label and value; a value of None: not known."""
    port, hosts = profile.cloud.port.value, profile.cloud.hosts.value
    found: dict[str, str | None] = {}
    for endpoint in seen.cloud.endpoints if seen.cloud else []:
        if endpoint.host in hosts and endpoint.port == port and endpoint.large is not None:  # an earlier version
            errors = [attempt.icmp for attempt in endpoint.large.attempts]
            found[f"Packets of {endpoint.large.size} bytes to the cloud"] = _got_out(
                errors, whole=bool(endpoint.large.record)
            )
    for target in seen.path.targets if seen.path else []:
        if target.host in hosts and target.device.port == port and (large := target.whole) is not None:
            passed = any(probe.outcome == "time-exceeded" for probe in large.probes)
            found[f"Packets of {large.size} bytes to the cloud"] = _got_out(
                [probe.icmp for probe in large.probes], whole=passed
            )
    return found


def _got_out(errors: list[Icmp | None], *, whole: bool) -> str | None:
    """Whether large packets got out, in words; None: no ICMP error says why they did not."""
    if whole:
        return "get out whole"
    narrow = next((icmp for icmp in errors if icmp and icmp.is_too_large), None)
    return f"do not get out: {narrow.meaning}" if narrow else None
