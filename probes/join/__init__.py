"""The ways of being the device on its network, one in each file, behind one interface (`interface.py`).

`cable`: a second interface on the laptop's port, with the device's MAC address, in a network namespace of the run.
`radio`: the laptop's radio in such a namespace, with a station of the run's own. `supplicant` joins with that station,
and `words` reads the output of wpa_supplicant. `networkmanager`: a connection that NetworkManager makes, over D-Bus
(`manager_bus`). `heard` has what the radio's driver reports about that connection, and `way_home` tells whether
NetworkManager brings the laptop back. `as_itself`: the laptop joins with its own system (Windows, macOS). `denied`:
nothing is measured as the device, because this user may not.
"""

import asyncio

from netpreflight.probes.join.cable import Cable
from netpreflight.probes.join.interface import Device, Way
from netpreflight.probes.join.radio import Radio
from netpreflight.systems import SYSTEM

_MANAGER = "NetworkManager"


def way_for(device: Device) -> Way:
    """Choose how this laptop can be the device on the network of its interface: by cable, or by Wi-Fi."""
    if device.scope.medium == "wifi":
        return _by_wifi(device)
    return Cable(device, asyncio.run(SYSTEM.port_authentication(device.scope.interface or "")))


def _by_wifi(device: Device) -> Way:
    """Choose the way by Wi-Fi: `NetworkManager` for an ordinary user whose radio it manages, else `Radio`.

    `Radio` needs root; its station keeps to the limits of the device's radio.
    """
    if SYSTEM.is_privileged() or "networkmanager" not in SYSTEM.joiners:
        return Radio(device)
    if SYSTEM.radio_manager(device.scope.interface or "") != _MANAGER:
        return Radio(device)
    from netpreflight.probes.join.networkmanager import NetworkManager  # noqa: PLC0415 - jeepney, for few runs

    return NetworkManager(device)
