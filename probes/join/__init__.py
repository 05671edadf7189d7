"""Being the device on its network: a way a file, behind one interface (`interface.py`).

`cable`: a second interface on the laptop's port, with the device's MAC address, in a network namespace of the run.
`radio`: the laptop's radio in such a namespace, with a station of the run's own; `supplicant` joins by it, and `words`
reads what that says. `networkmanager`: a connection that NetworkManager makes, over D-Bus (`manager_bus`); `heard` has
what the radio's driver tells of it, and `way_home` whether NetworkManager brings the laptop back. `denied`: none of
them, because the system lets only another user do it.
"""

import asyncio

from netpreflight.probes.join.cable import Cable
from netpreflight.probes.join.interface import Device, Way
from netpreflight.probes.join.radio import Radio
from netpreflight.systems import SYSTEM

_MANAGER = "NetworkManager"


def way_for(device: Device) -> Way:
    """The way in which this laptop can be a device on the network of its interface."""
    if device.scope.medium == "wifi":
        return _by_wifi(device)
    return Cable(device, asyncio.run(SYSTEM.port_authentication(device.scope.interface or "")))


def _by_wifi(device: Device) -> Way:
    """Root lends the radio, and holds the station to the device's limits; for anybody else NetworkManager joins."""
    if SYSTEM.is_privileged() or "networkmanager" not in SYSTEM.joiners:
        return Radio(device)
    if SYSTEM.radio_manager(device.scope.interface or "") != _MANAGER:
        return Radio(device)
    from netpreflight.probes.join.networkmanager import NetworkManager  # noqa: PLC0415 - jeepney, for few runs

    return NetworkManager(device)
