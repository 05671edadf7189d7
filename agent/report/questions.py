"""The questions that forums and support desks always ask, each with the answer from this run or how to find out."""

import ipaddress
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from msgspec import UNSET, Struct
from msgspec.structs import replace

from netpreflight.agent.judging.addresses import is_carrier_nat, is_local, is_shared_by_routers, is_translated
from netpreflight.agent.judging.device_log import answered, shown_stages
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.log_beside import log_beside, own_networks
from netpreflight.agent.judging.registry import CHECKS
from netpreflight.agent.judging.vendor_status import is_it_the_cloud
from netpreflight.agent.judging.wifi.coverage import looked_at_high
from netpreflight.agent.judging.wifi.ess import Ess, network_of
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report.hardware_makers import maker
from netpreflight.agent.report.way_to_cloud import MOST_BEYOND, Station, traced, untraced
from netpreflight.agent.results import Check
from netpreflight.agent.sentences import capitalised, counted
from netpreflight.probes.observations import Bss, Dhcp, Observations, Wifi, band_of
from netpreflight.probes.quoting import in_quotes

_GUESS_VIRTUAL = "a locally administered address: perhaps one of several networks of the same access point (a guess)"
_SIGNAL = "How strong is the signal?"
_LOG = "the device's own log (--log)"
_SYSTEMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.ASCII | re.IGNORECASE)
_OVERLAP = 5
"""2.4 GHz channels with numbers less than this far apart overlap: they are 5 MHz apart, and DSSS is 22 MHz wide."""


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


def questions(view: DeviceView, checks: list[Check], route: list[Station]) -> list[Question]:
    """All questions, in the order in which they are usually asked."""
    seen, profile, other_network = view.seen, view.profile, view.laptop_network
    network = network_of(view)
    ess = network if isinstance(network, Ess) else None
    of_device = _from_log(view, checks)
    return [
        _device(profile, view),
        _with_network(_router(seen), other_network),
        _access_point(ess),
        *(
            _with_log(question, of_device.signal if question.question == _SIGNAL else None)
            for question in _wifi_questions(ess, seen.wifi)
        ),
        _with_network(_topology(view, route), other_network),
        _with_network(_provider(view, route), other_network),
        _with_network(_resolver(seen), other_network),
        _with_network(_admission(seen), other_network),
        _with_log(_port(checks, profile), of_device.port),
        *_cloud(view),
        _laptop(seen),
        Question(
            question="Does the device get online on a phone's hotspot?",
            answer=None,
            source="one run cannot show it",
            how="Join this laptop to the hotspot, run netpreflight again, and compare the files of both runs: "
            "netpreflight compare A B.",
        ),
        _password(view, checks),
    ]


class _FromLog(NamedTuple):
    """The answers from the device's own log, if it is from this network; None: the log gives no answer."""

    signal: str | None = None
    port: str | None = None


def _from_log(view: DeviceView, checks: list[Check]) -> _FromLog:
    """What the device's own log answers; empty: there is no log, or it is not known to be from this network."""
    log = view.seen.log
    beside = log_beside(view, checks) if log else None
    if log is None or beside is None or beside.same_network is not True:
        return _FromLog()
    own = own_networks(log)
    heard = next((record for record in reversed(log.records) if record.kind == "heard" and record.name in own), None)
    shown = shown_stages(log)
    cloud = shown["cloud"] if shown and shown["ip"].state != "not-shown" else None
    return _FromLog(
        signal=f"{heard.signal_dbm} dBm where the device is (line {heard.line} of its log)"
        if heard is not None and heard.signal_dbm is not None
        else None,
        port=f"the device itself got through (line {cloud.line.line} of its log)"
        if cloud is not None and cloud.state == "witnessed" and cloud.line is not None
        else None,
    )


def _with_log(question: Question, from_log: str | None) -> Question:
    """Add to an answer what the device's own log says about the question."""
    if from_log is None:
        return question
    if question.answer is None:
        return replace(question, answer=from_log, source=_LOG, how=None)
    return replace(question, answer=f"{question.answer}; {from_log}", source=f"{question.source}; {_LOG}")


