"""A device's own log beside a run: whether both are about the same network, and what they say together.

All checks keep their status: what the device saw is shown beside them. If it is not known whether log and run are about
the same network, both are shown, and nothing is concluded from one for the other.
"""

import ipaddress

from netpreflight.agent.judging.device_log import TITLES, answered, shown_stages
from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.results import Check, LogAnswer, LogBeside
from netpreflight.probes.observations import CUT, DeviceLog, Observations, ipv4_networks
from netpreflight.probes.quoting import in_quotes

_JOINS = ("joining", "heard-joining", "wifi-link")
"""Kinds of log lines with the name of a network that the device joins; see `own_networks`."""
_CANNOT_TELL = "both are shown, and nothing is concluded from one for the other"


def log_beside(view: DeviceView, checks: list[Check]) -> LogBeside | None:
    """What the log in a run says, and what both say together; None: the run has no log."""
    log = view.seen.log
    if log is None:
        return None
    answer = answered(log, "the device's log")
    same, why = (None, "") if answer.result == "foreign" else _same_network(log, view.seen)
    told = [why] if why and log.records else []
    if same:
        shown = shown_stages(log)
        if answer.result == "online" and shown and shown["ip"].state == "not-shown":
            told.append(
                "The device was online over an interface other than Wi-Fi, which says nothing about this network"
            )
        else:
            told += _together(answer, checks)
    return LogBeside(answer=answer, same_network=same, told=told)


def _same_network(log: DeviceLog, seen: Observations) -> tuple[bool | None, str]:
    """Whether the log is about the network of the run (None: not known), and why not, as a sentence without full stop.

    It is judged by the network's name, access points, gateway and subnet.
    """
    names = own_networks(log)
    wifi = seen.wifi
    target = (wifi.target if wifi else None) or seen.scope.ssid
    is_cut = target is not None and target not in names and any(_may_be(name, target) for name in names)
    if names and target and target not in names and not is_cut:
        name = in_quotes(min(names))
        return False, f"The device's log is of another network, {name}: what it shows says nothing of this one"
    gateways = {record.address for record in log.records if record.kind == "own-gateway" and record.address}
    gateways.discard("0.0.0.0")  # noqa: S104 - what a device prints where it knows none
    if gateways and seen.scope.gateway and seen.scope.gateway not in gateways:
        return False, "The device's log names another gateway: what it shows says nothing of this network"
    if _other_subnet(log, seen):
        return False, "The device's log has an address of another subnet: what it shows says nothing of this network"
    if not names or not target:
        why = "it names no network, or this run does not"
    elif is_cut:
        why = "the name reads like a secret, so a part of it was cut from the log"
    elif len(names) > 1:
        why = "it names several networks"
    elif _other_access_points(log, seen, target):
        why = "the name is the same, and the device hears none of the access points that this run hears"
    else:
        return True, ""
    return None, f"Whether the device's log is of this network cannot be told: {why}; {_CANNOT_TELL}"


def _may_be(name: str, network: str) -> bool:
    """Whether a name from the log, of which a part was cut out, may be the name of this network."""
    begin, cut, _ = name.partition(CUT)
    return bool(cut) and network.startswith(begin)


def own_networks(log: DeviceLog) -> set[str]:
    """The names of the networks that the device joins by its log; if it joins none, of those that it has stored."""
    return _names(log, *_JOINS) or _names(log, "known")


def _names(log: DeviceLog, *kinds: str) -> set[str]:
    return {record.name for record in log.records if record.name and record.kind in kinds}


def _other_access_points(log: DeviceLog, seen: Observations, name: str) -> bool:
    """Whether the device and this laptop both hear access points with this name, but none in common."""
    device_bssids = {record.bssid for record in log.records if record.name == name and record.bssid}
    laptop_bssids = {bss.bssid for bss in seen.wifi.bss if bss.ssid == name and bss.bssid} if seen.wifi else set()
    return bool(device_bssids) and bool(laptop_bssids) and device_bssids.isdisjoint(laptop_bssids)


def _other_subnet(log: DeviceLog, seen: Observations) -> bool:
    """Whether the device's last address in the log is in another subnet than this laptop."""
    own = [record.address for record in log.records if record.kind == "own-address" and record.address]
    here = ipv4_networks(seen.scope.addresses)
    if not own or not here or own[-1] == "0.0.0.0":  # noqa: S104 - as above
        return False
    try:
        address = ipaddress.IPv4Address(own[-1])
    except ValueError:
        return False
    return not any(address in network for network in here)


def _together(answer: LogAnswer, checks: list[Check]) -> list[str]:
    """What a log and a run of the same network say together."""
    required = [check for check in checks if check.level == "required"]
    failing = [check.id for check in required if check.status == "fail"]
    if answer.result == "online":
        if failing:
            why = "something has changed since, or the network treats this laptop and the device differently"
            return [f"The device was online by its log, and {failing[0]} fails here: {why}"]
        return ["The device was online by its log, which agrees with what this laptop sees"]
    if answer.result not in {"stops", "lost"} or answer.stage is None:
        return []
    title = TITLES[answer.stage]
    same_check = next((check for check in checks if check.id == answer.check), None)
    if same_check is None:
        return [f"The device's log stops at {title}; no check of this run covers that"] if failing else []
    if same_check.status == "pass":
        look = (
            "look at what treats devices differently, such as a filter by MAC address, another VLAN, or a rule for each"
        )
        return [f"This laptop passes {same_check.id}, and the device stops there by its log: {look}"]
    if same_check.status == "fail":
        return [f"The device stops at {title} by its log, where {same_check.id} fails here, too: both agree"]
    return [f"The device stops at {title} by its log; {same_check.id} is not settled here"]
