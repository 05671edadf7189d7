"""Being the device on its network: a way a file, behind one interface (`interface.py`).

`cable`: a second interface on the laptop's port, with the device's MAC address, in a network namespace of the run.
"""

import asyncio

from netpreflight.probes.join.cable import Cable
from netpreflight.probes.join.interface import Device, Way
from netpreflight.systems import SYSTEM


def way_for(device: Device) -> Way | None:
    """The way in which this laptop can be a device on the network of its interface; None: there is none for it."""
    if device.scope.medium == "wifi":
        return None
    return Cable(device, asyncio.run(SYSTEM.port_authentication(device.scope.interface or "")))
