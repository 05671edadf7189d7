"""What the ways of being the device by Wi-Fi have in common: what stands in the way, and what is not yet as before."""

from netpreflight.probes.join.interface import Device, Refusal
from netpreflight.probes.observations import Scope
from netpreflight.systems import SYSTEM


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
