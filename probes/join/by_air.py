"""What the ways of being the device by Wi-Fi have in common.

These functions tell why a join is not possible, which BSSs the device could join, and what of the laptop's Wi-Fi is not
yet restored.
"""

import math

from netpreflight.probes.join.interface import Device, Refusal
from netpreflight.probes.join.supplicant import OF_WPA
from netpreflight.probes.observations import Bss, Join, JoinWay, Scope, Suites, Wifi
from netpreflight.probes.quoting import in_quotes
from netpreflight.systems import SYSTEM
from netpreflight.systems.interface import System

_RENEWED = (
    "NetworkManager has rejoined this laptop's network: it has rewritten its lease file and the time of last use."
)

_WITHOUT_PASSPHRASE = {"open", "owe"}
_TRY_ONE_DEVICE = "Try one device here, with a name and password or a certificate of its own."


def obstacle(device: Device) -> Refusal | None:
    """Why no join by Wi-Fi is possible here; None: nothing prevents it."""
    scope = device.scope
    if scope.medium != "wifi":
        return Refusal(f"{scope.interface} is no radio", "Name one: --interface IF.")
    if not device.ssid:
        return Refusal("no network is named", "Name one: --ssid NAME.")
    return remote_login(scope, SYSTEM)


def remote_login(scope: Scope, system: System) -> Refusal | None:
    """Why no join is possible if the user is logged in from elsewhere: it would cut that connection; None: not so."""
    address = system.remote_session()
    if address is None:
        return None
    host, _, zone = address.partition("%")  # a link-local IPv6 address has the name of its interface (RFC 4007, 11)
    if zone == scope.interface or host in [own.partition("/")[0] for own in [*scope.addresses, *scope.ipv6_addresses]]:
        return Refusal(
            "you are logged in over SSH through this radio, and would lose the connection",
            "Log in by cable, or run netpreflight at the laptop itself.",
        )
    if address and not zone.isdecimal():  # Windows has a number in place of the name
        return None
    return Refusal(
        "you are logged in over SSH or Remote Desktop, perhaps through this radio, and might lose the connection",
        "Run netpreflight at the laptop itself.",
    )


def says_off_air(interface: str) -> str:
    """What the user is told about the laptop's own Wi-Fi before the join begins."""
    return f"This laptop is off its Wi-Fi ({interface}) for the run, and for up to half a minute after it."


def missing_credentials(way: JoinWay, device: Device, survey: Wifi | None) -> Join | None:
    """The result of a join that is not tried because the run lacks the network's credentials; None: none are lacking.

    Lacking are: a login by 802.1X, or a passphrase, if the network needs one and none was given. Nothing is lacking if
    the network also offers security that needs neither.

    Args:
        way: the run's way of being the device.
        device: the device to be.
        survey: what was heard on the air; None: nothing.
    """
    offered = {family for bss in surveyed(survey, device) for family in bss.security or ()}
    name = in_quotes(device.ssid or "")
    if offered and all(family.endswith("-eap") for family in offered):
        by_login = (
            "logs in each station by 802.1X (WPA Enterprise), and a run has no name, password or certificate for that"
        )
        not_run, unlocked_by = f"{name} {by_login}", _TRY_ONE_DEVICE
    elif offered and device.passphrase is None and not offered & _WITHOUT_PASSPHRASE:
        not_run, unlocked_by = f"{name} needs a passphrase, and none was given", "Give the network's passphrase."
    else:
        return None
    return Join(way=way, ssid=device.ssid, abilities=device.radio, not_run=not_run, unlocked_by=unlocked_by)


def surveyed(survey: Wifi | None, device: Device) -> list[Bss]:
    """The BSSs of the device's network that the survey heard on the device's frequencies."""
    return [
        bss
        for bss in (survey.bss if survey else ())
        if bss.ssid == device.ssid and bss.frequency_mhz in device.radio.frequencies_mhz
    ]


def to_join(survey: Wifi | None, device: Device) -> list[str]:
    """The BSSIDs that the device could join, the strongest first; empty: none is known."""
    ours = [
        (bss.signal_dbm if bss.signal_dbm is not None else -math.inf, bss.bssid)
        for bss in surveyed(survey, device)
        if bss.bssid and fits(bss, device)
    ]
    return [bssid for _, bssid in sorted(ours, reverse=True)]


def fits(bss: Bss, device: Device) -> bool:
    """Whether a BSS offers security with which the run's station can join; unknown security counts as fitting.

    With a passphrase, that security is the AKM PSK of the RSN or the WPA element: the station needs the AKM, a pairwise
    cipher and the group cipher from the same element. A BSS that requires protected management frames refuses every
    station that does not support them, whichever element is used (IEEE 802.11-2020, 12.6.3).
    """
    can, offered = device.radio, bss.security
    if offered is None:
        return True
    if device.passphrase is None:
        return "open" in offered
    if not can.pmf and (bss.pmf == "required" or (bss.rsn is not None and bss.rsn.pmf_required)):
        return False
    return any(
        family in offered
        and family in can.security
        and (element is None or _has_psk(element, OF_WPA.intersection(can.ciphers)))
        for family, element in (("wpa2-psk", bss.rsn), ("wpa-psk", bss.wpa))
    )


def _has_psk(element: Suites, ciphers: frozenset[str]) -> bool:
    """Whether a station with these ciphers can join by the AKM PSK of an RSN or WPA element."""
    group = element.group_cipher
    # GROUP is "use group cipher suite" (IEEE 802.11-2020, table 9-149).
    pairwise = {group if cipher == "GROUP" else cipher for cipher in element.pairwise_ciphers}
    return (
        (not element.akms or "PSK" in element.akms)
        and (not pairwise or not pairwise.isdisjoint(ciphers))
        and (group is None or group in {"GTK-NOT-USED", *ciphers})
    )


def renewed(scope: Scope) -> list[str]:
    """What NetworkManager has rewritten after it took this laptop back to its network, in sentences for the user.

    Empty if the laptop had no address before the run (`scope`), so that there was no network to go back to.
    """
    return [_RENEWED] if scope.addresses else []


def not_back(scope: Scope) -> list[str]:
    """What of the laptop's Wi-Fi is not yet as it was in `scope`, in words; empty: everything is restored."""
    name = scope.interface or ""
    now = next((adapter for adapter in SYSTEM.adapters() if adapter.name == name), None)
    if now is None:
        return [f"the interface {name} is not back"]
    found = []
    if now.mac != scope.mac:
        found.append(f"{name} has another MAC address ({now.mac})")
    if missing := [address for address in scope.addresses if address not in now.addresses]:
        found.append(f"{name} has lost its address {', '.join(missing)}")
    if scope.gateway is not None and now.gateway != scope.gateway:
        found.append(f"the default route by {scope.gateway} is missing")
    return found
