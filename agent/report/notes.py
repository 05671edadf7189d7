"""Notes to read before the checks: what was left out, and how this laptop differs from a device."""

from msgspec import UNSET

from netpreflight.agent.judging import CHECKS
from netpreflight.agent.judging.abilities import on_proxy, on_vpn
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.let_through import is_let_through, only_laptop, words_of
from netpreflight.agent.judging.portal import mac_of
from netpreflight.agent.judging.unseen import laptop_elsewhere, network_of_laptop, prefers_ipv6
from netpreflight.agent.judging.vendor_status import is_it_the_cloud
from netpreflight.agent.profiles import Profile
from netpreflight.agent.report.other_devices import DeviceVerdict
from netpreflight.agent.results import IS_IT_THE_CLOUD, Judgement, LogBeside, Verdict
from netpreflight.agent.selection import Selection, in_groups
from netpreflight.agent.sentences import in_a_row, with_article
from netpreflight.probes.observations import (
    AS_ITSELF,
    RESTORED_WITHIN_S,
    AsDevice,
    Dhcp,
    Join,
    Observations,
    Scope,
    Wifi,
    band_of,
    ipv4_networks,
)
from netpreflight.probes.quoting import in_quotes

_YES_OR_NO: dict[Verdict, str] = {
    "compatible": "yes",
    "compatible-with-warnings": "yes",
    "incompatible": "no",
    "undetermined": "not settled",
}


def notes(view: DeviceView, selection: Selection, *, complete: bool) -> list[str]:
    """The notes on a run, in plain sentences."""
    seen, profile = view.seen, view.profile
    found = []
    if not complete:
        found.append("This run was cut short: the checks that it did not reach are unknown.")
    if selection.only is not None:
        found.append(f"Only {in_groups(selection.only)} counted; everything else was left out, as asked.")
    if left_out := [check_id for check_id in CHECKS if check_id in selection.skip]:
        found.append(f"Left out, as asked: {in_groups(left_out)}. The verdict does not cover that.")
    more_than_wifi = any(selection.includes(row.id) for row in CHECKS.values() if row.beyond_the_air)
    if (
        seen.wifi is not None
        and seen.wifi.bss
        and (note := _network_note(seen, seen.wifi, profile, more_than_wifi=more_than_wifi))
    ):
        found.append(note)
    if _proof_not_measured(seen, profile):
        found.append(
            "The version that made this run did not verify that the answer came from the device's real cloud (by its "
            "signing key, or by a different nonce on a second connection). The first answer was therefore taken as "
            "genuine."
        )
    return [*found, *_laptop_notes(seen.scope, seen.dhcp), *_vendor_notes(view)]


def on_log(beside: LogBeside | None) -> list[str]:
    """What the device's own log says, and what it says together with this run."""
    return [] if beside is None else [beside.answer.sentence, *(f"{told}." for told in beside.told)]


def _proof_not_measured(seen: Observations, profile: Profile) -> bool:
    """Whether the device's cloud answered, and the run did not verify the answer (a run of an earlier version)."""
    needs = profile.cloud
    return any(
        (endpoint.record and endpoint.flight is None) or (endpoint.nonce and len(endpoint.connections) == 1)
        for endpoint in (seen.cloud.endpoints if seen.cloud else [])
        if endpoint.host in needs.hosts.value
        and (endpoint.transport, endpoint.port) == (needs.transport.value, needs.port.value)
    )


def on_set_up(source: str | None) -> list[str]:
    """The note that packages were downloaded directly before the run; `source` as in `Run.set_up`."""
    if source is None:
        return []
    index = "PyPI and its file server" if source == "PyPI" else "the mirror of PyPI that NETPREFLIGHT_INDEX names"
    told = f"Directly before this run, ./netpreflight set up .venv: pip took the packages from {index}."
    return [f"{told} That is not among the hosts and packets listed here."]


def on_age(started: str, rules_of: str, profile: Profile) -> list[str]:
    """The note on rules or device facts that were more than 12 months old when the run started."""
    old = [
        ("the rules of this netpreflight", rules_of),
        (f"what it knows of {with_article(profile.title)}", profile.checked),
    ]
    told = [
        f"{what} ({day})"
        for what, day in old
        if day is not None and started[:1].isdecimal() and started[:10] > _a_year_after(day)
    ]
    if not told:
        return []
    told_of = f"Last checked more than 12 months before this run: {in_a_row(told)}."
    return [f"{told_of} A newer netpreflight, or a newer file of the device, may judge otherwise."]


def _a_year_after(day: str) -> str:
    """The same day of the next year; both as in ISO 8601, which sorts by time."""
    return f"{int(day[:4]) + 1}{day[4:]}"


