"""What a reader has to know before the checks: what was left out, and where this laptop is not like a device."""

from netpreflight.agent.judging import CHECKS
from netpreflight.agent.judging.unseen import network_of_laptop
from netpreflight.agent.profiles import Profile
from netpreflight.agent.selection import Selection, in_groups
from netpreflight.probes.observations import Observations, Scope, Wifi, band_of
from netpreflight.probes.quoting import in_quotes


def notes(seen: Observations, selection: Selection, profile: Profile, *, complete: bool) -> list[str]:
    """The notes on a run, in plain sentences."""
    found = []
    if not complete:
        found.append("This run was cut short: what it had not come to is unknown.")
    if selection.only is not None:
        found.append(f"Only {in_groups(selection.only)} counted; everything else was left out, as asked.")
    if left_out := [check_id for check_id in CHECKS if check_id in selection.skip]:
        found.append(f"Left out, as asked: {in_groups(left_out)}. The verdict says nothing about that.")
    beyond = any(selection.includes(row.id) for row in CHECKS.values() if row.beyond_the_air)
    if seen.wifi is not None and seen.wifi.bss and (note := _on_the_air(seen, seen.wifi, profile, beyond=beyond)):
        found.append(note)
    return found + _on_the_laptop(seen.scope)


def _on_the_air(seen: Observations, wifi: Wifi, profile: Profile, *, beyond: bool) -> str | None:
    """How what the laptop measured `beyond` the air relates to the network that is judged."""
    scope, target, band = seen.scope, wifi.target, band_of(wifi.associated_frequency_mhz)
    if target is None:
        return "No network was chosen: each one in range is judged below; --ssid NAME picks one."
    if not beyond:
        return None
    judged = in_quotes(target)
    if here := network_of_laptop(seen):
        other = in_quotes(here)
        return (
            f"This laptop is on {other}, and {judged} is judged: what was measured on {other} does not count. "
            f"Join {judged} with this laptop, and run netpreflight again."
        )
    if scope.medium == "wired":
        return (
            f"{judged} is judged by what is on the air; everything from DHCP on was measured by cable "
            f"({scope.interface}), and holds only if both lead into the same network."
        )
    if wifi.source == "capture" and scope.medium == "wifi":
        return (
            f"The air was read from a capture; everything from DHCP on was measured by {scope.interface}, and whether "
            f"that is on {judged} was not looked at."
        )
    if scope.ssid == target and band is not None and band not in profile.radio.bands.value:
        return (
            f"This laptop is on {judged} by {band} GHz; the device will be on "
            f"{' or '.join(profile.radio.bands.value)} GHz, with another radio of the access point."
        )
    return None


def _on_the_laptop(scope: Scope) -> list[str]:
    """What this laptop has that a device does not."""
    found = []
    if scope.vpn and scope.gateway is None:
        found.append(
            f"A VPN ({scope.vpn}) has taken the default route from {scope.interface}: beyond the LAN nothing could be "
            "measured. Disconnect the VPN, and run netpreflight again."
        )
    elif scope.vpn:
        found.append(f"A VPN ({scope.vpn}) carries this laptop's traffic; {scope.interface} was measured, without it.")
    elif scope.tunnels and scope.interface not in scope.tunnels:
        found.append(f"A tunnel is up ({', '.join(scope.tunnels)}); {scope.interface} was measured, without it.")
    if scope.is_tunnel:
        found.append(f"{scope.interface} is a tunnel: this is not what a device on the LAN sees.")
    if scope.proxy:
        proxies = ", ".join(f"{proxy.variable}={proxy.value}" for proxy in scope.proxy)
        found.append(
            f"This laptop uses a proxy ({proxies}); nothing was sent through it, and a device could not use it."
        )
    if scope.interface and not scope.addresses and scope.ipv6_addresses:
        found.append(f"{scope.interface} has IPv6 only; the device has no IPv6 on Wi-Fi and needs IPv4.")
    return found
