"""What the ways of being the device by Wi-Fi have in common: what stands in the way, and what is not yet as before."""

from netpreflight.probes.join.interface import Device, Refusal
from netpreflight.probes.observations import Join, JoinWay, Scope, Wifi
from netpreflight.probes.quoting import in_quotes
from netpreflight.systems import SYSTEM

RENEWED = (
    "NetworkManager has joined this laptop's network anew: the file of its lease and the time of its last use are new."
)

_WITHOUT_PASSPHRASE = {"open", "owe"}
_TRY_ONE = "Try one device here, with a name and password or a certificate of its own."


def obstacle(device: Device) -> Refusal | None:
    """What stands in the way of any join; None: nothing."""
    scope = device.scope
    if scope.medium != "wifi":
        return Refusal(f"{scope.interface} is no radio", "Name one: --interface IF.")
    if not device.ssid:
        return Refusal("no network is named", "Name one: --ssid NAME.")
    session = SYSTEM.remote_session()
    own = [address.partition("/")[0] for address in [*scope.addresses, *scope.ipv6_addresses]]
    if session is not None and (not session or session in own):
        return Refusal(
            "you are logged in over SSH through this radio, and would lose the connection",
            "Log in by cable, or sit at the laptop.",
        )
    return None


def refused_login(way: JoinWay, device: Device, survey: Wifi | None) -> Join | None:
    """What is said instead of a join for which the run lacks what the network asks for; None: it lacks nothing.

    That is a login by 802.1X, or a passphrase where none was given; not where the network also offers another way in.

    Args:
        way: that of the run.
        device: the device to be.
        survey: what was heard on the air; None: nothing.
    """
    offered = {
        family
        for bss in (survey.bss if survey else ())
        if bss.ssid == device.ssid and bss.frequency_mhz in device.radio.frequencies_mhz
        for family in bss.security or ()
    }
    name = in_quotes(device.ssid or "")
    if offered and all(family.endswith("-eap") for family in offered):
        by_login = (
            "logs in each station by 802.1X (WPA Enterprise), and a run has no name, password or certificate for that"
        )
        not_run, unlocked_by = f"{name} {by_login}", _TRY_ONE
    elif offered and device.passphrase is None and not offered & _WITHOUT_PASSPHRASE:
        not_run, unlocked_by = f"{name} needs a passphrase, and none was given", "Give the network's passphrase."
    else:
        return None
    return Join(way=way, ssid=device.ssid, abilities=device.radio, not_run=not_run, unlocked_by=unlocked_by)


def not_back(scope: Scope) -> list[str]:
    """What of the laptop's Wi-Fi is not as `scope` has it, in words; empty: all is."""
    name = scope.interface or ""
    now = next((adapter for adapter in SYSTEM.adapters() if adapter.name == name), None)
    if now is None:
        return [f"the interface {name} is not back"]
    found = []
    if now.mac != scope.mac:
        found.append(f"{name} has another MAC address ({now.mac})")
    if missing := [address for address in scope.addresses if address not in now.addresses]:
        found.append(f"{name} has not its address {', '.join(missing)}")
    if scope.gateway is not None and now.gateway != scope.gateway:
        found.append(f"the default route by {scope.gateway} is missing")
    return found