def _password(view: DeviceView, checks: list[Check]) -> Question:
    """Whether the password is right, which only the device's own log or a run that joins can show."""
    told = next((check for check in checks if CHECKS[check.id].of_device == "passphrase"), None)
    beside = log_beside(view, checks) if told is not None else None
    answers = {"pass": "Yes, on the network of the log", "fail": "Most likely not, on the network of the log"}
    if told is not None and beside is not None and beside.same_network is not False and told.status in answers:
        return Question(
            question="Is the password right, and is it the Wi-Fi's?",
            answer=f"{answers[told.status]}. {told.summary}.",
            source=_LOG,
        )
    joined = None if view.seen.join is UNSET else view.seen.join.joined
    return Question(
        question="Is the password right, and is it the Wi-Fi's?",
        answer=None if joined is None else "Yes: the network accepted the passphrase that this run was given.",
        source="this run did not join with it" if joined is None else "this run joined with it",
        how="Join a phone to the same 2.4 GHz network, and type the password again." if joined is None else None,
    )


def _device(profile: Profile, view: DeviceView) -> Question:
    """Which device and which Device OS version the report judges, and which its own log names."""
    named = answered(view.seen.log) if view.seen.log else None
    if named is not None and (named.platform or named.os_version):
        told = ", ".join(filter(None, (named.platform, named.os_version and f"Device OS {named.os_version}")))
        judged = f"; judged for {profile.label}" if profile.name != "generic" else ""
        return Question(
            question="Which device, and which Device OS?",
            answer=f"{told}{judged}",
            source=_LOG,
        )
    return Question(
        question="Which device, and which Device OS?",
        answer=profile.label if profile.name != "generic" else None,
        source="the profile judged (--device, --os)",
        how="Say which: netpreflight report FILE --device photon2 --os 6.2.0 (without FILE: the newest run)."
        if profile.name == "generic"
        else None,
    )


def _with_network(question: Question, other_network: str | None) -> Question:
    """Add to an answer the network that it was measured on, if that is not the one judged."""
    if other_network is None or question.answer is None:
        return question
    return replace(question, answer=f"on {in_quotes(other_network)}, where this laptop is: {question.answer}")


def _is_local(mac: str) -> bool:
    """Whether a MAC address is locally administered (IEEE 802-2014, 8.4), so that it names no maker."""
    return bool(_MAC.fullmatch(mac)) and bool(int(mac[:2], 16) & 2)


def _maker_of(mac: str) -> str | None:
    """The maker of the hardware with this MAC address; None: the address does not show it."""
    return maker(mac) if _MAC.fullmatch(mac) and not _is_local(mac) and not is_shared_by_routers(mac) else None


def _router(seen: Observations) -> Question:
    """Who made the gateway, according to its MAC address."""
    scope = seen.scope
    mac, source = scope.gateway_mac, "the gateway's MAC address (ARP), looked up in the IEEE's registry"
    if mac is None and seen.dhcp is not None:
        replies = (message for message in seen.dhcp.received if message.server == scope.gateway and message.server_mac)
        mac = next((message.server_mac for message in replies), None)
        source = "the MAC address of the DHCP server, which is the gateway, looked up in the IEEE's registry"
    maker_name = _maker_of(mac) if mac else None
    if mac and _is_local(mac):
        source = f"its MAC address {mac} is locally administered, so it names no maker"
    if mac and is_shared_by_routers(mac):
        source = f"its MAC address {mac} is one that several routers share (VRRP), so it names no maker"
    return Question(
        question="Which router is it?",
        answer=f"{maker_name} ({mac})" if maker_name else None,
        source=source if mac else "its MAC address was not seen",
        how="The model is on its label, and on the first page of its settings.",
    )