def on_newer_version(title: str, asked: str, newest: str | None) -> str:
    """The note on a Device OS version that is newer than the newest known."""
    return (
        f"Device OS {asked} is newer than {newest}, the newest for {with_article(title)} that this version of "
        f"netpreflight knows: this is the answer for {newest}."
    )


def on_another_cloud(judged: Profile, asked: Profile) -> list[str]:
    """The note on a version whose cloud name the run did not ask for; `judged` has the name that it did ask for."""
    own, instead = asked.cloud.hosts.value, judged.cloud.hosts.value
    if own == instead:
        return []
    told = f"The run did not ask for {own[0]}, the cloud of Device OS {asked.os_version}"
    return [f"{told}: this assumes that it is reached like {instead[0]}."]


def on_the_answer(
    judgement: Judgement, profile: Profile, devices: list[DeviceVerdict], seen: Observations
) -> list[str]:
    """The notes on how far the answer holds: for which version and devices, and for which MAC address."""
    verdict = judgement.verdict
    has_connected = any(
        CHECKS[check.id].beyond_the_air and check.status in {"pass", "warn"} for check in judgement.checks
    )
    found = []
    if profile.asked_os is not None:
        found.append(on_newer_version(profile.title, profile.asked_os, profile.os_version))
    if profile.name == "generic":
        found.append(
            _note_without_device(profile, verdict, [device for device in devices if device.name != profile.name])
        )
    if seen.as_device is not UNSET:
        found += _on_being_the_device(seen, seen.as_device)
    elif seen.join is not UNSET and seen.join.way in AS_ITSELF:
        found += _on_joining_as_itself(seen.join)
    elif _YES_OR_NO[verdict] == "yes" and has_connected:
        found.append(
            "All this was measured from this laptop's own address, which a captive portal may already know. If a page "
            "ever asked to sign in on this network, the device will stop at it: have the device's MAC address "
            f"registered first ({mac_of(profile)}). A run with --as device shows whether it stops there."
        )
    return found


def _on_joining_as_itself(join: Join) -> list[str]:
    """The notes on a run in which the system joined as itself: what it holds for, and what was not restored."""
    note = (
        "This system joins as itself: everything but the passphrase was measured as this laptop. What depends on the "
        "device's MAC address can be measured on a Linux laptop (--as device)."
    )
    return [note, *([_not_restored(join.left)] if join.left else [])]


def _not_restored(left: list[str]) -> str:
    """The note on what of this laptop's earlier state was not seen to be restored after the run."""
    what = "; ".join(left[:4])
    return f"This laptop's earlier state was not seen to be restored within {RESTORED_WITHIN_S:.0f} s: {what}."


def _on_being_the_device(seen: Observations, about: AsDevice) -> list[str]:
    """The notes on a run that took the device's place: its MAC address, what differs on this laptop, what remains."""
    if about.not_run is not None:
        found = [f"This run could not be the device: {about.not_run}. Nothing beyond the air was measured."]
    else:
        made = {
            "made": "It was made for this network and this laptop, and is the same each time: register it where a "
            "network asks for that.",
            "prefix": "It begins as asked, and is the same each time: register it where a network asks for that.",
            "given": "It was given.",
        }[about.mac_from]
        found = [f"Measured as a device with the MAC address {about.mac}, from DHCP on. {made}"]
    if lost := list(dict.fromkeys(map(words_of, only_laptop(seen)))):
        found.append(_on_laptop_only(seen, in_a_row(lost)))
    if networks := _other_networks(seen, about):
        found.append(f"The device is in another network ({networks[0]}) than this laptop ({networks[1]}).")
    silent = [neighbour.address for neighbour in about.neighbours if not neighbour.answers_arp]
    if silent and len(silent) == len(about.neighbours):
        told = f"The device reaches no other host of its network ({in_a_row(silent)})"
        found.append(f"{told}: the network keeps devices apart.")
    if about.left:
        found.append(_not_restored(about.left))
    return [*found, *about.kept]


def _on_laptop_only(seen: Observations, services: str) -> str:
    """The note on what answers this laptop and not the device."""
    if networks := laptop_elsewhere(seen):
        own, joined = map(in_quotes, networks)
        return f"Answers this laptop on {own}, and not the device on {joined}: {services}."
    conclusion = " The network lets this laptop through, and not the device." if is_let_through(seen) else ""
    return f"Answers this laptop, and not the device: {services}.{conclusion}"


