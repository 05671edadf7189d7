"""The questions that forums and support desks always ask, each with the answer from this run or how to find out."""

import ipaddress
import re
from collections.abc import Iterator
from itertools import takewhile

from msgspec import Struct
from msgspec.structs import replace

from netpreflight.agent.judging.addresses import is_carrier_nat, is_local, is_shared_by_routers, is_translated
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.judging.vendor_status import is_it_the_cloud
from netpreflight.agent.judging.wifi.bss import counted
from netpreflight.agent.judging.wifi.coverage import looked_at_high
from netpreflight.agent.judging.wifi.ess import Ess, network_of
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report.hardware_makers import maker
from netpreflight.agent.report.way_to_cloud import MOST_BEYOND, Station, traced, untraced
from netpreflight.agent.results import Check
from netpreflight.probes.observations import Bss, Observations, Wifi, band_of
from netpreflight.probes.quoting import in_quotes

_GUESS_VIRTUAL = "a locally administered address: perhaps one of several networks of the same access point (a guess)"
_SYSTEMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.ASCII | re.IGNORECASE)
_OVERLAP = 5
"""2.4 GHz channels less than this far apart overlap (IEEE 802.11-2020, 15.4.4.2: 5 MHz apart, 20 MHz wide)."""


class Question(Struct, frozen=True, kw_only=True):
    """A question with its answer.

    Attributes:
        answer: the answer; None: this run does not know it.
        source: what the answer comes from.
        how: how to find out, where this run does not know the answer.
    """

    question: str
    answer: str | None
    source: str
    how: str | None = None


def questions(view: DeviceView, checks: list[Check], way: list[Station]) -> list[Question]:
    """All questions, in the order in which they are usually asked."""
    seen, profile, here = view.seen, view.profile, view.elsewhere
    network = network_of(seen, profile)
    heard = network if isinstance(network, Ess) else None
    return [
        _device(profile),
        _measured(_router(seen), here),
        _access_point(heard),
        *_of_the_network(heard, seen.wifi),
        _measured(_topology(view, way), here),
        _measured(_provider(view, way), here),
        _measured(_resolver(seen), here),
        _measured(_admission(seen), here),
        _port(checks, profile),
        *_cloud(view),
        _laptop(seen),
        Question(
            question="Does the device get online on a phone's hotspot?",
            answer=None,
            source="one run cannot show it",
            how="Join this laptop to the hotspot, run netpreflight again, and compare both runs: netpreflight compare.",
        ),
        Question(
            question="Is the password right, and is it the Wi-Fi's?",
            answer=None,
            source="netpreflight asks for no password",
            how="Join a phone to the same 2.4 GHz network, and type the password again.",
        ),
    ]


def _device(profile: Profile) -> Question:
    return Question(
        question="Which device, and which Device OS?",
        answer=profile.label if profile.name != "generic" else None,
        source="the profile judged (--device, --os)",
        how="Say which: netpreflight report run.json --device photon2 --os 6.2.0."
        if profile.name == "generic"
        else None,
    )


def _measured(question: Question, here: str | None) -> Question:
    """Add to an answer on which network it was measured, where that is not the network judged."""
    if here is None or question.answer is None:
        return question
    return replace(question, answer=f"on {in_quotes(here)}, where this laptop is: {question.answer}")


def _is_local(mac: str) -> bool:
    """Whether a MAC address is locally administered (IEEE 802-2014, 8.4), so that it names no maker."""
    return bool(_MAC.fullmatch(mac)) and bool(int(mac[:2], 16) & 2)


def _made_by(mac: str) -> str | None:
    """The maker by a MAC address; None: the address names none, or is not in the registry."""
    return maker(mac) if _MAC.fullmatch(mac) and not _is_local(mac) and not is_shared_by_routers(mac) else None


def _router(seen: Observations) -> Question:
    scope = seen.scope
    mac, source = scope.gateway_mac, "the gateway's hardware address (ARP), by the IEEE's registry"
    if mac is None and seen.dhcp is not None:
        served = (message for message in seen.dhcp.received if message.server == scope.gateway and message.server_mac)
        mac = next((message.server_mac for message in served), None)
        source = "the DHCP server's hardware address, which is the gateway's, by the IEEE's registry"
    made = _made_by(mac) if mac else None
    if mac and _is_local(mac):
        source = f"its hardware address {mac} is locally administered, so it names no maker"
    if mac and is_shared_by_routers(mac):
        source = f"its hardware address {mac} is one that several routers share (VRRP), so it names no maker"
    return Question(
        question="Which router is it?",
        answer=f"{made} ({mac})" if made else None,
        source=source if mac else "its hardware address was not seen",
        how="The model is on its label, and on the first page of its settings.",
    )