def _access_point(network: Ess | None) -> Question:
    """Who made the access point, according to its BSSIDs."""
    bssids = [bss.bssid for bss in network.ours if bss.bssid] if network else []
    makers = dict.fromkeys(
        words for mac in bssids[:8] if (words := _GUESS_VIRTUAL if _is_local(mac) else _maker_of(mac))
    )
    return Question(
        question="Which access point is it?",
        answer="; ".join(makers) or None,
        source="its BSSIDs, looked up in the IEEE's registry" if bssids else "no BSSID was seen",
        how="The model is on its label; it is often the router itself.",
    )


def _wifi_questions(network: Ess | None, wifi: Wifi | None) -> Iterator[Question]:
    """The questions about the Wi-Fi."""
    source = f"the Wi-Fi survey ({wifi.source})" if wifi and wifi.source else "no Wi-Fi survey was made"
    next_step = "Run netpreflight beside the access point, on a laptop with Wi-Fi, with --ssid NAME."
    best = network.best if network else None

    def question_of(question: str, answer: str | None) -> Question:
        """A question about the Wi-Fi, with how to find out if there is no answer."""
        return Question(question=question, answer=answer, source=source, how=None if answer else next_step)

    yield question_of("Which security does the Wi-Fi have?", _security(best) if best else None)
    yield question_of("Is the same name used on 2.4 and on 5 GHz?", _bands(network) if network else None)
    yield question_of("How many access points have that name?", _access_points(network) if network else None)
    yield question_of("Which 2.4 GHz channel, and how wide?", _channel(best) if best else None)
    yield question_of(
        _SIGNAL,
        f"{best.signal_dbm:.0f} dBm where this laptop stood" if best and best.signal_dbm is not None else None,
    )
    yield question_of("How crowded is the air there?", _environment(best, wifi) if wifi and wifi.bss else None)


def _security(bss: Bss) -> str | None:
    """The security of a BSS and its protected management frames (PMF), in words; None: not known."""
    if bss.security is None:
        return None
    names = ", ".join(bss.security) or "of an unknown kind"
    return names + (f"; protected management frames {bss.pmf}" if bss.pmf and bss.pmf != "none" else "")


def _bands(network: Ess) -> str | None:
    """The bands on which the name was heard, in words; None: not known."""
    bands = sorted({bss.band for bss in network.ours if bss.band})
    if not bands:
        return None
    if len(bands) > 1:
        return f"yes: heard on {' and '.join(bands)} GHz"
    wifi, other = network.wifi, "5" if bands[0] == "2.4" else "2.4"
    looked = looked_at_high(wifi) if other == "5" else any(band_of(mhz) == other for mhz in _surveyed_mhz(wifi))
    return f"heard on {bands[0]} GHz only" if looked else f"heard on {bands[0]} GHz; {other} GHz was not listened to"


def _surveyed_mhz(wifi: Wifi) -> list[int | None]:
    """The frequencies in MHz on which the survey listened, or heard a BSS."""
    return [*wifi.frequencies_mhz, *(bss.frequency_mhz for bss in wifi.bss)]


def _access_points(network: Ess) -> str | None:
    """How many BSSIDs have the name, for each band; None: none is known."""
    radios = {bss.bssid for bss in network.ours if bss.bssid}
    by_band = {band: sum(bss.band == band for bss in network.ours) for band in ("2.4", "5", "6")}
    counts = ", ".join(f"{count} on {band} GHz" for band, count in by_band.items() if count)
    one_each = "; an access point has one for each band, or more" if len(radios) > 1 else ""
    return f"{counted(len(radios), 'BSSID')} ({counts}){one_each}" if radios else None


def _channel(bss: Bss) -> str | None:
    """The 2.4 GHz channel and width of a BSS; None: it is on another band, or the channel is not known."""
    if bss.band != "2.4" or bss.channel is None:
        return None
    width = f"{bss.width_mhz} MHz" if bss.width_mhz else "width not known"
    return f"channel {bss.channel}, {width}"