def _other_networks(seen: Observations, about: AsDevice) -> tuple[str, str] | None:
    """The networks of the device and of this laptop, if they are different ones."""
    device, laptop = ipv4_networks(seen.scope.addresses), ipv4_networks(about.laptop_addresses)
    return (str(device[0]), str(laptop[0])) if device and laptop and not set(device) & set(laptop) else None


def _note_without_device(profile: Profile, verdict: Verdict, devices: list[DeviceVerdict]) -> str:
    """The note for a run without --device: for which known devices its answer holds, and for which it does not."""
    by_answer: dict[str, list[str]] = {}
    for device in devices:
        by_answer.setdefault(_YES_OR_NO[device.verdict], []).append(device.title)
    same_answer = by_answer.pop(_YES_OR_NO[verdict], [])
    if verdict != "incompatible":
        by_answer.pop("no", None)  # the answer itself names them
    is_in_answer = not same_answer and not by_answer and devices
    holds = f"It holds for {in_a_row(same_answer) or 'none of the known devices'}."
    others = [f"{in_a_row(titles)} (the answer is {answer})" for answer, titles in by_answer.items()]
    more = [f"It does not hold for {' and for '.join(others)}."] if others else []
    answer_for = f"This is the answer for {with_article(profile.title)} (--device names another)."
    return " ".join([answer_for, *([] if is_in_answer else [holds]), *more])


def _network_note(seen: Observations, wifi: Wifi, profile: Profile, *, more_than_wifi: bool) -> str | None:
    """The note where the measurements by Wi-Fi survey and through the network may be of different networks."""
    scope, target, band = seen.scope, wifi.target, band_of(wifi.associated_frequency_mhz)
    if target is None:
        return "No network was chosen: each one in range is judged below; --ssid NAME picks one."
    if not more_than_wifi or (seen.as_device is not UNSET and seen.as_device.way != "cable"):
        return None
    judged = in_quotes(target)
    if laptop_ssid := network_of_laptop(seen):
        laptop_network = in_quotes(laptop_ssid)
        return (
            f"This laptop is on {laptop_network}, but the report judges {judged}, so what was measured on "
            f"{laptop_network} does not count. "
            f"Join {judged} with this laptop, and run netpreflight again."
        )
    if scope.medium == "wired":
        return (
            f"The Wi-Fi checks judge {judged}; everything from DHCP on was measured by cable "
            f"({scope.interface}), and counts only if both are the same network."
        )
    if wifi.source == "capture" and scope.medium == "wifi":
        return (
            f"The Wi-Fi checks were made from a capture; everything from DHCP on was measured through "
            f"{scope.interface}. "
            f"This run did not check whether {scope.interface} is on {judged}."
        )
    if scope.ssid == target and band is not None and band not in profile.radio.bands.value:
        return (
            f"This laptop uses {judged} on {band} GHz; the device will use it on "
            f"{' or '.join(profile.radio.bands.value)} GHz, through another radio of the access point."
        )
    return None


def _laptop_notes(scope: Scope, dhcp: Dhcp | None) -> list[str]:
    """Notes on what this laptop has and a device does not, or the other way round: a VPN, a proxy, no IPv4."""
    found = []
    if scope.privileges.kept:
        found.append(
            f"This run could not give up all of root's rights, because of the system or container that it runs in. It "
            f"kept: {', '.join(scope.privileges.kept)}. The results are the same."
        )
    found += filter(None, [on_vpn(scope)])
    if scope.is_tunnel:
        found.append(f"{scope.interface} is a tunnel: this is not what a device on the LAN sees.")
    found += filter(None, [on_proxy(scope)])
    mostly = prefers_ipv6(dhcp)
    if scope.interface and not scope.addresses and mostly:
        found.append(
            f"This laptop has given IPv4 up on {scope.interface}, because the network prefers IPv6 (DHCP option 108)"
            + (
                "; the network has IPv4 for the device, which needs it."
                if dhcp and dhcp.offers()
                else ". The device needs IPv4."
            )
        )
    elif scope.interface and not scope.addresses and scope.ipv6_addresses:
        found.append(f"{scope.interface} has IPv6 only; the device has no IPv6 on Wi-Fi and needs IPv4.")
    elif mostly:
        found.append(
            "The network prefers IPv6 (DHCP option 108): computers and phones may give IPv4 up here. The device does "
            "not ask for that option, and is given IPv4 like others."
        )
    return found


def _vendor_notes(view: DeviceView) -> list[str]:
    """What the vendor says about its services, if the device's cloud does not answer."""
    told = is_it_the_cloud(view)
    if told is None:
        return []
    if told.says is None:
        return [f"{IS_IT_THE_CLOUD} Not known. {told.how}"]
    return [f"{IS_IT_THE_CLOUD} {told.says} The verdict does not depend on that."]
