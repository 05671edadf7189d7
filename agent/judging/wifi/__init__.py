"""Judging Wi-Fi: the eight `wifi.*` checks, for one network and the radio of one device.

The checks are here. The other files hold their parts: `ess` (the network), `ranking` (which of its BSSs is judged),
`presence` (bands), `coverage` (what was listened to), `channels` (channel, width, crowding), `security`, `mode`
(802.11a/b/g/n), `ssid` (names), `strength` (signal), `bss` (how one BSS is described), `air` (all BSSs, counted), and
`survey` (the survey that all checks share).
"""

import msgspec

from netpreflight.agent.judging.device_view import DeviceView
from netpreflight.agent.judging.wifi.channels import advice, crowd, crowd_remedy, crowding, judge_channel, judge_width
from netpreflight.agent.judging.wifi.ess import judge_best, network_of, nothing_to_judge, see_band
from netpreflight.agent.judging.wifi.mode import judge_mode
from netpreflight.agent.judging.wifi.presence import judge_band, judge_shared
from netpreflight.agent.judging.wifi.security import judge_security
from netpreflight.agent.judging.wifi.ssid import judge_hidden, judge_name
from netpreflight.agent.judging.wifi.strength import judge_signal
from netpreflight.agent.results import Finding

__all__ = ["band", "channel", "channel_width", "mode", "security", "shared_ssid", "signal", "ssid"]


def band(view: DeviceView) -> Finding:
    """Whether the network is on the air in a band that the device has."""
    network = network_of(view)
    return network if isinstance(network, Finding) else judge_band(network)


def shared_ssid(view: DeviceView) -> Finding:
    """Whether the name is used on another band too, and how much of a risk that is."""
    network = network_of(view)
    if isinstance(network, Finding):
        return network
    return judge_shared(network) if network.has_a_name else nothing_to_judge(view.seen.wifi)


def channel_width(view: DeviceView) -> Finding:
    """Whether the BSS operates at 20 MHz, if it is on 2.4 GHz."""
    return judge_best(network_of(view), judge_width)


def channel(view: DeviceView) -> Finding:
    """Whether the primary channel is in the device's plan; on 2.4 GHz also how crowded 1, 6 and 11 are."""
    network = network_of(view)
    finding = judge_best(network, judge_channel)
    if isinstance(network, Finding) or network.best is None or network.best.band != "2.4":
        return finding
    evidence = [*finding.evidence, *crowding(network.wifi), advice(network.wifi)]
    return msgspec.structs.replace(finding, evidence=evidence)


def security(view: DeviceView) -> Finding:
    """Whether the device supports the AKM, the ciphers and the PMF setting of the BSS."""
    return judge_best(network_of(view), judge_security)


def mode(view: DeviceView) -> Finding:
    """Whether the BSS admits the device's PHY."""
    return judge_best(network_of(view), judge_mode)


def ssid(view: DeviceView) -> Finding:
    """Whether the device can join a network of this name, hidden or not."""
    network = network_of(view)
    if isinstance(network, Finding):
        return network
    if not network.has_a_name:
        return nothing_to_judge(view.seen.wifi)
    heard = network.wifi.heard
    if not heard:
        return see_band(network)
    hidden = judge_hidden(network.best or heard[0], network.wifi, view.profile)
    return judge_name(hidden, network.wifi, view.profile)


def signal(view: DeviceView) -> Finding:
    """Whether the best BSS for this device is strong enough, and its channel not crowded."""
    network = network_of(view)
    finding = judge_best(network, judge_signal)
    if isinstance(network, Finding) or network.best is None:
        return finding
    best, wifi = network.best, network.wifi
    if len(network.usable) > 1:
        several = f"{finding.summary} ({len(network.usable)} access points)"
        finding = msgspec.structs.replace(finding, summary=several)
    evidence = [*finding.evidence, *(crowding(wifi) if best.band == "2.4" else [])]
    full = crowd(best, wifi)
    if finding.status != "pass" or full is None:
        return msgspec.structs.replace(finding, evidence=evidence)
    return Finding(
        status="warn",
        summary=f"{finding.summary}, and its channel is crowded: {full}",
        problem="crowded",
        reason="A device shares the air with everything that overlaps its channel.",
        remedy=crowd_remedy(best, wifi),
        owner="network administrator",
        evidence=evidence,
    )
