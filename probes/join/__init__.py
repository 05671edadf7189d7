"""Being the device on its network: a way a file, behind one interface (`interface.py`).

`cable`: a second interface on the laptop's port, with the device's MAC address, in a network namespace of the run.
`radio`: the laptop's radio in such a namespace, with a station of the run's own; `supplicant` joins by it, and `words`
reads what that says.
"""

import asyncio

from netpreflight.probes.join.cable import Cable
from netpreflight.probes.join.interface import Device, Way
from netpreflight.probes.join.radio import Radio
from netpreflight.systems import SYSTEM


def way_for(device: Device) -> Way:
    """The way in which this laptop can be a device on the network of its interface."""
    if device.scope.medium == "wifi":
        return Radio(device)
    return Cable(device, asyncio.run(SYSTEM.port_authentication(device.scope.interface or "")))