def _environment(best: Bss | None, wifi: Wifi) -> str:
    """How many BSSs were heard, and how many of other networks overlap the channel of `best`."""
    on_24_ghz = [bss for bss in wifi.bss if bss.band == "2.4"]
    counts = f"{counted(len(on_24_ghz), 'BSS')} on 2.4 GHz, {len(wifi.bss) - len(on_24_ghz)} on other bands"
    if best is None or best.channel is None or best.band != "2.4":
        return counts
    others = [bss for bss in on_24_ghz if bss.ssid != best.ssid and bss.channel is not None]
    overlapping = sum(abs((bss.channel or 0) - best.channel) < _OVERLAP for bss in others)
    verb = "overlaps" if overlapping == 1 else "overlap"
    return f"{counts}; of other networks, {overlapping} {verb} channel {best.channel}"


def _after_gateway(route: list[Station]) -> tuple[list[str], list[str]]:
    """The routers after the gateway: those with private addresses, up to the first public one, and the next few."""
    drawn = [station.detail[0] for station in route if station.kind == "router"]
    private = list(takewhile(is_local, drawn))
    beyond = [address for station in route if station.kind == "provider" for address in station.detail]
    return private, [*drawn[len(private) :], *beyond][:MOST_BEYOND]


def _topology(view: DeviceView, route: list[Station]) -> Question:
    """Whether there is a second router with a private address after the gateway (double NAT)."""
    private_routers, later_routers = _after_gateway(route)
    answer, source = None, f"the path to the device's cloud was not looked at: {untraced(view)}"
    if private_routers:
        answer = (
            f"{len(private_routers)} more with a private address after the gateway ({', '.join(private_routers)}): "
            "a second NAT, or routers of this site or of the provider"
        )
    elif later_routers:
        answer = (
            f"no second router answered between the gateway and {later_routers[0]}, where this site's private "
            "addresses end"
        )
    if traced(view):
        source = f"the routers that answered on the path{'' if answer else ': none after the gateway'}"
    return Question(
        question="Is there one router, or a second one behind it (double NAT)?",
        answer=answer,
        source=source,
        how=None
        if answer
        else "Run netpreflight --only path, or check whether the router's own internet (WAN) address is a private one.",
    )


def _provider(view: DeviceView, route: list[Station]) -> Question:
    """Whether the provider gives a public address, a carrier-grade NAT address, or none."""
    question = "What kind of address does the internet provider give?"
    _, later_routers = _after_gateway(route)
    carrier_nat = [router for router in later_routers if is_carrier_nat(router)]
    laptop_address = view.seen.scope.address
    answer, source = None, f"the path was not looked at: {untraced(view)}"
    if laptop_address is not None and (kind := _provider_address_kind(laptop_address)):
        answer, source = f"{kind}: this laptop itself has {laptop_address}", "this laptop's interface"
    elif carrier_nat:
        answer = f"behind the provider's own NAT: {carrier_nat[0]} is in 100.64.0.0/10 (RFC 6598)"
        source = "the routers that answered on the path"
    elif traced(view):
        source = "the routers that answered on the path, which do not show it"
    return Question(
        question=question,
        answer=answer,
        source=source,
        how=None
        if answer
        else "The router shows it as its internet (WAN) address: 10., 172.16-31., 192.168. and "
        "100.64-127. are private.",
    )


def _provider_address_kind(own: str) -> str | None:
    """What this laptop's own address shows about the provider's address; None: it is private, and shows nothing."""
    if is_translated(own):
        return "no IPv4 address of its own: IPv4 is carried over IPv6 (464XLAT, RFC 6877)"
    if is_carrier_nat(own):
        return "a carrier-grade NAT address, or a site that uses 100.64.0.0/10 (RFC 6598) itself"
    return None if is_local(own) else "a public address"