def _access_point(network: Ess | None) -> Question:
    known = [bss.bssid for bss in network.ours if bss.bssid] if network else []
    made = dict.fromkeys(words for mac in known[:8] if (words := _GUESS_VIRTUAL if _is_local(mac) else _made_by(mac)))
    return Question(
        question="Which access point is it?",
        answer="; ".join(made) or None,
        source="its BSSIDs, by the IEEE's registry" if known else "no BSSID was seen",
        how="The model is on its label; it is often the router itself.",
    )


def _of_the_network(network: Ess | None, wifi: Wifi | None) -> Iterator[Question]:
    """The questions about the Wi-Fi."""
    source = f"the Wi-Fi survey ({wifi.source})" if wifi and wifi.source else "no Wi-Fi survey was made"
    look = "Run netpreflight beside the access point, on a laptop with Wi-Fi, with --ssid NAME."
    best = network.best if network else None

    def asked(question: str, answer: str | None) -> Question:
        return Question(question=question, answer=answer, source=source, how=None if answer else look)

    yield asked("Which security does the Wi-Fi have?", _security(best) if best else None)
    yield asked("Is the same name used on 2.4 and on 5 GHz?", _bands(network) if network else None)
    yield asked("How many access points have that name?", _access_points(network) if network else None)
    yield asked("Which 2.4 GHz channel, and how wide?", _channel(best) if best else None)
    yield asked(
        "How strong is the signal?",
        f"{best.signal_dbm:.0f} dBm where this laptop stood" if best and best.signal_dbm is not None else None,
    )
    yield asked("How crowded is the air there?", _environment(best, wifi) if wifi and wifi.bss else None)


def _security(bss: Bss) -> str | None:
    if bss.security is None:
        return None
    names = ", ".join(bss.security) or "of an unknown kind"
    return names + (f"; protected management frames {bss.pmf}" if bss.pmf and bss.pmf != "none" else "")


def _bands(network: Ess) -> str | None:
    bands = sorted({bss.band for bss in network.ours if bss.band})
    if not bands:
        return None
    if len(bands) > 1:
        return f"yes: heard on {' and '.join(bands)} GHz"
    wifi, other = network.wifi, "5" if bands[0] == "2.4" else "2.4"
    looked = looked_at_high(wifi) if other == "5" else any(band_of(mhz) == other for mhz in _heard_on(wifi))
    return f"heard on {bands[0]} GHz only" if looked else f"heard on {bands[0]} GHz; {other} GHz was not listened to"


def _heard_on(wifi: Wifi) -> list[int | None]:
    return [*wifi.frequencies_mhz, *(bss.frequency_mhz for bss in wifi.bss)]


def _access_points(network: Ess) -> str | None:
    radios = {bss.bssid for bss in network.ours if bss.bssid}
    by_band = {band: sum(bss.band == band for bss in network.ours) for band in ("2.4", "5", "6")}
    counts = ", ".join(f"{count} on {band} GHz" for band, count in by_band.items() if count)
    one_each = "; an access point has one for each band, or more" if len(radios) > 1 else ""
    return f"{len(radios)} BSSID{'' if len(radios) == 1 else 's'} ({counts}){one_each}" if radios else None


def _channel(bss: Bss) -> str | None:
    if bss.band != "2.4" or bss.channel is None:
        return None
    width = f"{bss.width_mhz} MHz" if bss.width_mhz else "width not known"
    return f"channel {bss.channel}, {width}"


def _environment(best: Bss | None, wifi: Wifi) -> str:
    low = [bss for bss in wifi.bss if bss.band == "2.4"]
    words = f"{counted(len(low))} on 2.4 GHz, {len(wifi.bss) - len(low)} on other bands"
    if best is None or best.channel is None or best.band != "2.4":
        return words
    others = [bss for bss in low if bss.ssid != best.ssid and bss.channel is not None]
    near = sum(abs((bss.channel or 0) - best.channel) < _OVERLAP for bss in others)
    return f"{words}; of other networks, {near} {'overlaps' if near == 1 else 'overlap'} channel {best.channel}"


def _after_gateway(way: list[Station]) -> tuple[list[str], list[str]]:
    """The routers after the gateway: those with private addresses, up to the first public one, and the next few."""
    drawn = [station.detail[0] for station in way if station.kind == "router"]
    private = list(takewhile(is_local, drawn))
    beyond = [address for station in way if station.kind == "provider" for address in station.detail]
    return private, [*drawn[len(private) :], *beyond][:MOST_BEYOND]