def _resolver(seen: Observations) -> Question:
    """Which resolvers DHCP hands out."""
    resolvers = seen.dhcp.resolvers() if seen.dhcp else []
    words = [f"{resolver} ({_place_of_resolver(resolver, seen.scope.gateway)})" for resolver in resolvers[:4]]
    return Question(
        question="Which resolver (DNS) does the device get?",
        answer=", ".join(words) or None,
        source="DHCP" if words else "DHCP handed out none, or was not seen",
        how=None if words else _to_know_the_lease(seen.dhcp, "read it in the router's DHCP settings"),
    )


def _place_of_resolver(address: str, gateway: str | None) -> str:
    """Where a resolver is: the gateway itself, in a private network, or public."""
    if address == gateway:
        return "the gateway itself"
    return "in a private network" if is_local(address) else "public"


def _admission(seen: Observations) -> Question:
    """Whether DHCP granted a lease to a MAC address that it had never seen."""
    granted = seen.dhcp.granted if seen.dhcp else None
    answer = None
    if granted is not None and granted.address:
        answer = f"yes: a MAC address that the server had never seen was granted {granted.address}"
        if granted.mask:
            try:
                size = ipaddress.IPv4Network(f"{granted.address}/{granted.mask}", strict=False).num_addresses - 2
            except ValueError:
                size = 0
            answer += f", in a subnet with room for {size}" if size > 0 else ""
    return Question(
        question="Does the network admit an unknown device (MAC filter, full DHCP pool)?",
        answer=answer,
        source="a DHCP exchange as an unknown device; it does not show a MAC filter of the access point itself"
        if answer
        else "no lease was granted, or none was asked for",
        how=None if answer else _to_know_the_lease(seen.dhcp, "look at the router's list of allowed devices"),
    )


def _to_know_the_lease(dhcp: Dhcp | None, by_hand: str) -> str:
    """What to do where no DHCP exchange as an unknown device has answered the question.

    That is the step that makes such an exchange possible, if it is known, or `by_hand`, which needs no exchange.
    """
    if dhcp is None or (dhcp.exchange_denied and dhcp.unlocked_by is None):
        return f"Run netpreflight as root, or {by_hand}."
    step = f"{dhcp.unlocked_by} Or " if dhcp.exchange_denied else ""
    return f"{step}{by_hand if step else capitalised(by_hand)}."


def _port(checks: list[Check], profile: Profile) -> Question:
    """Whether the port that the device uses to reach its cloud is open, from the check that shows this."""
    protocol = "TCP" if profile.cloud.transport.value == "tcp-nonce" else "UDP"
    check_id = next(row.id for row in CHECKS.values() if profile.cloud.transport.value in row.says_open)
    check = next((row for row in checks if row.id == check_id), None)
    is_known = check is not None and check.status in {"pass", "warn", "fail"}
    return Question(
        question=f"Is the device's cloud port open (outbound {protocol} {profile.cloud.port.value})?",
        answer=check.summary if check and is_known else None,
        source=check_id,
        how=(check.remedy if check else None) if not is_known else None,
    )


def _cloud(view: DeviceView) -> list[Question]:
    """What the vendor's status page says, if the device's cloud is silent; empty: the question does not arise."""
    told = is_it_the_cloud(view)
    if told is None:
        return []
    source = "its vendor's status page, which proves nothing about this network"
    return [Question(question="Is it the cloud?", answer=told.says, source=source, how=told.how)]


def _laptop(seen: Observations) -> Question:
    """The system, user, medium, VPN and proxy of this laptop."""
    scope = seen.scope
    parts = [_SYSTEMS.get(scope.os, scope.os) or "system not known", f"as {scope.privileges.user or 'an unknown user'}"]
    parts.append({"wired": "by cable", "wifi": "by Wi-Fi"}.get(scope.medium or "", "by an interface of another kind"))
    parts += [f"with the VPN {in_quotes(scope.vpn)}"] if scope.vpn else []
    parts += ["with a proxy set"] if scope.proxy else []
    return Question(question="What was this measured with?", answer=", ".join(parts), source="this laptop")