def _topology(view: DeviceView, way: list[Station]) -> Question:
    private, beyond = _after_gateway(way)
    found, source = None, f"the path to the device's cloud was not looked at: {untraced(view)}"
    if private:
        found = (
            f"{len(private)} more with a private address after the gateway ({', '.join(private)}): "
            "a second NAT, routers of this site, or the provider's"
        )
    elif beyond:
        found = f"no second one answered between the gateway and {beyond[0]}, where this site's private addresses end"
    if traced(view):
        source = f"the routers that answered on the path{'' if found else ': none after the gateway'}"
    return Question(
        question="Is there one router, or a second one behind it (double NAT)?",
        answer=found,
        source=source,
        how=None
        if found
        else "Run netpreflight --only path, or check whether the router's own internet (WAN) address is a private one.",
    )


def _provider(view: DeviceView, way: list[Station]) -> Question:
    question = "What kind of address does the internet provider give?"
    _, beyond = _after_gateway(way)
    carrier = [router for router in beyond if is_carrier_nat(router)]
    own = view.seen.scope.address
    found, source = None, f"the path was not looked at: {untraced(view)}"
    if own is not None and (kind := _own_kind(own)):
        found, source = f"{kind}: this laptop itself has {own}", "this laptop's interface"
    elif carrier:
        found = f"behind the provider's own NAT: {carrier[0]} is in 100.64.0.0/10 (RFC 6598)"
        source = "the routers that answered on the path"
    elif traced(view):
        source = "the routers that answered on the path, which do not show it"
    return Question(
        question=question,
        answer=found,
        source=source,
        how=None
        if found
        else "The router shows it as its internet (WAN) address: 10., 172.16-31., 192.168. and "
        "100.64-127. are private.",
    )


def _own_kind(own: str) -> str | None:
    """What this laptop's own address shows about the provider's; None: it is private, and shows nothing."""
    if is_translated(own):
        return "no IPv4 address of its own: IPv4 is carried over IPv6 (464XLAT, RFC 6877)"
    if is_carrier_nat(own):
        return "a carrier-grade NAT address, or a site that uses 100.64.0.0/10 (RFC 6598) itself"
    return None if is_local(own) else "a public address"


def _resolver(seen: Observations) -> Question:
    resolvers = seen.dhcp.resolvers() if seen.dhcp else []
    words = [f"{resolver} ({_kind(resolver, seen.scope.gateway)})" for resolver in resolvers[:4]]
    return Question(
        question="Which resolver (DNS) does the device get?",
        answer=", ".join(words) or None,
        source="DHCP" if words else "DHCP handed out none, or was not seen",
        how=None if words else "Run netpreflight as root, or read it in the router's DHCP settings.",
    )


def _kind(address: str, gateway: str | None) -> str:
    if address == gateway:
        return "the gateway itself"
    return "in a private network" if is_local(address) else "public"


def _admission(seen: Observations) -> Question:
    granted = seen.dhcp.granted if seen.dhcp else None
    found = None
    if granted is not None and granted.address:
        found = f"yes: a hardware address that it had never seen was granted {granted.address}"
        if granted.mask:
            try:
                size = ipaddress.IPv4Network(f"{granted.address}/{granted.mask}", strict=False).num_addresses - 2
            except ValueError:
                size = 0
            found += f", in a subnet with room for {size}" if size > 0 else ""
    return Question(
        question="Does the network admit an unknown device (MAC filter, full DHCP pool)?",
        answer=found,
        source="a DHCP exchange as an unknown device; it does not show a MAC filter of the access point itself"
        if found
        else "no lease was granted, or none was asked for",
        how=None if found else "Run netpreflight as root, and look at the router's list of allowed devices.",
    )


def _port(checks: list[Check], profile: Profile) -> Question:
    protocol = "TCP" if profile.cloud.transport.value == "tcp-nonce" else "UDP"
    check_id = next(row.id for row in CHECKS.values() if profile.cloud.transport.value in row.says_open)
    check = next((row for row in checks if row.id == check_id), None)
    known = check is not None and check.status in {"pass", "warn", "fail"}
    return Question(
        question=f"Is the device's port open ({protocol} {profile.cloud.port.value})?",
        answer=check.summary if check and known else None,
        source=check_id,
        how=(check.remedy if check else None) if not known else None,
    )


def _cloud(view: DeviceView) -> list[Question]:
    """Whether it is the cloud, where that does not answer."""
    told = is_it_the_cloud(view)
    if told is None:
        return []
    source = "its vendor's status page, which proves nothing about this network"
    return [Question(question="Is it the cloud?", answer=told.says, source=source, how=told.how)]


def _laptop(seen: Observations) -> Question:
    scope = seen.scope
    parts = [_SYSTEMS.get(scope.os, scope.os) or "system not known", f"as {scope.privileges.user or 'an unknown user'}"]
    parts.append({"wired": "by cable", "wifi": "by Wi-Fi"}.get(scope.medium or "", "by an interface of another kind"))
    parts += [f"with the VPN {scope.vpn}"] if scope.vpn else []
    parts += ["with a proxy set"] if scope.proxy else []
    return Question(question="What was this measured with?", answer=", ".join(parts), source="this laptop")
